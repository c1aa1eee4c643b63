"""What a market report says of itself: the words naming the cause, which way the market went, which day, which session.

Pure functions of text, used by `tagger` for items it holds to be market reports. Precision comes first: where no known
turn of phrase is found the cause is "" and the reader decides from other documents.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_MARKETS = (
    r"stocks?|bourses?|shares|equit(?:y|ies)|futures|markets?|wall st(?:reet)?\.?|dow(?: jones)?|s&p(?: ?500)?|nasdaq(?:[- ]?100)?"
    r"|nikkei|topix|ftse(?: ?100)?|dax|cac(?: ?40)?|stoxx(?: ?600)?|ibex|hang seng|kospi|sensex|nifty|tsx|asx(?: ?200)?"
    r"|bovespa|ibovespa|index(?:es)?|indices|bonds?|treasur(?:y|ies)|yields?|gilts?|bunds?|dollar|euro|yen|pound|sterling|yuan"
    r"|renminbi|rupee|rand|naira|ruble|rouble|peso|lira|won|franc|gold|silver|copper|metals?|oil|crude|brent|wti|gas|wheat|corn|bitcoin"
    r"|btc|ether(?:eum)?|eth|xrp|solana|crypto(?:currenc(?:y|ies))?|altcoins?|coins?|tokens?|blue[- ]chips?|averages?|small caps"
    r"|benchmarks?|techs?|chipmakers|banks|miners|lenders|insurers|airlines|dec?liners|selloff|sell-off|rout|rally|rebound|russell"
)
_DOWN = (
    r"fall(?:s|en|ing)?|fell|drop(?:s|ped|ping)?|slip(?:s|ped|ping)?|slid(?:e|es|ing)?|slump(?:s|ed|ing)?|sink(?:s|ing)?|sank"
    r"|sunk|tumbl(?:e|es|ed|ing)|plung(?:e|es|ed|ing)|plummet(?:s|ed|ing)?|div(?:e|es|ed|ing)|dip(?:s|ped|ping)?|eas(?:e|es|ed|ing)"
    r"|los(?:e|es|ing)|lost|loss(?:es)?|retreat(?:s|ed|ing)?|declin(?:e|es|ed|ing)|crash(?:es|ed|ing)?|crater(?:s|ed|ing)?|down|lower"
    r"|drag(?:s|ged|ging)?|knock(?:s|ed|ing)?|batter(?:s|ed|ing)?|pummel(?:s|ed|ing)?|hammer(?:s|ed|ing)?|weigh(?:s|ed|ing)? on|hit(?:s)?"
    r"|pressur(?:e|es|ed)|rattl(?:e|es|ed)|spook(?:s|ed)?|rout(?:s|ed)?|sell-?off|skid(?:s|ded)?|stumbl(?:e|es|ed)|wobbl(?:e|es|ed)"
    r"|nosediv(?:e|es|ed)|swoon(?:s|ed)?|sag(?:s|ged)?|shed(?:s|ding)?|shrink(?:s)?|weak(?:er|en|ens|ened|ness)?|soft(?:er|en|ens)|red"
    r"|tank(?:s|ed)?|slash(?:es|ed)|hurt(?:s)?|dent(?:s|ed)?|hobbl(?:e|es|ed)|reel(?:s|ing)?|buckl(?:e|es|ed)|erase(?:s|d)?|dump(?:s|ed)?"
    r"|under pressure|worst|lows?|meltdown|bleed(?:s)?|trim(?:s|med)? gains|pare(?:s|d)? gains|shudder(?:s|ed)?|collaps(?:e|es|ed)|crumbl(?:e|es|ed)|savaged|off"
)
_UP = (
    r"ris(?:e|es|ing|en)|rose|gain(?:s|ed|ing)?|climb(?:s|ed|ing)?|jump(?:s|ed|ing)?|surg(?:e|es|ed|ing)|soar(?:s|ed|ing)?|rall(?:y|ies|ied)"
    r"|advanc(?:e|es|ed|ing)|rebound(?:s|ed|ing)?|bounc(?:e|es|ed)|recover(?:s|ed|y)?|up|higher|lift(?:s|ed)?|boost(?:s|ed)?|buoy(?:s|ed)?"
    r"|cheer(?:s|ed)?|firm(?:s|er|ed)?|leap(?:s|t|ed)?|spik(?:e|es|ed)|pop(?:s|ped)?|stronger|strengthen(?:s|ed)?|edg(?:e|es|ed) up|rocket(?:s|ed)?"
    r"|green|records?|highs?|best|top(?:s|ped)?|add(?:s|ed)?|propel(?:s|led)?|fuel(?:s|ed)?|pare(?:s|d)? losses|trim(?:s|med)? losses|roar(?:s|ed)?|scal(?:e|es|ed)|doubl(?:e|es|ed)|trebl(?:e|es|ed)"
)
_FLAT = r"flat|mixed|little changed|unchanged|stead(?:y|ies|ied)|whipsaw(?:s|ed)?|swing(?:s)?|seesaws?|hover(?:s|ed)?|directionless|choppy"
_MARKET = re.compile(rf"\b(?:{_MARKETS})\b", re.I)
_MOVE = re.compile(rf"\b(?:(?P<down>{_DOWN})|(?P<up>{_UP})|(?P<flat>{_FLAT}))\b", re.I)
# Turned the other way by what follows: "snaps five-day slide", "shrugs off losses".
_TURNED = re.compile(
    r"\b(?:snap(?:s|ped)?|end(?:s|ed)?|halt(?:s|ed)?|erase(?:s|d)?|pare(?:s|d)?|trim(?:s|med)?|recoup(?:s|ed)?)\b", re.I
)
_STREAK = re.compile(r"\b(?:slide|losses|loss|losing|declines?|rout|selloff|sell-off|slump|retreat)\b", re.I)

# Words after which a report names its cause; "led by" names a sector and "ahead of" a date, so neither is here.
_LINK = re.compile(
    r"\b(?:after|amid|amidst|following|because of|due to|thanks to|in (?:the )?wake of|in response to|on the back of|in reaction to"
    r"|(?:weighed|dragged|hit|hurt|knocked|battered|rattled|spooked|pressured|pulled|pushed|driven|fuell?ed|boosted|lifted|buoyed"
    r"|helped|supported|cheered|sparked|triggered|undermined|undone|sunk)(?: (?:down|lower|higher|up))? by"
    r"|as|on|over|with|while|in the face of|blamed on|by|before)\s+",
    re.I,
)
# A link that opens none of these: days, places, times and figures are no causes.
_NO_CAUSE = re.compile(
    r"(?:(?:early |late |quiet )?(?:mon|tues|wednes|thurs|fri|satur|sun)day|wall st|week\b|month\b(?!-)|the (?:day|week|month|year|session|tsx|nyse|nasdaq"
    r"|open|bell|exchange)|year|quarter|track|course|average|hold|edge|(?:a )?(?:light|thin|heavy|low|quiet)\w* (?:volume|trad\w+)|hours|price\b|cue\b|much as"
    r"|many as|well\b|of\b|(?!\d+-(?:year|month|week)\b)\$?\d|low\b|(?:a |its |their )?\w+ (?:straight|consecutive) |the close|close\b|noon|lunch|it happened|a record|record"
    r"|investors? (?:await|eye|look|brace|weigh up)|traders? (?:await|eye|look|brace)|(?:a )?(?:mixed|choppy|quiet) (?:session|day|trading)"
    r"|(?:more than |nearly |about |almost |over )?(?:a |\d)|half|into\b|trading\b|all\b|both\b|\w+ (?:day|session) (?:of|run)|january|february|march\b"
    r"|april|may \d|june|july|august|september|october|november|december|holiday)",
    re.I,
)
_CAUSE_FIRST = re.compile(
    rf"^(?P<cause>.{{4,90}}?)\s+(?:(?:continues?|help(?:s|ed)?|threatens?) (?:to )?)?(?:knock|sink|sank|drag|lift|boost|send|sent|hit|batter|hammer|push|pull|drive|drove"
    r"|weigh(?:s|ed|ing)? (?:on|down)|rattle|spook|buoy|cheer|roil|jolt|pummel|slam|rock|shake|shook|punish|hurt|fuel|spark|trigger|prompt"
    r"|undercut|dent|pressure|support|help|propel|spur|unnerve|wipe|topple|rout|whack|clobber|dampen|hobble|take|took|keep|kept|tank)"
    rf"(?:s|es|ed|ped|ged|led|d)?\s+(?:(?!after|as|on|amid)[\w$&%.'\u2024-]+\s+){{0,4}}?(?:{_MARKETS})\b",
    re.I,
)
_CAUSE_END = re.compile(
    rf"\s*(?:;|\s[-|–—]\s|\.\s|,\s(?=(?:[\w&]+\s){{0,3}}(?:{_MARKETS})\b)|\s(?:while|but|even as|though|ahead of)\s"
    rf"|,\s(?:and |but |with |while |led |to )|:\s|\.$)",
    re.I,
)
# "U.S.", "St.", "Inc." and their like, whose dots are hidden while a cause is sought.
_ABBREVIATION = re.compile(r"\b(?:(?:[A-Z]\.){2,}|(?:St|Inc|Corp|Co|Mr|Dr|vs|No)\.)")
_DOT = "\u2024"
# Two clauses are a move and its cause; the move after a comma has at most seven words, the cause at least three.
CLAUSES, LONGEST_TAIL, SHORTEST_CLAUSE = 2, 7, 3
_AHEAD = re.compile(
    r"\bfutures\b|\bpre-?market\b|\b(?:set|poised|seen|expected|likely|due|ready|look\w*|point\w*|headed|on course) (?:\w+ )?(?:to|for) (?:a )?"
    r"(?:\w+ )?(?:open\w*|start)\b|\bto open\b|\bweek ahead\b|\bahead of the (?:open|bell)\b|\bbefore the (?:open|bell)\b|\bopening call\b"
    r"|\bwhat to watch\b|\bcalled (?:higher|lower)\b|\bseen (?:opening|higher|lower)\b|\bmorning bid\b|\b\w+ things to know before\b",
    re.I,
)  # fmt: skip
_OIL_FUTURES = re.compile(r"\b(?:oil|crude|gold|wheat|corn|copper|gas|brent|bitcoin|crypto) futures\b", re.I)
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY = re.compile(rf"\b(?:{'|'.join(_DAYS)})\b", re.I)


@dataclass(frozen=True)
class Report:
    """What a market report says: cause ("" when none is stated), direction -1/0/+1, weekday (Monday 0), ahead."""

    cause: str = ""
    direction: int = 0
    weekday: int | None = None
    ahead: bool = False


def find_cause(text: str) -> str:
    """The words that name the cause: "Stocks slide as tariff fears mount" -> "tariff fears mount"; "" when not stated."""
    text = _ABBREVIATION.sub(lambda m: m.group().replace(".", _DOT), text)  # the dot of "U.S." ends no sentence
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
    return _tidy(cause) if len(cause.split()) >= SHORTEST_CLAUSE else ""


def _speaks_of_move(text: str) -> bool:
    """True when the words are a market's move ("Dow falls"), which "dollar's slump" is not."""
    market = _MARKET.search(text)
    return bool(market and not text.startswith("'s", market.end()) and _MOVE.search(text, market.end()))


def _tidy(cause: str) -> str:
    cause = cause.replace(_DOT, ".")
    cause = re.sub(
        r"\s+(?:on|late|early) (?:mon|tues|wednes|thurs|fri|satur|sun)day$",
        "",
        cause.strip(" ,;:-\u2013\u2014"),
        flags=re.I,
    )
    return cause if 3 <= len(cause) <= 160 else ""


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
    return bool(_AHEAD.search(_OIL_FUTURES.sub("", text)))


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
