"""The answer for a person at a terminal: one screen, the fall first, then why, then what is missing."""

from __future__ import annotations

from datetime import date
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from kb.answer import Answer, Cause
from kb.caveats import REASONS, SHARES
from kb.cli.state import percent, tell_state
from kb.markets import read_markets
from kb.ranges import weigh_range
from kb.taxonomy import read_taxonomy

SHOWN = 5  # types on the screen; --json has them all
BAR = 12  # characters that stand for a share of one
MARGIN = BAR + 9  # where the text beside a bar begins
REVIEWED = {"accept": "accepted", "cause": "named"}  # what is rejected is no cause any more


def print_answer(answer: Answer) -> None:
    """Print one answer to standard output."""
    console = Console(highlight=False, soft_wrap=False)
    console.print(_headline(answer))
    for line in tell_state(answer):
        console.print(line)
    console.print()
    console.print(
        Text("Why", style="bold").append("  as shares of a newspaper coder's attention, not of the fall", "dim")
    )
    groups = group_causes(answer.causes)
    for group in groups[:SHOWN]:
        for line in _group_lines(group):
            console.print(line, no_wrap=True, overflow="ellipsis")
    console.print(_rest(answer, groups), no_wrap=True, overflow="ellipsis")
    console.print()
    for label, text in _footer(answer):
        grid = Table.grid(padding=(0, 1))
        grid.add_row(Text(f"{label:<8}", style="dim"), text)
        console.print(grid)


def print_summary(answers: list[Answer]) -> None:
    """Print a range: one line for each session with its leading cause, then the shares over all falls of one market."""
    from kb.cli.tables import print_table

    rows = [_summary_row(a) for a in answers]
    print_table(["date", "market", "ret", "grade", "leading cause", "share", "unexplained_share"], rows)
    whole = weigh_range(answers)
    if whole is None:
        return
    named = read_taxonomy()
    told = [f"{named[t].title} {100 * s:.0f} %" for t, s in list(whole.shares.items())[:SHOWN]]
    told.append(f"unexplained {100 * whole.unexplained:.0f} %")
    print(f"\nOver the range, {whole.market}, {whole.fell} falls weighted by their log returns: {' · '.join(told)}")
    if whole.rose:
        print(f"Sessions that rose, left out: {whole.rose}")


def _summary_row(answer: Answer) -> list[Any]:
    grade = answer.selloff["grade"] if answer.selloff else None
    top = answer.causes[0] if answer.causes else None
    leading = [_type_title(top), top.share] if top else ["", None]
    return [answer.date, answer.market, answer.return_on_date, grade, *leading, answer.unexplained["share"]]


def _headline(answer: Answer) -> Text:
    day = date.fromisoformat(answer.date)
    declared = read_markets().get(answer.market)
    name = f"{declared.name} ({answer.market})" if declared else answer.market
    text = Text(name, style="bold").append(f"  {day:%A} {answer.date}  ")
    if answer.return_on_date is not None:
        text.append(percent(answer.return_on_date), style="bold red" if answer.return_on_date < 0 else "bold green")
    if answer.z is not None:
        text.append(f"  z {answer.z:+.1f}".replace("-", "−"), style="dim")
    if answer.as_of:
        text.append(f"  as of {answer.as_of}", style="yellow")
    return text


def _type_title(cause: Cause) -> str:
    return read_taxonomy()[cause.type].title


def group_causes(causes: tuple[Cause, ...]) -> list[list[Cause]]:
    """Causes of one trigger type together, the type with the largest share first; within a type as they stand."""
    groups: dict[str, list[Cause]] = {}
    for cause in causes:
        groups.setdefault(cause.type, []).append(cause)
    return sorted(groups.values(), key=lambda g: -sum(c.share for c in g))


def _group_lines(group: list[Cause]) -> list[Text]:
    cause, share = group[0], sum(c.share for c in group)
    proof = cause.evidence[0]
    first = Text(f" {draw_bar(share)} ", style="red").append(f"{100 * share:3.0f} %  ", style="bold")
    first.append(f"{_type_title(cause)}  ", style="bold").append(proof.title)
    how = "named as cause" if proof.role == "stated" else "news"
    shown = sum(len(c.evidence) for c in group) - 1
    said = f"coders agree {100 * cause.confidence:.0f} %; {_show_instant(proof.public_at)}, {how}"
    if cause.review:
        said = f"{REVIEWED[cause.review['verdict']]} by {cause.review['who']}; {said}"
    lines = [first, Text(" " * MARGIN + said + (f", {shown} more" if shown else "") + f"; {proof.source}", style="dim")]
    if cause.measured:
        lines.append(Text(" " * MARGIN + tell_measured(cause.measured), style="dim"))
    return lines


def tell_measured(found: dict[str, Any]) -> str:
    """How past surprises of a scheduled figure moved the market, beside what the session did; in basis points."""
    told = {"agree": "as the market moved", "conflict": "against how the market moved", "unclear": "too little to tell"}
    return (
        f"{found['indicator']} {found['surprise_z']:+.1f} past surprises: worth {found['expected_move_bp']:+.0f} bp "
        f"± {found['se']:.0f} by {found['n']} earlier ones, {told[found['verdict']]}"
    ).replace("-", "−")


def _show_instant(public_at: str) -> str:
    """An instant to the minute; noon UTC sharp is the outer bound of an item of which only the day before is known."""
    before = "by " if public_at.endswith("T12:00:00Z") else ""
    return f"{before}{public_at[:16].replace('T', ' ')} UTC"


def draw_bar(share: float) -> str:
    """A share of 0 to 1 as a bar of fixed width."""
    filled = round(BAR * min(max(share, 0), 1))
    return "█" * filled + "░" * (BAR - filled)


def _rest(answer: Answer, groups: list[list[Cause]]) -> Text:
    share = answer.unexplained["share"]
    text = Text(f" {draw_bar(share)} ", style="blue").append(f"{100 * share:3.0f} %  unexplained", style="bold")
    text.append(f"  {REASONS[answer.unexplained['reason']]}")
    others = [c.share for g in groups[SHOWN:] for c in g]
    if others:
        text.append(f"\n{' ' * MARGIN}{len(groups) - SHOWN} more by type carry {100 * sum(others):.0f} %", style="dim")
    return text


def _footer(answer: Answer) -> list[tuple[str, str]]:
    lines = []
    moved = [a for a in answer.also if a["return_on_date"] is not None]
    if moved:
        lines.append(("Also", " · ".join(_tell_other(a) for a in moved)))
    if answer.analogues:
        near = [f"{a['date']} ({percent(a['return_on_date'])}{_after(a)})" for a in answer.analogues[:3]]
        lines.append(("Like it", " · ".join(near)))
    if answer.placebo:
        place, quiet = f"rank {answer.placebo['rank']} of {answer.placebo['of']}", 100 * answer.placebo["base_rate"]
        lines.append(
            ("Placebo", f"the largest share has {place} beside quiet sessions; {quiet:.0f} % of those pass one half")
        )
    lines += [("Note", c) for c in answer.caveats if c != SHARES]
    return lines


def _tell_other(other: dict[str, Any]) -> str:
    calm = " (no sell-off)" if other["market"] == "SPX" and other["grade"] is None else ""
    return f"{other['market']} {percent(other['return_on_date'])}{calm}"


def _after(analogue: dict[str, Any]) -> str:
    return f", {percent(analogue['after_20'])} after 20 sessions" if analogue.get("after_20") is not None else ""
