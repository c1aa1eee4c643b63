"""What a market report says of itself: the words naming the cause, which way the market went, which day, which session.

Pure functions of text, used by `tagger` for items it holds to be market reports; the word lists are `stated_cause.toml`.
Precision comes first: where no known turn of phrase is found the cause is "" and other documents must tell it.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from importlib import resources

_LISTS = tomllib.loads(resources.files("models").joinpath("stated_cause.toml").read_text("utf-8"))


def _any(name: str) -> str:
    """One regular expression for a whole list of the file."""
    return "|".join(_LISTS[name])


_MARKET = re.compile(rf"\b(?:{_any('markets')})\b", re.IGNORECASE)
_MOVE = re.compile(rf"\b(?:(?P<down>{_any('down')})|(?P<up>{_any('up')})|(?P<flat>{_any('flat')}))\b", re.IGNORECASE)
# Turned the other way by what follows: "snaps five-day slide", "shrugs off losses".
_TURNED = re.compile(
    r"\b(?:snap(?:s|ped)?|end(?:s|ed)?|halt(?:s|ed)?|erase(?:s|d)?|pare(?:s|d)?|trim(?:s|med)?|recoup(?:s|ed)?)\b",
    re.IGNORECASE,
)
_STREAK = re.compile(r"\b(?:slide|losses|loss|losing|declines?|rout|selloff|sell-off|slump|retreat)\b", re.IGNORECASE)
_LINK = re.compile(rf"\b(?:{_any('links')})\s+", re.IGNORECASE)
_NO_CAUSE = re.compile(rf"(?:{_any('no_cause')})", re.IGNORECASE)
_CAUSE_FIRST = re.compile(
    r"^(?P<cause>.{4,90}?)\s+(?:(?:continues?|help(?:s|ed)?|threatens?) (?:to )?)?"
    rf"(?:{_any('movers')})(?:s|es|ed|ped|ged|led|d)?\s+"
    rf"(?:(?!after|as|on|amid)[\w$&%.'\u2024-]+\s+){{0,4}}?(?:{_any('markets')})\b",
    re.IGNORECASE,
)
_CAUSE_END = re.compile(
    rf"\s*(?:;|\s[-|\u2013\u2014]\s|\.\s|,\s(?=(?:[\w&]+\s){{0,3}}(?:{_any('markets')})\b)"
    r"|\s(?:while|but|even as|though|ahead of)\s|,\s(?:and |but |with |while |led |to )|:\s|\.$)",
    re.IGNORECASE,
)
# "U.S.", "St.", "Inc." and their like, whose dots are hidden while a cause is sought.
_ABBREVIATION = re.compile(r"\b(?:(?:[A-Za-z]\.){2,}|(?:St|Inc|Corp|Co|Mr|Dr|vs|No)\.)")
_DOT = "\u2024"
# "Markets News, Nov. 30, 2023: " and its like say nothing of the market.
_LABEL = re.compile(
    r"^[^:]{0,60}\b(?:news|report|today|updates?|view|snapshot|week ahead)\b[^:]{0,40}:\s+", re.IGNORECASE
)
# A cause that is only the name of a market, or begins a list of them, is no cause: "as S&P 500, Nasdaq snap streak".
_MARKET_ALONE = re.compile(rf"^(?:the )?(?:{_any('markets')})(?:,|$)", re.IGNORECASE)
# What stands beside a move and waits or moves itself: "ECB, G20 eyed", "autos up".
_NO_CLAUSE = re.compile(r"\b(?:eyed|awaited|in focus|up|down|higher|lower|mixed|flat)\b", re.IGNORECASE)
# Two clauses are a move and its cause; the move after a comma has at most seven words, the cause at least three.
CLAUSES, LONGEST_TAIL, SHORTEST_CLAUSE = 2, 7, 3
# A cause of fewer characters is a stray word, of more a whole paragraph.
SHORTEST_CAUSE, LONGEST_CAUSE = 3, 160
_DAY_AT_END = re.compile(r"\s+(?:on|late|early) (?:mon|tues|wednes|thurs|fri|satur|sun)day$", re.IGNORECASE)
_AHEAD = re.compile(rf"\b(?:{_any('ahead')})\b", re.IGNORECASE)
# Futures that trade round the clock say nothing of an opening.
_DAY_AND_NIGHT = re.compile(
    r"\b(?:oil|crude|gold|silver|wheat|corn|copper|gas|brent|bitcoin|ether|crypto) futures\b", re.IGNORECASE
)
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY = re.compile(rf"\b(?:{'|'.join(_DAYS)})\b", re.IGNORECASE)


@dataclass(frozen=True)
class Report:
    """What a market report says: cause ("" when none is stated), direction -1/0/+1, weekday (Monday 0), ahead."""

    cause: str = ""
    direction: int = 0
    weekday: int | None = None
    ahead: bool = False


def find_cause(text: str) -> str:
    """The words naming the cause, "" when none is stated: "Stocks slide as tariff fears mount" -> "tariff fears mount"."""
    text = _ABBREVIATION.sub(lambda m: m.group().replace(".", _DOT), text)  # the dot of "U.S." ends no sentence
    text = _LABEL.sub("", text)
    move = _MOVE.search(text)
    market = _MARKET.search(text) or move  # a report may name neither: "Shanghai dives as brokers call in loans"
    if market is None:
        return ""
    first = _CAUSE_FIRST.match(text)
    if first and not _speaks_of_move(first["cause"]):
        return _tidy(first["cause"])
    return (_after_link(text, market, move) if move else "") or _beside(text)


def _after_link(text: str, market: re.Match[str], move: re.Match[str]) -> str:
    """The cause behind "as", "on", "after" ..., once market and move have both been named; else ""."""
    for link in _LINK.finditer(text, min(move.end(), market.end())):
        if link.end() <= max(move.start(), market.start()) or _NO_CAUSE.match(text, link.end()):
            continue
        rest = text[link.end() :]
        if _MARKET_ALONE.match(rest):
            continue
        end = _CAUSE_END.search(rest)
        return _tidy(rest[: end.start()] if end else rest)
    return ""


def _beside(text: str) -> str:
    """The one clause that is no market's move: "China bans ICOs; bitcoin sinks" -> "China bans ICOs"; else ""."""
    clauses = re.split(r";\s+", text)
    if len(clauses) == 1:
        clauses = re.split(r",\s+", text)
        if len(clauses) > 1 and len(clauses[-1].split()) > LONGEST_TAIL:
            return ""  # after a comma only a short move is sure to be the consequence
    if len(clauses) != CLAUSES:
        return ""
    moves = [_MARKET.search(c) is not None for c in clauses]
    cause = clauses[moves.index(False)] if sum(moves) == 1 and _speaks_of_move(clauses[moves.index(True)]) else ""
    if ";" not in text and not moves[-1]:
        return ""
    return _tidy(cause) if len(cause.split()) >= SHORTEST_CLAUSE and not _NO_CLAUSE.search(cause) else ""


def _speaks_of_move(text: str) -> bool:
    """True when the words are a market's move ("Dow falls"), which "dollar's slump" is not."""
    market = _MARKET.search(text)
    return bool(market and not text.startswith("'s", market.end()) and _MOVE.search(text, market.end()))


def _tidy(cause: str) -> str:
    """The cause without stray signs and a day at its end; "" when it is too short or long for one."""
    cause = _DAY_AT_END.sub("", cause.replace(_DOT, ".").strip(" ,;:-\u2013\u2014")).removesuffix(" to")
    if _MARKET_ALONE.fullmatch(cause):
        return ""
    return cause if SHORTEST_CAUSE <= len(cause) <= LONGEST_CAUSE else ""


def find_direction(text: str) -> int:
    """+1 rose, -1 fell, 0 unclear: "Dow snaps five-day slide" -> 1, "Tariff fears knock stocks" -> -1."""
    market = _MARKET.search(text)
    move = (_MOVE.search(text, market.end()) if market else None) or _MOVE.search(text)
    if move is None:
        return 1 if _TURNED.search(text) and _STREAK.search(text) else 0
    turned = _TURNED.search(text, 0, move.end())
    if turned and _STREAK.search(text, turned.end()):
        return 1
    return -1 if move["down"] else int(bool(move["up"]))


def find_weekday(text: str) -> int | None:
    """The first weekday named, Monday 0; None when none is."""
    day = _DAY.search(text)
    return _DAYS.index(day.group().lower()) if day else None


def speaks_ahead(text: str) -> bool:
    """True when the text speaks of a session not yet opened (index futures, "set to open", "week ahead")."""
    return bool(_AHEAD.search(_DAY_AND_NIGHT.sub("", text)))


def read_report(title: str, summary: str) -> Report:
    """All of the above from a market report; the summary's first sentence fills what the title leaves open."""
    title = title.translate({0x2019: "'", 0x2018: "'"})
    opening = summary.split(". ", maxsplit=1)[0][:300]
    day = find_weekday(title)
    return Report(
        cause=find_cause(title) or find_cause(opening),
        direction=find_direction(title) or find_direction(opening),
        weekday=find_weekday(opening) if day is None else day,
        ahead=speaks_ahead(title),
    )
