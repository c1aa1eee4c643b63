"""Funding of perpetual futures. All bodies are our own, in the formats that the venues document."""

from __future__ import annotations

import pytest
from venue_pages import NIGHT, NotingClient, at, check_anything, check_broken_bodies, ms, page, source_of, split

from ingest.source import Window
from ingest.sources.crypto_funding import SOURCES
from ingest.venues import list_symbols
from kb.errors import Unreadable
from kb.records import Funding

BINANCE, BYBIT, OKX, GATE, BITGET, BITMEX = (
    source_of(SOURCES, f"crypto-funding-{v}") for v in ("binance", "bybit", "okx", "gate", "bitget", "bitmex")
)
PAGES = (
    (BINANCE, "BTCUSDT/0"), (BYBIT, "BTCUSDT/0"), (OKX, "BTC-USDT-SWAP/0"), (GATE, "BTC_USDT/0"), (BITGET, "BTCUSDT/0"),
    (BITMEX, "XBTUSD/0"),
)  # fmt: skip
EIGHT = 1769760000  # 2026-01-30 08:00 UTC


def bybit(*rows):
    """Bybit's answer with these rows."""
    return {
        "retCode": 0,
        "retMsg": "OK",
        "result": {"category": "linear", "list": list(rows)},
        "retExtInfo": {},
        "time": 1,
    }


def okx(*rows):
    """OKX's answer with these rows."""
    return {"code": "0", "msg": "", "data": list(rows)}


EXAMPLES = [
    (BINANCE, "ETHUSDT/0", [{"symbol": "ETHUSDT", "fundingRate": "-0.00012500", "fundingTime": EIGHT * 1000 + 7,
                             "markPrice": "2700.1"}], ("ETH", "Binance", -0.000125)),
    (BYBIT, "BTCUSDT/0", bybit({"symbol": "BTCUSDT", "fundingRate": "0.0001", "fundingRateTimestamp": str(EIGHT * 1000)}),
     ("BTC", "Bybit", 0.0001)),
    (OKX, "SOL-USDT-SWAP/0", okx({"instType": "SWAP", "instId": "SOL-USDT-SWAP", "formulaType": "withRate", "method":
     "current_period", "fundingRate": "0.0003", "realizedRate": "0.00025", "fundingTime": str(EIGHT * 1000)}),
     ("SOL", "OKX", 0.00025)),
    (GATE, "BTC_USDT/0", [{"t": EIGHT + 1, "r": "0.000057"}], ("BTC", "Gate", 0.000057)),
    (BITGET, "XRPUSDT/0", {"code": "00000", "msg": "success", "requestTime": 1, "data": [{"symbol": "XRPUSDT",
     "fundingRate": "-0.0005", "fundingTime": str(EIGHT * 1000)}]}, ("XRP", "Bitget", -0.0005)),
    (BITMEX, "XBTUSD/0", [{"timestamp": "2026-01-30T08:00:00.000Z", "symbol": "XBTUSD", "fundingInterval":
     "2000-01-01T08:00:00.000Z", "fundingRate": -0.00164, "fundingRateDaily": -0.00492}], ("BTC", "BitMEX", -0.00164)),
]  # fmt: skip


@pytest.mark.parametrize(("source", "name", "body", "expected"), EXAMPLES, ids=[e[3][1] for e in EXAMPLES])
def test_each_venue_gives_the_rate_of_its_settlement(source, name, body, expected):
    """The asset, the full hour (whatever seconds the venue stamps), and the fraction that longs paid."""
    asset, venue, rate = expected
    records, skipped = split(source.parse(page(name, body)))
    assert skipped == []
    assert records == [Funding(asset, at("2026-01-30 08:00"), venue, venue, rate)]


def test_a_stamp_a_moment_before_the_hour_is_that_hour_too():
    """Half a minute to either side is the settlement itself; at midnight it would change the session."""
    rows = [{"t": EIGHT - 1, "r": "0.1"}, {"t": EIGHT + 29, "r": "0.2"}, {"t": EIGHT + 3600, "r": "0.3"}]
    found = [f.at for f in split(GATE.parse(page("BTC_USDT/0", rows)))[0]]
    assert found == [at("2026-01-30 08:00"), at("2026-01-30 08:00"), at("2026-01-30 09:00")]


def test_okx_falls_back_on_the_foreseen_rate_where_the_paid_one_is_empty():
    """An empty realizedRate is no zero."""
    row = {"instId": "BTC-USDT-SWAP", "fundingRate": "0.0003", "realizedRate": "", "fundingTime": str(EIGHT * 1000)}
    assert split(OKX.parse(page("BTC-USDT-SWAP/0", okx(row))))[0][0].rate == 0.0003


def test_one_bad_row_does_not_spoil_the_others():
    """Another contract, a rate that is none, one above the position, one of the future, no stamp, no object."""
    good = {"symbol": "BTCUSDT", "fundingRate": "0.0001", "fundingTime": EIGHT * 1000}
    rows = [
        {**good, "symbol": "BTCUSDC"}, {**good, "fundingRate": ""}, {**good, "fundingRate": "1.5"},
        {**good, "fundingTime": ms("2026-01-31 08:00")}, {k: good[k] for k in ("symbol", "fundingRate")}, "BTCUSDT",
        {**good, "fundingTime": "soon"}, {**good, "fundingRate": "NaN"}, good,
    ]  # fmt: skip
    records, skipped = split(BINANCE.parse(page("BTCUSDT/0", rows)))
    assert [r.rate for r in records] == [0.0001]
    assert skipped == [
        "another contract than BTCUSDT", "fundingRate is not a number", "fundingRate is no fraction of the position",
        "not paid yet", "no field fundingTime", "no field symbol", "fundingTime is not a number",
        "fundingRate is not finite",
    ]  # fmt: skip


def test_a_stamp_of_bitmex_without_a_zone_is_set_aside():
    """An hour of nobody's zone is no instant."""
    rows = [{"symbol": "XBTUSD", "timestamp": t, "fundingRate": 0.1} for t in ("2026-01-30T08:00:00", "yesterday", 5)]
    records, skipped = split(BITMEX.parse(page("XBTUSD/0", rows)))
    assert records == []
    assert skipped == ["timestamp is no instant with a zone"] * 3


@pytest.mark.parametrize(
    ("source", "name", "body", "words"),
    [
        (
            BINANCE,
            "BTCUSDT/0",
            {"code": -1130, "msg": "Data sent for parameter 'startTime' is not valid."},
            "startTime",
        ),
        (
            BYBIT,
            "BTCUSDT/0",
            {"retCode": 10001, "retMsg": "params error: symbol invalid", "result": {}},
            "symbol invalid",
        ),
        (OKX, "BTC-USDT-SWAP/0", {"code": "51001", "msg": "Instrument ID doesn't exist.", "data": []}, "Instrument ID"),
        (GATE, "BTC_USDT/0", {"label": "INVALID_PARAM_VALUE", "message": "limit"}, "INVALID_PARAM_VALUE"),
        (BITGET, "BTCUSDT/0", {"code": "40034", "msg": "Parameter does not exist", "data": None}, "does not exist"),
        (BITMEX, "XBTUSD/0", {"error": {"message": "Rate limit exceeded", "name": "RateLimitError"}}, "Rate limit"),
        (BYBIT, "BTCUSDT/0", {"retCode": 0, "retMsg": "OK", "result": {}}, "no list at result.list"),
        (GATE, "DOGE_USDT/0", [], "not in venues.toml"),
    ],
)
def test_a_complaint_of_the_venue_is_told_in_its_words(source, name, body, words):
    """An error in JSON is Unreadable and repeats what the venue said."""
    with pytest.raises(Unreadable, match=words):
        list(source.parse(page(name, body)))


@pytest.mark.parametrize(("source", "name"), PAGES)
def test_what_is_no_answer_is_unreadable(source, name):
    """Empty, HTML, truncated and other JSON."""
    check_broken_bodies(source, name)


@pytest.mark.parametrize(("source", "name"), PAGES)
def test_no_bytes_break_the_parser(source, name):
    """Whatever comes, records or Unreadable."""
    check_anything(source, name)


@pytest.mark.parametrize(
    ("source", "url", "params"),
    [
        (BINANCE, "https://fapi.binance.com/fapi/v1/fundingRate",
         {"symbol": "BTCUSDT", "limit": "1000", "startTime": "1769655600000", "endTime": "1769828400000"}),
        (BYBIT, "https://api.bybit.com/v5/market/funding/history",
         {"symbol": "BTCUSDT", "category": "linear", "limit": "200", "startTime": "1769655600000",
          "endTime": "1769828400000"}),
        (OKX, "https://www.okx.com/api/v5/public/funding-rate-history",
         {"instId": "BTC-USDT-SWAP", "after": "1769828460000", "before": "1769655540000", "limit": "100"}),
        (GATE, "https://api.gateio.ws/api/v4/futures/usdt/funding_rate",
         {"contract": "BTC_USDT", "from": "1769655600", "to": "1769828400", "limit": "1000"}),
        (BITMEX, "https://www.bitmex.com/api/v1/funding",
         {"symbol": "XBTUSD", "startTime": "2026-01-29T03:00:00Z", "endTime": "2026-01-31T03:00:00Z", "count": "500"}),
    ],
    ids=["Binance", "Bybit", "OKX", "Gate", "BitMEX"],
)  # fmt: skip
def test_a_night_asks_one_page_a_contract(source, url, params):
    """The window in the venue's own bounds, for each contract of venues.toml."""
    client = NotingClient()
    assert list(source.fetch(client, NIGHT)) == []
    assert (client.asked[0].url, dict(client.asked[0].params)) == (url, params)
    assert [p.name for p in client.asked] == [f"{s}/0" for s in list_symbols("funding", source.publisher)]


@pytest.mark.parametrize(("source", "hours"), [(BINANCE, 1000), (BYBIT, 200), (OKX, 100), (GATE, 1000), (BITMEX, 500)])
def test_a_long_window_is_asked_in_pages_that_hourly_rates_do_not_fill(source, hours):
    """A quarter of a year comes in stretches of fewer hours than a page has rows."""
    client = NotingClient()
    list(source.fetch(client, Window(at("2025-11-01 00:00"), at("2026-01-30 00:00"))))
    first = list_symbols("funding", source.publisher).__iter__().__next__()
    own = [p for p in client.asked if p.name.startswith(f"{first}/")]
    assert len(own) == -(-90 * 24 // (hours - 2))


def bitget(*stamps):
    """A page of Bitget's history with these stamps."""
    rows = [{"symbol": "BTCUSDT", "fundingRate": "0.0001", "fundingTime": str(ms(s))} for s in stamps]
    return {"code": "00000", "msg": "success", "data": rows}


def test_bitget_is_read_back_until_a_page_begins_before_the_window():
    """Full pages lead to the next; one that reaches before the window, or is not full, is the last."""
    new, old = bitget(*["2026-01-30 08:00"] * 100), bitget(*["2026-01-30 08:00"] * 99, "2026-01-29 00:00")
    client = NotingClient({"BTCUSDT/0": new, "BTCUSDT/1": old, "BTCUSDT/2": new}, default=bitget())
    assert [c.name for c in BITGET.fetch(client, NIGHT)] == [
        "BTCUSDT/0", "BTCUSDT/1", "ETHUSDT/0", "SOLUSDT/0", "XRPUSDT/0",
    ]  # fmt: skip
    assert [p.params["pageNo"] for p in client.asked] == ["1", "2", "1", "1", "1"]
    assert dict(client.asked[0].params) == {
        "symbol": "BTCUSDT", "productType": "USDT-FUTURES", "pageSize": "100", "pageNo": "1",
    }  # fmt: skip


def test_a_contract_of_bitget_that_fails_or_breaks_does_not_stop_the_others():
    """The broken page is handed on, so that `parse` says what is wrong with it."""
    client = NotingClient({"ETHUSDT/0": b"<html>", "XRPUSDT/0": bitget()})
    assert [c.name for c in BITGET.fetch(client, NIGHT)] == ["ETHUSDT/0", "XRPUSDT/0"]
    assert len(client.asked) == 4


def test_no_asset_stands_twice_at_a_venue():
    """Two contracts of one asset would overwrite each other's rates."""
    for source in SOURCES:
        assets = list(list_symbols("funding", source.publisher).values())
        assert len(assets) == len(set(assets))
