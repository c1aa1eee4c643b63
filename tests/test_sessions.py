"""Sessions: when New York traded, and to which session an instant belongs."""

from __future__ import annotations

from datetime import date, time

import pytest

from kb.cases import bracket_day

# By hand: the Exchange's published holidays and half days; instants worked out with the zone's offset of the day.
CLOSED = [
    "2001-09-11", "2001-09-12", "2001-09-13", "2001-09-14", "2012-10-29", "2012-10-30", "2018-12-05", "2025-01-09",
    "1985-09-27", "2026-04-03", "2026-01-01", "2025-12-25", "2026-06-19", "1963-11-25", "1994-04-27", "2007-01-02", "2026-01-31",
]  # fmt: skip
HALF_DAYS = [("2025-11-28", "18:00"), ("2025-12-24", "18:00"), ("2024-07-03", "17:00"), ("2013-11-29", "18:00")]
FULL_DAYS = [
    ("2026-01-30", "14:30", "21:00"),  # winter: five hours behind
    ("2025-03-07", "14:30", "21:00"),  # Friday before clocks go forward
    ("2025-03-10", "13:30", "20:00"),  # Monday after
    ("2025-10-31", "13:30", "20:00"),
    ("2025-11-03", "14:30", "21:00"),  # Monday after clocks go back
    ("2006-04-03", "13:30", "20:00"),  # before 2007 summer time began in April
    ("2006-03-31", "14:30", "21:00"),
    ("1987-10-19", "13:30", "20:00"),
    ("1974-09-30", "14:00", "19:30"),  # until then trading ended at 15:30; opening at 10:00
    ("1974-10-01", "14:00", "20:00"),
    ("1985-09-26", "14:00", "20:00"),
    ("1985-09-30", "13:30", "20:00"),
]


@pytest.fixture(scope="module")
def sessions(case_home):
    """Opening and closing instants (UTC) of every New York session by date."""
    from kb.mart import open_mart

    with open_mart(case_home) as connection:
        rows = connection.execute(
            "SELECT session, open_at, close_at, known_at FROM session WHERE calendar = 'NYSE'"
        ).fetchall()
    return {session: instants for session, *instants in rows}


@pytest.mark.parametrize("day", CLOSED)
def test_closed_days_are_no_sessions(sessions, day):
    """Holidays, the week of the attacks, a hurricane, days of mourning, a Saturday."""
    assert date.fromisoformat(day) not in sessions


@pytest.mark.parametrize(("day", "close"), HALF_DAYS)
def test_half_days_close_at_one(sessions, day, close):
    """13:00 in New York."""
    assert sessions[date.fromisoformat(day)][1].time() == time.fromisoformat(close)


@pytest.mark.parametrize(("day", "opens", "closes"), FULL_DAYS)
def test_full_days_open_and_close_by_the_clock_of_new_york(sessions, day, opens, closes):
    """Instants follow summer time and the trading hours of the year."""
    open_at, close_at, _ = sessions[date.fromisoformat(day)]
    assert open_at.time() == time.fromisoformat(opens)
    assert close_at.time() == time.fromisoformat(closes)
    assert open_at.date() == close_at.date() == date.fromisoformat(day)


def test_bars_are_known_a_quarter_of_an_hour_after_the_close(sessions):
    """On every session."""
    assert {(known - close).total_seconds() for _, close, known in sessions.values()} == {900}


@pytest.mark.filterwarnings("ignore")  # those of the library about its own libraries
def test_the_shipped_table_is_that_of_exchange_calendars(sessions):
    """From 1971 on, where the library knows the holidays, all sessions and closing times are those of the table's source."""
    exchange_calendars = pytest.importorskip("exchange_calendars", reason="a development dependency")
    last = max(sessions)
    schedule = exchange_calendars.get_calendar("XNYS", start="1971-01-01", end=last.isoformat()).schedule
    theirs = {day.date(): close.to_pydatetime() for day, close in schedule["close"].items()}
    ours = {day: close for day, (_, close, _) in sessions.items() if day.year >= 1971}
    assert set(ours) == set(theirs)
    different = [d for d in ours if ours[d] != theirs[d]]
    # The library has 16:00 for all years; the Exchange closed at 15:30 until the end of September 1974.
    assert not [d for d in different if d >= date(1974, 10, 1)]


def test_crypto_days_end_at_midnight(mart_rows, case_home):
    """A Saturday is a session of its own from 00:00 to 24:00 UTC."""
    rows = mart_rows(
        case_home,
        "SELECT strftime(open_at, '%Y-%m-%d %H:%M'), strftime(close_at, '%Y-%m-%d %H:%M') FROM session "
        "WHERE calendar = 'CRYPTO' AND session = DATE '2026-01-31'",
    )
    assert rows == [("2026-01-31 00:00", "2026-02-01 00:00")]


def test_session_numbers_have_no_holes(mart_rows, case_home):
    """Numbers count on by one within each calendar, and each close lies after the one before."""
    rows = mart_rows(
        case_home,
        "SELECT calendar, count(*) - (max(session_no) - min(session_no) + 1), bool_and(close_at > previous_close_at) "
        "FROM session GROUP BY calendar ORDER BY calendar",
    )
    assert rows == [("COMMODITY", 0, True), ("CRYPTO", 0, True), ("NYSE", 0, True)]


# Which session a document can move, and which one a report describes. (title, published or day, first, last session)

NEWS = "Fed raises interest rates by half a point"
MOVES = [
    ("2025-06-10T19:59:00Z", "2025-06-10", "2025-06-10"),  # 15:59 in New York
    ("2025-06-10T20:01:00Z", "2025-06-11", "2025-06-11"),  # 16:01: the next session
    ("2025-06-10T08:00:00Z", "2025-06-10", "2025-06-10"),  # before the opening
    ("2025-06-13T20:30:00Z", "2025-06-16", "2025-06-16"),  # Friday evening rolls to Monday
    ("2025-06-14T12:00:00Z", "2025-06-16", "2025-06-16"),  # Saturday
    ("2025-06-15T23:00:00Z", "2025-06-16", "2025-06-16"),  # Sunday
    ("2025-11-28T17:59:00Z", "2025-11-28", "2025-11-28"),  # half day, 12:59
    ("2025-11-28T18:01:00Z", "2025-12-01", "2025-12-01"),  # half day, 13:01
    ("2025-03-07T20:30:00Z", "2025-03-07", "2025-03-07"),  # 15:30, winter time
    ("2025-03-10T20:30:00Z", "2025-03-11", "2025-03-11"),  # 16:30, summer time
    ("2026-04-02T20:30:00Z", "2026-04-06", "2026-04-06"),  # the eve of Good Friday
    ("2001-09-11T13:00:00Z", "2001-09-17", "2001-09-17"),  # the Exchange opened again on the 17th
    ("2025-06-10", "2025-06-10", "2025-06-11"),  # a bare day: that session or the next
    ("2025-06-14", "2025-06-16", "2025-06-16"),  # a bare Saturday
    ("2025-06-13", "2025-06-13", "2025-06-16"),  # a bare Friday
]
REPORTS = [
    ("Stocks end lower on inflation fears", "2025-06-10T20:30:00Z", "2025-06-10"),  # after the close
    ("Wall Street closes lower as inflation worries mount", "2025-06-10T22:45:00Z", "2025-06-10"),
    ("Stocks slide on inflation fears", "2025-06-10T17:00:00Z", "2025-06-10"),  # during the session
    ("Wall Street fell Monday on inflation fears", "2025-06-10T12:00:00Z", "2025-06-09"),  # stamped Tuesday
    ("Stocks fell on Friday as inflation fears grew", "2025-06-14T15:00:00Z", "2025-06-13"),  # a Saturday paper
    ("Dow drops 400 points as inflation fears return", "2025-06-13T21:00:00Z", "2025-06-13"),
    ("Stocks end lower on inflation fears in short session", "2025-11-28T19:30:00Z", "2025-11-28"),
    ("Wall Street falls Monday on inflation fears", "2025-06-17", "2025-06-16"),  # only the day, a Tuesday, is known
]


@pytest.fixture(scope="module")
def placed(small_home):
    """For each title and stamp: the first and last session it can move, and the one it reports."""
    from kb.mart import open_mart

    rows = [(f"{NEWS}, item {n}", stamp) for n, (stamp, *_) in enumerate(MOVES)] + [
        (t, stamp) for t, stamp, _ in REPORTS
    ]
    key = {True: "date", False: "published_at"}
    news = [{"title": t, key[len(s) == 10]: s, "source": f"Paper {n}"} for n, (t, s) in enumerate(rows)]
    prices = [
        {"symbol": "^GSPC", "date": d, "close": c}
        for d, c in (("2025-06-09", 100), ("2025-06-10", 99), ("1929-10-28", 90))
    ]
    prices += [{"symbol": "^GSPC", "date": "1929-10-26", "close": 100}]  # a Saturday session
    home = small_home(news=news, prices=prices)
    with open_mart(home) as connection:
        found = connection.execute(
            "SELECT d.source, strftime(f.session, '%Y-%m-%d'), strftime(l.session, '%Y-%m-%d'), "
            "strftime(r.session, '%Y-%m-%d'), d.wrap "
            "FROM document_session x JOIN document d USING (document_id) "
            "JOIN session f ON f.calendar = 'NYSE' AND f.session_no = x.first_no "
            "JOIN session l ON l.calendar = 'NYSE' AND l.session_no = x.last_no "
            "JOIN session r ON r.calendar = 'NYSE' AND r.session_no = x.reported_no WHERE x.calendar = 'NYSE'"
        ).fetchall()
        old = connection.execute(
            "SELECT session FROM session WHERE calendar = 'NYSE' AND session < '1952-01-01' ORDER BY 1"
        ).fetchall()
    return {source: rest for source, *rest in found}, [d for (d,) in old]


@pytest.mark.parametrize(("number", "stamp", "first", "last"), [(n, *m) for n, m in enumerate(MOVES)])
def test_news_moves_the_first_session_that_closes_after_it(placed, number, stamp, first, last):
    """After 16:00 New York (13:00 on half days) the next session; weekends and closures roll on; a bare day may be either."""
    assert placed[0][f"Paper {number}"][:2] == [first, last]


@pytest.mark.parametrize(("number", "title", "stamp", "session"), [(n, *r) for n, r in enumerate(REPORTS, len(MOVES))])
def test_a_market_report_describes_the_session_it_speaks_of(placed, number, title, stamp, session):
    """The named weekday decides, else the session just closed or in course: never the next one."""
    *_, reported, wrap = placed[0][f"Paper {number}"]
    assert wrap, f"not recognised as a market report: {title}"
    assert reported == session


def test_before_1952_the_dates_of_prices_are_the_calendar(placed):
    """Saturday 1929-10-26 was a session: it counts because a price is there; a Tuesday without a price does not."""
    assert placed[1] == [date(1929, 10, 26), date(1929, 10, 28)]


def test_a_bare_day_is_bracketed_from_midnight_to_the_next_noon():
    """36 hours, in UTC."""
    lo, hi = bracket_day(date(2026, 1, 31))
    assert (lo.isoformat(), hi.isoformat()) == ("2026-01-31T00:00:00+00:00", "2026-02-01T12:00:00+00:00")
