"""OKX's forced closes by minute. All bodies are our own, in the format that the venue documents."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
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
from ingest.sources.crypto_funding import SOURCES as FUNDING
from ingest.sources.crypto_liquidations import SOURCES
from ingest.venues import list_not_covered, list_symbols
from kb.errors import Unreadable
from kb.records import Liquidation

OKX = source_of(SOURCES, "crypto-liquidations-okx")
MINUTE = 60_000
AFTER = "2026-01-30 21:20"


def order(when, pos_side="long", side="sell", sz="10", price="80000", **more):
    """One forced close; `when` is an instant or milliseconds."""
    stamp = when if isinstance(when, int) else ms(when)
    return {
        "bkLoss": "0",
        "bkPx": price,
        "ccy": "",
        "posSide": pos_side,
        "side": side,
        "sz": sz,
        "ts": str(stamp),
        **more,
    }


def answer(*orders, symbol="BTC-USDT-SWAP"):
    """The venue's answer with these orders."""
    group = {
        "details": list(orders),
        "instFamily": symbol[:-5],
        "instId": symbol,
        "instType": "SWAP",
        "totalLoss": "0",
        "uly": "",
    }
    return {"code": "0", "msg": "", "data": [group] if orders else []}


def listing(body, *, after=AFTER, symbol="BTC-USDT-SWAP", **more):
    """A page of orders that was asked for those before an instant."""
    url = f"https://www.okx.com/api/v5/public/liquidation-orders?instType=SWAP&after={ms(after)}&limit=100"
    return page(f"orders/{symbol}/0", body, url=url, **more)


def test_a_minutes_orders_are_summed_by_side():
    """A contract of bitcoin is 0.01 coins: 10 of them at 80,000 are 8,000 dollars; a forced sale is a long."""
    body = answer(
        order("2026-01-30 21:15:59.999"),
        order("2026-01-30 21:15:30", "short", "buy", "2.5", "81000"),
        order("2026-01-30 21:15:00", "net", "sell", "1", "79000"),
        order("2026-01-30 21:14:59.999"),
    )
    records, skipped = split(OKX.parse(listing(body)))
    assert skipped == ["minute at the end of what the venue keeps"]
    assert records == [
        Liquidation(
            "BTC", at("2026-01-30 21:16"), "OKX", "OKX", 8790.0, 2025.0, hours=1 / 60, method="venue feed, lower bound"
        )
    ]


def test_each_coin_has_its_own_contract():
    """One contract of XRP is a hundred coins."""
    body = answer(order("2026-01-30 21:15:30", sz="3", price="1.75"), order("2026-01-30 21:10"), symbol="XRP-USDT-SWAP")
    (record,), _ = split(OKX.parse(listing(body, symbol="XRP-USDT-SWAP")))
    assert (record.asset, record.long_usd, record.short_usd) == ("XRP", 525.0, 0.0)


def test_an_order_at_or_after_the_bound_belongs_to_the_page_before():
    """Whether the venue counts its bound in or out, no order counts twice."""
    body = answer(order(AFTER), order("2026-01-30 21:19:59.999"), order("2026-01-30 21:00"))
    records, _ = split(OKX.parse(listing(body)))
    assert [(r.at, r.long_usd) for r in records] == [(at(AFTER), 8000.0)]


def test_the_oldest_minute_of_a_full_page_is_left_to_the_next():
    """Of a hundred orders in two minutes the newer minute counts, and nothing was lost that should be told."""
    newer = [order(ms("2026-01-30 21:19") + i) for i in range(60)]
    older = [order(ms("2026-01-30 21:18") + 59_000 + i) for i in range(40)]
    records, skipped = split(OKX.parse(listing(answer(*newer, *older))))
    assert skipped == []
    assert [(r.at, r.long_usd) for r in records] == [(at(AFTER), 60 * 8000.0)]


def test_a_minute_that_fills_a_page_counts_with_its_newest_hundred():
    """A lower bound is better than nothing in the minute that matters most."""
    body = answer(*[order(ms("2026-01-30 21:19") + 30_000 + i) for i in range(100)])
    records, skipped = split(OKX.parse(listing(body)))
    assert (skipped, [(r.at, r.long_usd) for r in records]) == ([], [(at(AFTER), 100 * 8000.0)])


def test_one_bad_order_does_not_spoil_the_others():
    """Unknown sides, a side that contradicts the position, no size, no price, no stamp, another contract: each told."""
    body = answer(
        order("2026-01-30 21:15:01"),
        order("2026-01-30 21:15:02", "long", "buy"),
        order("2026-01-30 21:15:03", "both", "sell"),
        order("2026-01-30 21:15:03", None, ["sell"]),
        order("2026-01-30 21:15:04", sz="0"),
        order("2026-01-30 21:15:05", price=""),
        order("2026-01-30 21:15:06", ts="soon"),
        "order",
        order("2026-01-30 21:00"),
    )
    body["data"] += [
        answer(order("2026-01-30 21:15:07"), symbol="BTC-USD-SWAP")["data"][0],
        {"instId": "BTC-USDT-SWAP"},
        5,
    ]
    body["data"].append({"instId": "BTC-USDT-SWAP", "details": "none"})
    records, skipped = split(OKX.parse(listing(body)))
    assert [r.long_usd for r in records] == [8000.0]
    assert skipped == [
        "unknown posSide and side", "unknown posSide and side", "unknown posSide and side", "sz or bkPx is not above zero",
        "bkPx is not a number", "ts is not a number", "no field posSide", "another contract than BTC-USDT-SWAP",
        "no field details", "no field instId", "details is no list", "minute at the end of what the venue keeps",
    ]  # fmt: skip


def test_an_empty_list_gives_nothing():
    """No order is no total: a venue that forgets answers the same."""
    assert split(OKX.parse(listing(answer()))) == ([], [])


@pytest.mark.parametrize(
    "url",
    [
        "https://www.okx.com/api/v5/public/liquidation-orders?instType=SWAP",
        "https://www.okx.com/api/v5/public/liquidation-orders?after=yesterday",
        f"https://www.okx.com/api/v5/public/liquidation-orders?after={ms(AFTER) + 1}",
        f"https://www.okx.com/api/v5/public/liquidation-orders?after={ms('2026-01-31 03:01')}",
    ],
)
def test_a_page_whose_bound_is_not_known_is_unreadable(url):
    """Without it nobody can say which minutes are whole; nor for one in the middle of a minute or ahead of the fetch."""
    with pytest.raises(Unreadable):
        list(OKX.parse(page("orders/BTC-USDT-SWAP/0", answer(order("2026-01-30 21:15")), url=url)))


def size(symbol="BTC-USDT-SWAP", coins=0.01, **more):
    """What the venue says is open of a contract: 2,900,000 contracts of so many coins."""
    row = {
        "instId": symbol,
        "instType": "SWAP",
        "oi": "2900000",
        "oiCcy": str(2_900_000 * coins),
        "oiUsd": "1",
        "ts": "1",
    }
    return {"code": "0", "msg": "", "data": [{**row, **more}]}


def test_a_contract_of_the_declared_size_gives_nothing():
    """The page only checks."""
    assert split(OKX.parse(page("contract/BTC-USDT-SWAP/0", size()))) == ([], [])


@pytest.mark.parametrize(
    "body",
    [
        size(coins=0.001), size(coins=0.0102), size(symbol="ETH-USDT-SWAP"), size(oi="0"), size(oiCcy=""),
        {"code": "0", "data": []}, {"code": "0", "data": [7]},
    ],
)  # fmt: skip
def test_a_contract_of_another_size_is_an_error_with_both_sizes(body):
    """Its sums would be wrong by the same factor."""
    with pytest.raises(Unreadable, match="BTC-USDT-SWAP"):
        list(OKX.parse(page("contract/BTC-USDT-SWAP/0", body)))


def test_a_complaint_of_the_venue_is_told_in_its_words():
    """An error in JSON is Unreadable."""
    with pytest.raises(Unreadable, match="Either parameter"):
        list(OKX.parse(listing({"code": "50015", "msg": "Either parameter uly or instFamily is required", "data": []})))


def test_what_is_no_answer_is_unreadable():
    """Empty, HTML, truncated and other JSON."""
    check_broken_bodies(OKX, "orders/BTC-USDT-SWAP/0", url=listing(b"").url)
    check_broken_bodies(OKX, "contract/BTC-USDT-SWAP/0")


def test_no_bytes_break_the_parser():
    """Whatever comes, records or Unreadable."""
    check_anything(OKX, "orders/BTC-USDT-SWAP/0", url=listing(b"").url)


class PlayedVenue(NotingClient):
    """A venue that keeps these stamps (milliseconds) of bitcoin's forced closes and gives a hundred a page."""

    def __init__(self, stamps, *, is_inclusive=False, per_page=100):
        super().__init__()
        self.stamps, self.is_inclusive, self.per_page = sorted(stamps, reverse=True), is_inclusive, per_page

    def get(self, asked):
        """The size of the contract, or the newest orders before the bound; nothing for the other coins."""
        kind, symbol, _ = asked.name.split("/")
        if kind == "contract":
            coins = {s: c["coins"] for s, c in list_symbols("liquidations", "OKX").items()}[symbol]
            self.answers[asked.name] = size(symbol, coins)
        else:
            after = int(parse_qs(urlsplit(asked.url).query)["after"][0]) + self.is_inclusive
            before = [s for s in self.stamps if s < after] if symbol == "BTC-USDT-SWAP" else []
            self.answers[asked.name] = answer(*[order(s) for s in before[: self.per_page]])
        return super().get(asked)


def read_minutes(client, window=NIGHT):
    """How many orders each minute counted, all pages together; a minute that came twice fails."""
    counted = {}
    for capture in OKX.fetch(client, window):
        for record in split(OKX.parse(capture))[0]:
            assert record.at not in counted
            counted[record.at] = round(record.long_usd / 8000)
    return counted


START = ms("2026-01-29 03:00")
SPAN = 47 * 3_600_000
CLUSTERS = st.lists(
    st.tuples(st.integers(0, SPAN // MINUTE), st.integers(1, 260), st.integers(1, 3 * MINUTE)), max_size=8
)


def tell_truth(clusters):
    """The stamps of so many orders in so many milliseconds from each minute on, and how many each minute has."""
    stamps = [START + m * MINUTE + i * wide // n for m, n, wide in clusters for i in range(n)]
    return stamps, Counter(at("1970-01-01") + timedelta(milliseconds=s - s % MINUTE + MINUTE) for s in stamps)


@settings(max_examples=60, deadline=None)
@given(CLUSTERS)
def test_every_minute_counts_once_and_whole_or_as_the_newest_hundred(clusters):
    """Over all pages each minute but the very first is there, equal to what happened, or a hundred where more did."""
    stamps, truth = tell_truth(clusters)
    counted = read_minutes(PlayedVenue(stamps))
    assert {m: n for m, n in counted.items() if truth[m] < 100} == {m: truth[m] for m in counted if truth[m] < 100}
    assert all(100 <= n <= truth[m] for m, n in counted.items() if truth[m] >= 100)
    assert set(truth) - set(counted) <= {min(truth, default=None)}


@settings(max_examples=40, deadline=None)
@given(CLUSTERS)
def test_a_venue_that_counts_its_bound_in_gives_a_lower_bound_all_the_same(clusters):
    """No minute twice and none with more than happened."""
    stamps, truth = tell_truth(clusters)
    assert all(n <= truth[m] for m, n in read_minutes(PlayedVenue(stamps, is_inclusive=True)).items())


def test_a_venue_that_does_not_heed_the_bound_ends_the_paging():
    """The same newest page again and again is asked for no more than a few times."""
    newest = answer(*[order(ms("2026-01-31 02:50") - i * 1000) for i in range(100)])
    client = NotingClient({"contract/BTC-USDT-SWAP/0": size()}, default=newest)
    list(OKX.fetch(client, NIGHT))
    assert sum(p.name.startswith("orders/BTC-") for p in client.asked) <= 4


def test_a_night_asks_back_to_the_windows_beginning_and_no_further():
    """Five minutes before the fetch on, a page begins where the one before cut a minute; the first before the window ends it."""
    stamps = [ms("2026-01-31 02:50") - i * 20_000 for i in range(20_000)]  # three a minute: 100 in 33 minutes
    client = PlayedVenue(stamps)
    captures = list(OKX.fetch(client, Window(FETCHED - timedelta(hours=2), FETCHED)))
    asked = [p for p in client.asked if p.name.startswith("orders/BTC-")]
    afters = [parse_qs(urlsplit(p.url).query)["after"][0] for p in asked]
    assert [p.name for p in asked] == [f"orders/BTC-USDT-SWAP/{i}" for i in range(4)]
    # The first hundred are 02:50:00 back to 02:17:00; then 99 minutes' worth less the cut minute each time.
    assert afters == [str(ms(f"2026-01-31 {t}")) for t in ("02:55", "02:18", "01:45", "01:12")]
    query = parse_qs(urlsplit(asked[0].url).query)
    assert {k: v[0] for k, v in query.items() if k != "after"} == {
        "instType": "SWAP", "instFamily": "BTC-USDT", "state": "filled", "limit": "100",
    }  # fmt: skip
    assert captures[0].name == "contract/BTC-USDT-SWAP/0"


def test_a_contract_of_another_size_is_not_summed():
    """Its orders are not even asked for; the other coins are."""
    client = NotingClient({"contract/BTC-USDT-SWAP/0": size(coins=1), "contract/SOL-USDT-SWAP/0": size("SOL-USDT-SWAP", 1)},
                          default=answer())  # fmt: skip
    names = [c.name for c in OKX.fetch(client, NIGHT)]
    assert "orders/BTC-USDT-SWAP/0" not in names
    assert "orders/SOL-USDT-SWAP/0" in names


def test_a_coin_that_fails_or_breaks_does_not_stop_the_others():
    """The broken page is handed on, so that `parse` says what is wrong with it."""
    sizes = {f"contract/{s}/0": size(s, c["coins"]) for s, c in list_symbols("liquidations", "OKX").items()}
    del sizes["contract/ETH-USDT-SWAP/0"]
    client = NotingClient({**sizes, "orders/BTC-USDT-SWAP/0": b"<html>", "orders/XRP-USDT-SWAP/0": answer()})
    names = [c.name for c in OKX.fetch(client, NIGHT)]
    assert names == [
        "contract/BTC-USDT-SWAP/0", "orders/BTC-USDT-SWAP/0", "contract/SOL-USDT-SWAP/0", "contract/XRP-USDT-SWAP/0",
        "orders/XRP-USDT-SWAP/0",
    ]  # fmt: skip


def test_every_venue_that_is_read_is_counted_or_named_as_not_counted():
    """Nobody shall take the totals for those of all venues."""
    counted = {"OKX", "Gate"}
    assert {s.publisher for s in FUNDING} <= counted | set(list_not_covered())
    assert not counted & set(list_not_covered())


def test_minutes_are_added_up_by_the_mart(small_home, mart_rows):
    """Two minutes of one session are one row of the mart with their sum, and the larger of them by its own minute."""
    rows = [
        {"asset": "BTC", "at": t, "long_usd": usd, "short_usd": 0, "venue": "OKX", "hours": 1 / 60, "method": "feed"}
        for t, usd in (("2026-01-30T21:16:00Z", 5e6), ("2026-01-30T21:17:00Z", 3e6))
    ]
    home = small_home(prices=[{"symbol": "BTC-USD", "date": "2026-01-30", "close": 84000}], liquidations=rows)
    sql = """SELECT usd_at_least, largest_from, largest_usd FROM liquidation_session
             WHERE calendar = 'CRYPTO' AND session = DATE '2026-01-30'"""
    ((usd, begins, largest),) = mart_rows(home, sql)
    assert (usd, largest) == (8e6, 5e6)
    assert str(begins)[:16] == "2026-01-30 21:15"
