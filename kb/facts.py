"""The declared facts, as tables that the SQL steps read: calendar, markets, rules, halts, weights, facts of the run.

Each comes from a versioned file beside the code; nothing here is measured at run time.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterable, Sequence
from importlib import resources
from typing import TYPE_CHECKING, Any

from kb.markets import Market, make_market, read_inputs, read_markets
from kb.taxonomy import read_taxonomy

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Rows = Iterable[Sequence[Any]]
MARKET = (  # columns of staged_market, which are fields of kb.markets.Market
    "market VARCHAR, name VARCHAR, asset_class VARCHAR, calendar VARCHAR, named BOOLEAN, human_coded BOOLEAN, "
    "keywords VARCHAR[], gics_sector VARCHAR, style VARCHAR, quoted BOOLEAN, jump_return DOUBLE, jump_z_return DOUBLE, "
    "slide DOUBLE, episode DOUBLE"
)


def stage_facts(connection: DuckDBPyConnection, weights: dict[str, Any], meta: dict[str, str]) -> None:
    """Make the staged tables of what is declared: calendar, markets, rules, indicators, signatures, weights, facts of the run."""
    _stage_calendar(connection)
    _stage_markets(connection)
    _stage_state_rules(connection)
    _stage(connection, "indicator", "rank INTEGER, type VARCHAR, pattern VARCHAR", _list_indicators())
    signatures = tomllib.loads(_read("signatures.toml"))
    rows = [(t, s["yields"], s["dollar"], s["gold"], s["oil"]) for t, s in signatures.items()]
    _stage(connection, "type_signature", "type VARCHAR, yields DOUBLE, dollar DOUBLE, gold DOUBLE, oil DOUBLE", rows)
    stage_weights(connection, weights)
    _stage(connection, "meta", "name VARCHAR, value VARCHAR", list(meta.items()))


def stage_weights(connection: DuckDBPyConnection, weights: dict[str, Any]) -> None:
    """Make the staged tables of the attribution's weights: slopes, priors, and what each type lends to a category."""
    _stage(connection, "weight", "feature VARCHAR, value DOUBLE", list(weights["slopes"].items()))
    priors = [(c, t, p) for c, types in weights["priors"].items() for t, p in types.items()]
    _stage(connection, "type_prior", "asset_class VARCHAR, type VARCHAR, value DOUBLE", priors)
    lent = [(t, c, w) for t, by_category in weights["categories"].items() for c, w in by_category.items()]
    lent.append(("", "unknown", 1.0))
    _stage(connection, "type_category", "type VARCHAR, category VARCHAR, weight DOUBLE", lent)


def _stage_calendar(connection: DuckDBPyConnection) -> None:
    rows = [(r["day"], r["closes_at"] or None) for r in csv.DictReader(_read("nyse_calendar.csv").splitlines())]
    _stage(connection, "nyse_day", "day DATE, closes_at TIME", rows)
    connection.execute("ALTER TABLE staged_nyse_day RENAME TO nyse_day")


def _stage_markets(connection: DuckDBPyConnection) -> None:
    symbols = {r[0] for r in connection.execute("SELECT DISTINCT upper(symbol) FROM staged_bar").fetchall()}
    declared = list(read_markets().values())
    named = [m.symbols for m in declared] + [i.symbols for i in read_inputs().values()]
    known = {s.upper() for symbols_of_one in named for s in symbols_of_one}
    markets = declared + [make_market(s, {}) for s in sorted(symbols - known)]
    _stage(connection, "market", MARKET, [_list_values(m) for m in markets])
    series = [(m.market, s, rank, m.calendar, "price") for m in markets for rank, s in enumerate(m.symbols)]
    series += [(i.series, s, rank, "NYSE", i.unit) for i in read_inputs().values() for rank, s in enumerate(i.symbols)]
    _stage(
        connection,
        "series",
        "series VARCHAR, symbol VARCHAR, symbol_rank INTEGER, calendar VARCHAR, unit VARCHAR",
        series,
    )
    _stage(connection, "asked_market", "market VARCHAR", [(m.market,) for m in declared if m.named])


def _stage_state_rules(connection: DuckDBPyConnection) -> None:
    """The rules on the state of a market: patterns across assets, circuit breakers and halts, weights in the index."""
    _stage_patterns(connection)
    _stage_breakers(connection)
    weights = [tuple(r.values()) for r in csv.DictReader(_read("index_weights.csv").splitlines())]
    _stage(connection, "index_weight", "market VARCHAR, as_of DATE, percent DOUBLE, source VARCHAR", weights)


def _stage_patterns(connection: DuckDBPyConnection) -> None:
    patterns = tomllib.loads(_read("signature_rules.toml"))
    _stage(connection, "usual_move", "asset VARCHAR, sigma DOUBLE", patterns["usual_move"].items())
    columns = (
        "rank INTEGER, signature VARCHAR, meaning VARCHAR, source VARCHAR, conditions INTEGER, asset VARCHAR, "
        "at_least DOUBLE, at_most DOUBLE, optional BOOLEAN"
    )
    _stage(connection, "signature_rule", columns, _list_conditions(patterns["rule"]))


def _stage_breakers(connection: DuckDBPyConnection) -> None:
    breakers = tomllib.loads(_read("circuit_breakers.toml"))
    rules = [
        (r["first"], r["last"], r["reference"], r["unit"], level, threshold, r["told"], r["source"])
        for r in breakers["rule"] for level, threshold in enumerate(r["levels"], 1)
    ]  # fmt: skip
    columns = (
        "first_day DATE, last_day DATE, reference VARCHAR, unit VARCHAR, level INTEGER, threshold DOUBLE, told VARCHAR, "
        "source VARCHAR"
    )
    _stage(connection, "breaker_rule", columns, rules)
    halts = [(h["at"], h["level"], h["minutes"], h["source"]) for h in breakers["halt"]]
    _stage(connection, "halt", "began TIMESTAMP, level INTEGER, minutes INTEGER, source VARCHAR", halts)


def _list_conditions(rules: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """One row for each condition of each pattern, those that are passed over without data last."""
    return [
        (rank, r["signature"], r["meaning"], r["source"], len(r["when"]), asset, *bounds, optional)
        for rank, r in enumerate(rules)
        for optional, conditions in ((False, r["when"]), (True, r.get("when_known", {})))
        for asset, bounds in conditions.items()
    ]


def _list_values(market: Market) -> list[Any]:
    values = [getattr(market, column.split()[0]) for column in MARKET.split(", ")]
    return [list(v) if isinstance(v, tuple) else v for v in values]


def _list_indicators() -> list[tuple[int, str, str]]:
    entries = tomllib.loads(_read("indicators.toml"))["indicator"]
    return [(rank, e["type"], e["pattern"]) for rank, e in enumerate(entries) if e["type"] in read_taxonomy()]


def _read(name: str) -> str:
    return resources.files("kb").joinpath(name).read_text("utf-8")


def _stage(connection: DuckDBPyConnection, name: str, columns: str, rows: Rows) -> None:
    connection.execute(f"CREATE TABLE staged_{name} ({columns})")
    rows = list(rows)
    if rows:
        marks = ", ".join("?" * len(rows[0]))
        connection.executemany(f"INSERT INTO staged_{name} VALUES ({marks})", rows)  # noqa: S608 our own names
