"""Daily bars of coins: Coinbase, Kraken, Binance. All bodies are our own, in the format that the venues document."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from venue_pages import NIGHT, NotingClient, at, check_anything, check_broken_bodies, page, source_of, split

from ingest.source import Window
from ingest.sources.crypto_bars import SOURCES
from ingest.venues import list_symbols
from kb.errors import Unreadable
from kb.markets import read_markets
from kb.records import Bar

COINBASE, KRAKEN, BINANCE = (source_of(SOURCES, f"crypto-bars-{v}") for v in ("coinbase", "kraken", "binance"))
PAGES = ((COINBASE, "BTC-USD/0"), (KRAKEN, "XBTUSD/0"), (BINANCE, "BTCUSDT/0"))
THURSDAY, FRIDAY, SATURDAY = 1769644800, 1769731200, 1769817600  # 2026-01-29, 30 and 31, 00:00 UTC


def test_coinbase_gives_low_and_high_before_the_open():
    """A row is [start, low, high, open, close, volume], the newest first; the day still running is left out."""
    rows = [
        [SATURDAY, 82000.0, 84100.0, 84000.0, 83000.0, 900.0],
        [FRIDAY, 81000.5, 84900.25, 84500.0, 84100.75, 12345.678],
        [THURSDAY, 83300, 89500, 89000, 84500, 20000],
    ]
    bars, skipped = split(COINBASE.parse(page("BTC-USD/0", rows)))
    assert skipped == []
    assert bars == [
        Bar("BTC-USD", date(2026, 1, 30), "Coinbase", 84100.75, 84500.0, 84900.25, 81000.5, 12345.678),
        Bar("BTC-USD", date(2026, 1, 29), "Coinbase", 84500.0, 89000.0, 89500.0, 83300.0, 20000.0),
    ]


def test_kraken_names_the_pair_in_its_own_way():
    """Rows are [start, open, high, low, close, vwap, volume, count] in quotes, under a name that was not asked for."""
    rows = [[FRIDAY, "2700.1", "2750.0", "2400.5", "2432.8", "2600.0", "5000.25", 4321]]
    bars, skipped = split(KRAKEN.parse(page("ETHUSD/0", {"error": [], "result": {"XETHZUSD": rows, "last": SATURDAY}})))
    assert skipped == []
    assert bars == [Bar("ETHUSD", date(2026, 1, 30), "Kraken", 2432.8, 2700.1, 2750.0, 2400.5, 5000.25)]


def test_binance_counts_milliseconds():
    """Rows begin with [start, open, high, low, close, volume, ...]; our symbol keeps Tether apart from the dollar."""
    row = [
        FRIDAY * 1000,
        "84510.0",
        "84950.0",
        "81010.0",
        "84120.5",
        "30000.5",
        SATURDAY * 1000 - 1,
        "2.5e9",
        9,
        "1",
        "1",
        "0",
    ]
    bars, _ = split(BINANCE.parse(page("BTCUSDT/0", [row])))
    assert bars == [Bar("BTCUSDT", date(2026, 1, 30), "Binance", 84120.5, 84510.0, 84950.0, 81010.0, 30000.5)]


def test_a_candle_counts_from_the_second_its_day_is_over():
    """Fetched a second before midnight the day is left out without a word, at midnight it is there."""
    row = [FRIDAY, 81000, 84900, 84500, 84100, 1]
    early = page("BTC-USD/0", [row], fetched_at=at("2026-01-30 23:59:59"))
    assert split(COINBASE.parse(early)) == ([], [])
    assert len(split(COINBASE.parse(page("BTC-USD/0", [row], fetched_at=at("2026-01-31 00:00"))))[0]) == 1


def test_one_bad_row_does_not_spoil_the_others():
    """Each bad row is set aside with its reason."""
    rows = [
        [FRIDAY, 81000, 84900, 84500, None, 1],
        [FRIDAY + 3600, 81000, 84900, 84500, 84100, 1],
        [FRIDAY, 0, 84900, 84500, 84100, 1],
        [FRIDAY, 84901, 84900, 84500, 84100, 1],
        [FRIDAY, 81000, 84900],
        {"time": FRIDAY},
        [FRIDAY, 81000, 84900, 84500, 84100, -1],
        [True, 81000, 84900, 84500, 84100, 1],
        [10**300, 81000, 84900, 84500, 84100, 1],
        [FRIDAY, 81000, 84900, 84500, "84_100", 1],
        [THURSDAY, 83300, 89500, 89000, 84500, 20000],
    ]
    bars, skipped = split(COINBASE.parse(page("BTC-USD/0", rows)))
    assert [b.session for b in bars] == [date(2026, 1, 29)]
    assert skipped == [
        "4 is not a number", "candle does not begin at 00:00 UTC", "a price that is not above zero, or a volume below it",
        "low above high", "no field 3", "no field 0", "a price that is not above zero, or a volume below it",
        "0 is not a number", "0 is no instant", "4 is not a number",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("source", "name", "body", "words"),
    [
        (COINBASE, "BTC-USD/0", {"message": "NotFound"}, "NotFound"),
        (KRAKEN, "XBTUSD/0", {"error": ["EQuery:Unknown asset pair"]}, "EQuery:Unknown asset pair"),
        (BINANCE, "BTCUSDT/0", {"code": -1121, "msg": "Invalid symbol."}, "Invalid symbol."),
        (BINANCE, "BTCUSDT/0", {"code": 0, "msg": "Service unavailable from a restricted location"}, "restricted"),
        (KRAKEN, "XBTUSD/0", {"error": [], "result": {"last": 1}}, "0 lists"),
        (KRAKEN, "XBTUSD/0", {"error": [], "result": {"A": [], "B": []}}, "2 lists"),
        (COINBASE, "DOGE-USD/0", [], "not in venues.toml"),
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


def test_a_night_asks_one_page_a_coin_from_midnight_on():
    """The window is widened to whole days, in the unit of each venue."""
    asked = {}
    for source in SOURCES:
        client = NotingClient()
        assert list(source.fetch(client, NIGHT)) == []
        asked[source.publisher] = client.asked
    assert {v: [p.name for p in pages] for v, pages in asked.items()} == {
        "Coinbase": ["BTC-USD/0", "ETH-USD/0", "SOL-USD/0", "XRP-USD/0"],
        "Kraken": ["XBTUSD/0", "ETHUSD/0", "SOLUSD/0", "XRPUSD/0"],
        "Binance": ["BTCUSDT/0", "ETHUSDT/0", "SOLUSDT/0", "XRPUSDT/0"],
    }
    first = {v: pages[0] for v, pages in asked.items()}
    assert first["Coinbase"].url == "https://api.exchange.coinbase.com/products/BTC-USD/candles"
    assert first["Coinbase"].params == {"granularity": "86400", "start": "1769644800", "end": "1769828400"}
    assert first["Kraken"].params == {"pair": "XBTUSD", "interval": "1440", "since": "1769558400"}
    assert first["Binance"].params == {
        "symbol": "BTCUSDT", "interval": "1d", "startTime": "1769644800000", "endTime": "1769828400000", "limit": "1000",
    }  # fmt: skip


def test_two_years_of_coinbase_are_asked_in_pages_of_less_than_300_candles():
    """The stretches follow on each other without a hole and none is longer than a page."""
    client = NotingClient()
    list(COINBASE.fetch(client, Window(at("2024-01-15 10:00"), at("2026-01-15 10:00"))))
    spans = [(int(p.params["end"]), int(p.params["start"])) for p in client.asked if p.name.startswith("BTC-USD/")]
    assert [p.name for p in client.asked][:3] == ["BTC-USD/0", "BTC-USD/1", "BTC-USD/2"]
    assert len(spans) == 3
    assert spans[0][0] == at("2026-01-15 10:00").timestamp()
    assert spans[-1][1] == at("2024-01-15 00:00").timestamp()
    assert all(later[1] == earlier[0] for later, earlier in pairwise(spans))
    assert max(end - start for end, start in spans) <= 299 * 86400


def test_a_coin_that_fails_does_not_stop_the_others():
    """The pages that came are handed on."""
    client = NotingClient({"ETHUSD/0": {"error": [], "result": {"XETHZUSD": [], "last": 1}}})
    assert [c.name for c in KRAKEN.fetch(client, NIGHT)] == ["ETHUSD/0"]


def test_bars_carry_symbols_of_our_markets_each_venue_its_own():
    """Bitcoin and ether come in under symbols that markets.toml knows, Coinbase's before the others'."""
    for coin in ("BTC", "ETH"):
        known = read_markets()[coin].symbols
        ours = [
            next(b for b in list_symbols("bars", venue).values() if coin in b)
            for venue in ("Coinbase", "Kraken", "Binance")
        ]
        ranks = [known.index(symbol) for symbol in ours]
        assert ranks == sorted(ranks)


def test_what_is_declared_is_polite():
    """No more than two requests a second, and no look further back than the venue keeps."""
    assert max(s.rate for s in SOURCES) <= 2
    assert KRAKEN.reach == timedelta(days=719)
