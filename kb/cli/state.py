"""The fall and the state of the market as lines for a terminal: what kind of fall it was, its markers, the other assets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from rich.text import Text

from kb.answer import Answer
from kb.markets import read_markets

_SELLOFF_ID = re.compile(r"(?P<market>.+)-(?P<kind>jump|slide|episode)-(?P<first>\d{4}-\d\d-\d\d)")
VOLUME_SPIKE = 2.0  # times the usual volume, as in the comment of market_state
FIRST_VIX = "1990-01-02"  # before that day its predecessor, the VXO, stands in
NAMES_TOLD = 2  # companies that fell on their own; --json has them all
LOOP = (("price_before", "the day before"), ("price", "that day"), ("price_after", "the day after"))
State = dict[str, Any]


def tell_state(answer: Answer) -> list[Text]:
    """The lines above the causes, those without anything to tell left out."""
    state = answer.state
    lines = [_fall(answer), _afterwards(answer)]
    lines += [_join(_markers(state, "VXO" if answer.date < FIRST_VIX else "VIX")), _join(_width(state)), *_names(state)]
    lines += [_join(_across(state), "dim"), _join(_signature(state), "dim")]
    if _is_about_crypto(answer):
        lines += [_join(_closeness(state), "dim"), *_forced(state)]
    return [line for line in lines if line]


def _is_about_crypto(answer: Answer) -> bool:
    told = [answer.market, *(a["market"] for a in answer.also)]
    return any(m.calendar == "CRYPTO" for name, m in read_markets().items() if name in told)


def percent(fraction: float, digits: int = 1) -> str:
    """A fraction as signed percent with a true minus: -0.095 -> "−9.5 %"."""
    return f"{100 * fraction:+.{digits}f} %".replace("-", "−")


def _join(parts: Iterator[str], style: str = "") -> Text:
    return Text(" · ".join(parts), style=style)


def _fall(answer: Answer) -> Text:
    fall = answer.selloff
    if fall is None and answer.return_on_date is None:
        return Text("Its return that session is unknown: the price before it is missing.", style="yellow")
    if fall is None:
        return Text("No sell-off of this market that session.", style="yellow")
    text = Text(fall["grade"], style="bold").append(f" ({fall['kind']}: {fall['rule']})".replace("-", "−"))
    if fall["kind"] != "jump":
        text.append(
            f" {fall['peak']} to {fall['trough']}, {percent(fall['drawdown'])} in {fall['sessions_down']} sessions"
        )
    outer = [_SELLOFF_ID.fullmatch(i) for i in fall["within"]]
    since = [f"{m['kind']} since {m['first']}" for m in outer if m]
    return text.append(f", within its {' and '.join(since)}" if since else "", style="dim")


def _afterwards(answer: Answer) -> Text | None:
    fall = answer.selloff
    if fall is None:
        return None
    moves = [f"{percent(fall[f'after_{n}'])} in {n}" for n in (1, 5, 20, 60) if fall[f"after_{n}"] is not None]
    since = "then" if fall["kind"] == "jump" else f"after the trough of {fall['trough']}:"
    parts = [f"{since} {', '.join(moves)} sessions"] if moves else []
    parts += [f"close of {fall['peak']} regained {fall['recovered_on']}"] if fall["recovered_on"] else []
    return Text("; ".join(parts), style="dim") if parts else None


def _markers(state: State, name: str) -> Iterator[str]:
    if state.get("vix_close") is not None:
        change = f" ({state['vix_change']:+.1f})".replace("-", "−") if state.get("vix_change") is not None else ""
        yield f"{name} {state['vix_close']:.1f}{change}" + (", a spike" if state.get("vix_spike") else "")
    if state.get("volume_ratio") is not None:
        yield f"volume {state['volume_ratio']:.1f} × usual" + (
            ", a spike" if state["volume_ratio"] >= VOLUME_SPIKE else ""
        )
    if state.get("gap") is not None:
        yield f"opened {percent(state['gap'])}"
    if state.get("intraday_range") is not None:
        yield f"range {100 * state['intraday_range']:.1f} %"
    if state.get("support_breached"):
        yield "fell below " + ", ".join(state["support_breached"])
    breaker = state.get("circuit_breaker") or {}
    for halt in breaker.get("halts", ()):
        yield f"trading halted {halt['at'][11:16]} UTC (circuit breaker level {halt['level']})"
    if breaker.get("level") and not breaker["halts"]:
        yield f"circuit breaker level {breaker['level']} reached, no halt on record"


def _width(state: State) -> Iterator[str]:
    if state.get("breadth") is not None:
        yield f"{100 * state['breadth']:.0f} % of sectors down"
    if state.get("above_50") is not None:
        yield f"{100 * state['above_50']:.0f} % of S&P 500 members above their 50-day average"
    if state.get("scope"):
        yield state["scope"]
    if state.get("sectors_hit"):
        yield "hit beyond the market: " + ", ".join(_name(s) for s in state["sectors_hit"])


def _names(state: State) -> Iterator[Text]:
    for fall in (state.get("single_names") or ())[:NAMES_TOLD]:
        said = f"{_name(fall['market'])} {percent(fall['return'])} on its own"
        if fall["contribution"] is not None:
            record = f"{100 * fall['weight_on_record']:.1f} % on {fall['weight_as_of']}"
            weight = f"weight about {100 * fall['weight']:.1f} %, on record {record}"
            index = f"the S&P 500's {percent(fall['index_return'], 2)}"
            said += f": {percent(fall['contribution'], 2).replace(' %', ' percentage points')} of {index} ({weight})"
        yield Text(said)


def _name(market: str) -> str:
    declared = read_markets().get(market)
    return declared.name if declared else market


def _across(state: State) -> Iterator[str]:
    if state.get("us10y_bp") is not None:
        yield "10-year yield " + f"{state['us10y_bp']:+.0f} bp".replace("-", "−")
    for key in ("dollar", "gold", "oil", "bitcoin"):
        if state.get(key) is not None:
            yield f"{key} {percent(state[key])}"
    if state.get("spread_bp") is not None:
        yield "credit spread " + f"{state['spread_bp']:+.0f} bp".replace("-", "−")


def _signature(state: State) -> Iterator[str]:
    if state.get("signature"):
        yield f"{state['signature']}: {state['signature_meaning']}"
    if state.get("led_by"):
        first = state["led_by"]
        yield f"{first['market']} closed in a jump {first['hours']} hours before"


def _closeness(state: State) -> Iterator[str]:
    close = state.get("crypto_equity_correlation")
    if close:
        interval = f"{close['low']:.2f} to {close['high']:.2f}".replace("-", "−")
        yield f"bitcoin/S&P 500 correlation {close['correlation']:.2f} ({interval}, n {close['n']})"
        if close["leader"]:
            yield f"{close['leader']} led by {close['leads_by_hours']} hours over {close['lead_n']} sessions"


def _forced(state: State) -> Iterator[Text]:
    total = state.get("liquidations")
    if total:
        longs = f", {100 * total['long_share']:.0f} % longs" if total["long_share"] is not None else ""
        where = f"{total['venue']}, {total['method'] or 'as reported'}"
        until = total["until"].replace("T", " ")[:16]
        yield Text(
            f"at least {_dollars(total['usd_at_least'])} of futures liquidated by {until} UTC{longs} ({where})",
            style="dim",
        )
    loop = state.get("cascade")
    if loop and loop["is_cascade"]:
        steps = [f"price {percent(loop[k])} {when}" for k, when in LOOP if loop[k] is not None]
        begun, ended = loop["largest_from"][11:16], loop["largest_to"][11:16]
        most = f", most from {begun} to {ended} UTC" if begun != ended else ""  # not for the total of a whole day
        text = Text("liquidation cascade", style="bold")
        yield text.append(f": {loop['size_ratio']:.0f} × the usual total of {loop['venue']}{most}; {', '.join(steps)}")


def _dollars(usd: float) -> str:
    return f"${usd / 1e9:,.1f} bn" if usd >= 1e9 else f"${usd / 1e6:,.0f} m"
