"""Scores against people: as JSON, or as a table with baselines and intervals beside them."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from kb.cli.tables import print_json, print_table
from kb.settings import Home

TAGGER_FIGURES = (
    "primary_accuracy", "primary_acceptable", "macro_f1", "false_triggers_per_100", "wrap_accuracy", "risk_accuracy",
    "calibration_error",
)  # fmt: skip
ATTRIBUTION_FIGURES = (
    "top_category_accuracy", "kappa", "expected_agreement", "primary_or_secondary", "log_score", "abstained",
)  # fmt: skip


def print_tagger_scores(gold: Path, stage: str, json: bool) -> None:
    """Print how the tagger does on labelled headlines."""
    scores = import_module("models.evaluate_tagger").evaluate_tagger(gold, stage)
    if json:
        print_json(scores)
        return
    print(f"{scores['n']} headlines of {gold}")
    print_table(["figure", "value", "95 % interval"], [_with_interval(scores, name) for name in TAGGER_FIGURES])
    print()
    rows = [[t, f"{s['precision']:.2f}", f"{s['recall']:.2f}", s["n"]] for t, s in sorted(scores["per_type"].items())]
    print_table(["type", "precision", "recall", "n"], rows)
    print()
    bins = [[f"{r['from']:.1f}", r["n"], _show(r["confidence"]), _show(r["right"])] for r in scores["reliability"]]
    print_table(["confidence from", "n", "mean confidence", "right"], bins)


def print_attribution_scores(home: Home, gold: Path, dates: Path | None, json: bool) -> None:
    """Print how the attribution agrees with coders, beside two baselines."""
    scores = import_module("models.evaluate_attribution").evaluate_attribution(home, gold, dates)
    if json:
        print_json(scores)
        return
    for name, part in (("falls", scores), ("rises", scores["rises"])):
        print(f"{part['n']} {name}, S&P 500, days of {dates or gold}")
        if part["n"]:
            _print_direction(part)
        print()


def print_move_scores(home: Home, gold: Path, json: bool) -> None:
    """Print how many coded falls each rule catches."""
    scores = import_module("models.evaluate_moves").evaluate_moves(home, gold)
    if json:
        print_json(scores)
        return
    print(
        f"{scores['coded']} coded falls of {gold}, {scores['without_bars']} of them on days without a bar of the S&P 500 here"
    )
    print_table(list(scores["rules"][0]), [list(r.values()) for r in scores["rules"]])


def _print_direction(part: dict[str, Any]) -> None:
    always, keywords = part["always_most_frequent"], part["keyword_counts"]
    rows = [
        [*_with_interval(part, name), _show(always.get(name)), _show(keywords.get(name))]
        for name in ATTRIBUTION_FIGURES
    ]
    print_table(["figure", "value", "95 % interval", f"always {always['category']}", "keyword counts"], rows)


def _with_interval(scores: dict[str, Any], name: str) -> list[str]:
    bounds = scores["interval"].get(name)
    return [name, _show(scores[name]), f"{_show(bounds[0])} to {_show(bounds[1])}" if bounds else ""]


def _show(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
