"""Open interest of coins, and Gate's hourly statistics. All bodies are our own, in the formats that the venues document."""

from __future__ import annotations

import pytest
from venue_pages import (
    FETCHED,
    NIGHT,
    NotingClient,
    at,
    check_anything,
    check_broken_bodies,
    ms,
    page,
    source_of,
    split,
)

from ingest.source import Window
from ingest.sources import crypto_gate
from ingest.sources.crypto_open_interest import SOURCES
from ingest.venues import list_symbols
from kb.errors import Unreadable
from kb.records import Liquidation, OpenInterest

BINANCE, OKX, BYBIT, INVERSE, BITMEX = (
    source_of(SOURCES, f"crypto-open-interest-{v}") for v in ("binance", "okx", "bybit", "bybit-inverse", "bitmex")
)
(GATE,) = crypto_gate.SOURCES
PAGES = (
    (BINANCE, "BTCUSDT/0"), (OKX, "BTC-USDT-SWAP/0"), (BYBIT, "BTCUSDT/0"), (INVERSE, "BTCUSD/0"), (BITMEX, "XBTUSD/0"),
    (GATE, "BTC_USDT/0"),
)  # fmt: skip


def test_binance_gives_dollars_at_the_hour():
    """`sumOpenInterestValue` at its stamp; coins (`sumOpenInterest`) are not dollars."""
    row = {"symbol": "BTCUSDT", "sumOpenInterest": "98000.1", "sumOpenInterestValue": "8123456789.25",
           "CMCCirculatingSupply": "1", "timestamp": str(ms("2026-01-30 21:00"))}  # fmt: skip
    records, skipped = split(BINANCE.parse(page("BTCUSDT/0", [row])))
    assert skipped == []
    assert records == [OpenInterest("BTC", at("2026-01-30 21:00"), "Binance", "Binance", 8123456789.25)]


def test_okx_is_known_an_hour_after_its_stamp():
    """Rows are [start, contracts, coins, dollars]; an hour that has not ended is left out without a word."""
    rows = [
        [str(ms("2026-01-31 02:30")), "1", "1", "5"],
        [str(ms("2026-01-30 20:00")), "2900000", "29000", "2440000000.5"],
    ]
    records, skipped = split(OKX.parse(page("BTC-USDT-SWAP/0", {"code": "0", "msg": "", "data": rows})))
    assert skipped == []
    assert records == [OpenInterest("BTC", at("2026-01-30 21:00"), "OKX", "OKX", 2440000000.5)]


def ticker(**more):
    """Bybit's answer about one linear contract."""
    row = {"symbol": "ETHUSDT", "openInterest": "700000.5", "openInterestValue": "1703000000.75", **more}
    answered = ms("2026-01-31 02:59")
    return {"retCode": 0, "retMsg": "OK", "result": {"category": "linear", "list": [row]}, "time": answered}


def test_bybit_tells_what_is_open_now():
    """The value in Tether at the hour of the answer."""
    records, _ = split(BYBIT.parse(page("ETHUSDT/0", ticker())))
    assert records == [OpenInterest("ETH", at("2026-01-31 02:59"), "Bybit", "Bybit", 1703000000.75)]


def test_a_clock_of_the_venue_that_runs_ahead_is_held_to_ours():
    """What was fetched was known by then."""
    early = page("ETHUSDT/0", ticker(), fetched_at=at("2026-01-31 02:58"))
    assert split(BYBIT.parse(early))[0][0].at == at("2026-01-31 02:58")


def test_an_inverse_contract_is_one_dollar():
    """Bybit's coin-margined open interest counts contracts of a dollar, hour by hour."""
    rows = [{"openInterest": "461134384.0", "timestamp": str(ms("2026-01-30 12:00"))}]
    body = {
        "retCode": 0,
        "retMsg": "OK",
        "result": {"symbol": "BTCUSD", "category": "inverse", "list": rows, "nextPageCursor": ""},
    }
    records, _ = split(INVERSE.parse(page("BTCUSD/0", body)))
    assert records == [OpenInterest("BTC", at("2026-01-30 12:00"), "Bybit inverse", "Bybit inverse", 461134384.0)]


def test_bitmex_counts_contracts_of_a_dollar():
    """`openInterest` of XBTUSD, at the instrument's own instant."""
    row = {"symbol": "XBTUSD", "timestamp": "2026-01-31T02:59:30.500Z", "openInterest": 151234500}
    records, _ = split(BITMEX.parse(page("XBTUSD/0", [row])))
    assert records[0].usd == 151234500.0
    assert records[0].at == at("2026-01-31 02:59:30.500")


def test_one_bad_value_does_not_spoil_the_others():
    """Nothing, zero, below zero, another contract: set aside; the last row counts."""
    good = {"symbol": "BTCUSDT", "sumOpenInterestValue": "5.5", "timestamp": ms("2026-01-30 12:00")}
    rows = [None, {**good, "sumOpenInterestValue": None}, {**good, "sumOpenInterestValue": "0"},
            {**good, "sumOpenInterestValue": -1}, {**good, "symbol": "ETHUSDT"}, {**good, "timestamp": -1}, good]  # fmt: skip
    records, skipped = split(BINANCE.parse(page("BTCUSDT/0", rows)))
    assert [r.usd for r in records] == [5.5]
    assert skipped == [
        "no field symbol", "sumOpenInterestValue is not a number", "sumOpenInterestValue is not above zero",
        "sumOpenInterestValue is not above zero", "another contract than BTCUSDT", "timestamp is in the year 1969",
    ]  # fmt: skip


def stat(start, **more):
    """One hour of Gate's statistics."""
    return {
        "time": int(at(start).timestamp()), "lsr_taker": 1.02, "lsr_account": 1.4, "long_liq_size": 800, "long_liq_amount":
        0.08, "long_liq_usd": 6750.5, "short_liq_size": 0, "short_liq_amount": 0, "short_liq_usd": 0, "open_interest": 9e8,
        "open_interest_usd": 3512345678.9, "mark_price": 84250.1, **more,
    }  # fmt: skip


def test_gate_gives_an_hours_forced_closes_by_side_and_what_is_open():
    """The row of 20:00 is the hour up to 21:00; amounts may stand in quotes."""
    body = [stat("2026-01-30 20:00", short_liq_usd="120.25")]
    records, skipped = split(GATE.parse(page("BTC_USDT/0", body)))
    end = at("2026-01-30 21:00")
    assert skipped == []
    assert records == [
        Liquidation("BTC", end, "Gate", "Gate", 6750.5, 120.25, hours=1.0, method="venue totals by hour"),
        OpenInterest("BTC", end, "Gate", "Gate", 3512345678.9),
    ]


def test_an_hour_of_gate_counts_a_quarter_of_an_hour_after_its_end():
    """The venue writes the newest hour early and rewrites it after its end: until then it is no total."""
    body = [stat("2026-01-30 20:00")]
    assert split(GATE.parse(page("BTC_USDT/0", body, fetched_at=at("2026-01-30 21:14:59")))) == ([], [])
    assert len(split(GATE.parse(page("BTC_USDT/0", body, fetched_at=at("2026-01-30 21:15"))))[0]) == 2


def test_an_hour_without_forced_closes_is_a_total_of_zero_and_a_missing_amount_is_none():
    """Zero is what the venue counted; a field that is absent, below zero or no number is set aside, the other record stays."""
    rows = [
        stat("2026-01-30 18:00", long_liq_usd=0),
        stat("2026-01-30 19:00", long_liq_usd=None),
        stat("2026-01-30 20:00", open_interest_usd=-1),
        stat("2026-01-30 20:30"),
    ]
    records, skipped = split(GATE.parse(page("BTC_USDT/0", rows)))
    assert [(r.at.hour, r.long_usd) for r in records if isinstance(r, Liquidation)] == [(19, 0.0), (21, 6750.5)]
    assert [r.at.hour for r in records if isinstance(r, OpenInterest)] == [19, 20]
    assert skipped == ["long_liq_usd is not a number", "time is not a full hour", "open_interest_usd is below zero"]


@pytest.mark.parametrize(("source", "name"), PAGES)
def test_what_is_no_answer_is_unreadable(source, name):
    """Empty, HTML, truncated and other JSON."""
    check_broken_bodies(source, name)


@pytest.mark.parametrize(("source", "name"), PAGES)
def test_no_bytes_break_the_parser(source, name):
    """Whatever comes, records or Unreadable."""
    check_anything(source, name)


def test_a_complaint_of_gate_is_told_in_its_words():
    """An error in JSON is Unreadable."""
    with pytest.raises(Unreadable, match="INVALID_PARAM_VALUE"):
        list(GATE.parse(page("BTC_USDT/0", {"label": "INVALID_PARAM_VALUE", "message": "limit"})))


@pytest.mark.parametrize(
    ("source", "url", "params"),
    [
        (BINANCE, "https://fapi.binance.com/futures/data/openInterestHist",
         {"symbol": "BTCUSDT", "period": "1h", "startTime": "1769655600000", "endTime": "1769828400000", "limit": "500"}),
        (OKX, "https://www.okx.com/api/v5/rubik/stat/contracts/open-interest-history",
         {"instId": "BTC-USDT-SWAP", "period": "1H", "begin": "1769652000000", "end": "1769828400000", "limit": "100"}),
        (BYBIT, "https://api.bybit.com/v5/market/tickers", {"category": "linear", "symbol": "BTCUSDT"}),
        (INVERSE, "https://api.bybit.com/v5/market/open-interest",
         {"category": "inverse", "symbol": "BTCUSD", "intervalTime": "1h", "startTime": "1769655600000",
          "endTime": "1769828400000", "limit": "200"}),
        (BITMEX, "https://www.bitmex.com/api/v1/instrument",
         {"symbol": "XBTUSD", "columns": "symbol,timestamp,openInterest", "count": "1"}),
        (GATE, "https://api.gateio.ws/api/v4/futures/usdt/contract_stats",
         {"contract": "BTC_USDT", "interval": "1h", "from": "1769655600", "limit": "49"}),
    ],
    ids=["Binance", "OKX", "Bybit", "Bybit inverse", "BitMEX", "Gate"],
)  # fmt: skip
def test_a_night_asks_one_page_a_contract(source, url, params):
    """The window in the venue's own bounds; none where the venue only knows now."""
    client = NotingClient()
    assert list(source.fetch(client, NIGHT)) == []
    assert (client.asked[0].url, dict(client.asked[0].params)) == (url, params)
    assert all(p.name.endswith("/0") for p in client.asked)


def test_a_month_of_hours_is_asked_in_pages_that_it_does_not_fill():
    """29 days are 696 hours: two pages of Binance (500), eight of OKX (100), one of Bybit's now."""
    asked = {}
    for source, first in ((BINANCE, "BTCUSDT"), (OKX, "BTC-USDT-SWAP"), (BYBIT, "BTCUSDT")):
        client = NotingClient()
        list(source.fetch(client, Window(at("2026-01-02 03:00"), FETCHED)))
        asked[source.publisher] = sum(p.name.startswith(f"{first}/") for p in client.asked)
    assert asked == {"Binance": 2, "OKX": 8, "Bybit": 1}


def test_gates_long_window_is_asked_with_the_rows_that_it_holds():
    """A hundred days are 2,400 hours: a page of 1,990 and, before it, one of the rest, each with a row over."""
    client = NotingClient()
    list(GATE.fetch(client, Window(at("2025-10-23 03:00"), FETCHED)))
    own = [(p.params["from"], p.params["limit"]) for p in client.asked if p.name.startswith("BTC_USDT/")]
    later = int(FETCHED.timestamp()) - 1990 * 3600
    assert own == [(str(later), "1991"), (str(later - 410 * 3600), "411")]


def test_a_contract_that_fails_does_not_stop_the_others():
    """The pages that came are handed on."""
    client = NotingClient({"ETH_USDT/0": [], "SOL_USDT/0": []})
    assert [c.name for c in GATE.fetch(client, NIGHT)] == ["ETH_USDT/0", "SOL_USDT/0"]


def test_no_asset_stands_twice_at_a_venue():
    """Two contracts of one asset would overwrite each other's values."""
    for venue in ("Binance", "OKX", "Bybit", "Bybit inverse", "BitMEX"):
        assets = list(list_symbols("open_interest", venue).values())
        assert len(assets) == len(set(assets))
