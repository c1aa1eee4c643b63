"""The report's text: every figure of `models.measure` as Markdown. Pure."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from kb.taxonomy import CATEGORIES
from models.agreement import pair_tops
from models.fit import BLOCK, EMBARGO
from models.measure import Measured, to_table

FIGURES = {
    "top_category_accuracy": "first category agrees", "kappa": "Cohen's kappa",
    "expected_agreement": "mean weight coders gave it", "primary_or_secondary": "some coder named it",
    "log_score": "log score",
}  # fmt: skip
READ = Path(__file__).parent / "errors_read.csv"


def draw_up(measured: Measured) -> str:
    """The whole report."""
    scores = measured.scores
    parts = [
        "# Attribution against people",
        _tell_method(measured),
        "![How often the first category agrees with the coders'](agreement.svg)",
        *[p for name in ("falls", "rises") for p in (f"## {name.capitalize()}", _tell_direction(scores[name]))],
        _tell_people(scores),
        "## Are shares chances?",
        _tell_calibration(scores),
        "## Placebo and donor swap",
        _tell_placebo(scores["placebo"]),
        "## By year",
        _tell_eras(scores["eras"]),
        "## By category",
        _tell_categories(scores),
        "## Confusion",
        _tell_confusion(measured),
        "## Errors, read one by one",
        _tell_errors(measured),
    ]
    return "\n\n".join(parts) + "\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(_show(v) for v in row) + " |" for row in rows)])


def _show(value: Any) -> str:
    return f"{value:.2f}".replace("-", "−") if isinstance(value, float) else str(value)


def _tell_method(measured: Measured) -> str:
    days = measured.days
    return (
        f"Written by `make evaluate`. {len(days.days)} of {measured.scores['asked']} days asked for, "
        f"{days.days[0]} to {days.days[-1]}, on which the S&P 500 moved by more than 2.5 % and people coded why "
        "(Baker, Bloom, Davis and Sammon); the others have too few headlines in the archive. Every day is predicted by weights "
        f"fitted to days of other years: blocks of {BLOCK} calendar years, {EMBARGO} days around each left out. Intervals are "
        "95 % bootstraps of whole quarters with a fixed seed. The rules that set reports on exchanges abroad and on "
        "inventories apart were made after reading the errors on these days, so expect somewhat less on others."
    )


def _tell_direction(part: dict[str, Any]) -> str:
    ours = part["ours"]
    head = ["figure", "whyfell", "interval", f"always {part['always']['category']}", "keyword counts", "tagger alone"]
    rows = [
        [label, ours[name], " to ".join(_show(b) for b in ours["interval"][name]),
         part["always"].get(name, ""), part["keywords"][name], part["tagger"][name]]
        for name, label in FIGURES.items()
    ]  # fmt: skip
    told = [
        f"Against {label} the log score is better by {part[name]['difference']:.2f}, with a bootstrap probability of "
        f"{part[name]['chance_better']:.3f}."
        for name, label in (("against_base_rates", "base rates"), ("against_keywords", "keyword counts"))
    ]
    return f"{ours['n']} days.\n\n" + _table(head, rows) + "\n\n" + " ".join(told)


def _tell_people(scores: dict[str, Any]) -> str:
    alone, forward = scores["falls_only"], scores["forward"]
    told = (
        "Two people agree on 84 % of days when they read the same article and on 55 % when the papers differ (Baker, Bloom, "
        "Davis and Sammon, 2019 draft, table 2, 1946-2018). Learning from falls alone, the falls' log score is "
        f"{_show(alone['log_score'])} and their first category agrees on {_show(alone['top_category_accuracy'])}: rises "
        "are learnt from because the log score decides."
    )
    if forward["n"]:
        told += (
            f" Walking forward (each year from earlier ones alone, {forward['n']} days): first category "
            f"{_show(forward['top_category_accuracy'])}, kappa {_show(forward['kappa'])}, "
            f"log score {_show(forward['log_score'])}."
        )
    return told


def _tell_calibration(scores: dict[str, Any]) -> str:
    c = scores["calibration"]
    rows = [
        [label, c[name], " to ".join(_show(b) for b in c[f"{name}_interval"])]
        for name, label in (("slope", "calibration slope"), ("brier_skill", "Brier skill over base rates"))
    ]
    return (
        "Falls and rises together. A slope of one is perfect; above it the shares are more timid than they could be.\n\n"
        + _table(["figure", "value", "interval"], rows)
    )


def _tell_placebo(found: dict[str, Any]) -> str:
    head = ["share named", "falls", "quiet sessions", "falls with another's documents"]
    rows = []
    for name, label in (("with", "all features"), ("without", "without market reports")):
        part = found[name]
        rows.append([f"{label}, share over 0.50", *part["named"].values()])
        rows.append([f"{label}, share over {part['threshold']:.2f}", *part["named_at_threshold"].values()])
    counts = found["with"]
    return (
        f"A cause is named when a category has more than half. {counts['quiet']} quiet sessions (absolute z under 0.5) are "
        f"matched to the days on year, weekday and number of documents; each of {counts['falls']} falls is also offered the "
        "documents of another day more than 60 days away. The second threshold is the least that at most a fifth of both reach. "
        "A figure as high for the donors as for the falls says that the documents of a day hardly tell it from its neighbours "
        "in the same crisis.\n\n" + _table(head, rows)
    )


def _tell_eras(eras: list[dict[str, Any]]) -> str:
    head = ["year", "moves", "days", *FIGURES.values()]
    return _table(head, [[e["year"], e["direction"], e["n"], *(e[name] for name in FIGURES)] for e in eras])


def _tell_categories(scores: dict[str, Any]) -> str:
    rows = [
        [name, direction, s["n"], s["precision"], s["recall"]]
        for direction in ("falls", "rises")
        for name, s in sorted(scores[direction]["ours"]["per_category"].items())
    ]
    return _table(["category", "moves", "coded days", "precision", "recall"], rows)


def _tell_confusion(measured: Measured) -> str:
    """Rows: the coders' first category (a tie broken in our favour); columns: ours."""
    ours, theirs = pair_tops(to_table(measured.days, measured.predicted))
    columns = sorted(set(ours.tolist()))
    rows = [
        [CATEGORIES[t], *(int(((theirs == t) & (ours == o)).sum()) or "" for o in columns)]
        for t in sorted(set(theirs.tolist()))
    ]
    return "Rows are the coders' first category, columns ours.\n\n" + _table(
        ["", *(CATEGORIES[o] for o in columns)], rows
    )


def _tell_errors(measured: Measured) -> str:
    with READ.open(encoding="utf-8", newline="") as file:
        notes = {r["date"]: r for r in csv.DictReader(file)}
    rows = []
    pairs = zip(*pair_tops(to_table(measured.days, measured.predicted)), strict=True)
    for day, (top, first), shares in zip(measured.days.days, pairs, measured.predicted, strict=True):
        if top != first:
            note = notes.get(day.isoformat(), {"kind": "", "cause of the error": "not read yet"})
            ours = f"{CATEGORIES[top]} {shares[top]:.2f}"
            rows.append([day, ours, CATEGORIES[first], note["kind"], note["cause of the error"]])
    return _table(["day", "ours", "coders", "kind", "cause of the error"], rows)
