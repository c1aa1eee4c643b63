"""Staging: the ledger's rows and the declared facts, as tables that the SQL steps read.

Ledger rows travel as Arrow through ADBC, without pyarrow. ADBC infers a column's type from the first rows, so NULLs are
sent as a stand-in value and turned back on arrival.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterable, Sequence
from importlib import resources
from typing import TYPE_CHECKING, Any

from kb.markets import make_market, read_inputs, read_markets
from kb.settings import Home
from kb.taxonomy import read_taxonomy

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NO_NUMBER = -1e308  # stands for NULL in numeric columns on the way from SQLite
# Columns of the ledger's tables by kind: text, real, whole, day, instant.
LEDGER: dict[str, dict[str, str]] = {
    "document": {
        "document_id": "text", "source": "text", "title": "text", "summary": "text", "url": "text", "happened_at": "instant",
        "public_lo": "instant", "public_hi": "instant", "precision": "text", "origin": "text",
    },
    "bar": {
        "symbol": "text", "session": "day", "source": "text", "recorded_at": "instant", "open": "real", "high": "real",
        "low": "real", "close": "real", "volume": "real", "origin": "text",
    },
    "release": {
        "indicator": "text", "period": "text", "released_at": "instant", "source": "text", "recorded_at": "instant",
        "actual": "real", "consensus": "real", "previous": "real", "origin": "text",
    },
    "liquidation": {
        "asset": "text", "at": "instant", "venue": "text", "source": "text", "recorded_at": "instant", "long_usd": "real",
        "short_usd": "real", "origin": "text",
    },
    "reading": {
        "document_id": "text", "model": "text", "wrap": "whole", "risk": "whole", "stated_cause": "text",
        "direction": "whole", "weekday": "whole", "ahead": "whole",
    },
    "trigger": {"document_id": "text", "model": "text", "rank": "whole", "type": "text", "score": "real"},
    "event": {"event_id": "text", "type": "text", "title": "text", "public_hi": "instant"},
    "event_document": {"event_id": "text", "document_id": "text", "novelty": "real"},
}  # fmt: skip
ARRIVE = {
    "text": "{c}", "real": "nullif({c}, -1e308)", "whole": "CAST({c} AS INTEGER)",
    "day": "CAST({c} AS DATE)", "instant": "timezone('UTC', CAST(nullif({c}, '') AS TIMESTAMP))",
}  # fmt: skip
TYPES = {"text": "VARCHAR", "real": "DOUBLE", "whole": "INTEGER", "day": "DATE", "instant": "TIMESTAMPTZ"}


def stage_ledger(connection: DuckDBPyConnection, home: Home, model: str) -> None:
    """Make `staged_<table>` for every ledger table; of readings and triggers only those of the named model."""
    import adbc_driver_sqlite.dbapi as adbc

    with adbc.connect(str(home.ledger)) as ledger, ledger.cursor() as cursor:
        for table, columns in LEDGER.items():
            # ADBC binds parameters only with pyarrow; the name of a model is our own, of letters, digits and hyphens.
            where = f"WHERE model = '{model}'" if "model" in columns else ""
            sent = ", ".join(_send(c, kind) for c, kind in columns.items())
            cursor.execute(f'SELECT {sent} FROM "{table}" {where}')  # noqa: S608 our own names
            _receive(connection, table, columns, cursor)


def _send(column: str, kind: str) -> str:
    if kind == "real":
        return f'coalesce(CAST("{column}" AS REAL), {NO_NUMBER}) AS "{column}"'
    stand_in = "0" if kind == "whole" else "''"
    return f'coalesce("{column}", {stand_in}) AS "{column}"'


def _receive(connection: DuckDBPyConnection, table: str, columns: dict[str, str], cursor: Any) -> None:
    stream = cursor.fetch_arrow()
    connection.register("arriving", stream)
    arrived = ", ".join(f'{ARRIVE[kind].format(c=chr(34) + c + chr(34))} AS "{c}"' for c, kind in columns.items())
    declared = ", ".join(f'"{c}" {TYPES[kind]}' for c, kind in columns.items())
    connection.execute(f"CREATE TABLE staged_{table} ({declared})")
    connection.execute(f"INSERT INTO staged_{table} SELECT {arrived} FROM arriving")  # noqa: S608 our own names
    connection.unregister("arriving")


def stage_facts(connection: DuckDBPyConnection, weights: dict[str, Any], meta: dict[str, str]) -> None:
    """Make the staged tables of what is declared: calendar, markets, indicators, signatures, weights, facts of the run."""
    _stage_calendar(connection)
    _stage_markets(connection)
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
    columns = (
        "market VARCHAR, name VARCHAR, asset_class VARCHAR, calendar VARCHAR, named BOOLEAN, human_coded BOOLEAN, "
        "keywords VARCHAR[], jump_return DOUBLE, jump_z_return DOUBLE, slide DOUBLE, episode DOUBLE"
    )
    told = [(m.market, m.name, m.asset_class, m.calendar, m.named, m.human_coded, list(m.keywords)) for m in markets]
    limits = [(m.jump_return, m.jump_z_return, m.slide, m.episode) for m in markets]
    _stage(connection, "market", columns, [a + b for a, b in zip(told, limits, strict=True)])
    series = [(m.market, s, rank, m.calendar, "price") for m in markets for rank, s in enumerate(m.symbols)]
    series += [(i.series, s, rank, "NYSE", i.unit) for i in read_inputs().values() for rank, s in enumerate(i.symbols)]
    _stage(
        connection,
        "series",
        "series VARCHAR, symbol VARCHAR, symbol_rank INTEGER, calendar VARCHAR, unit VARCHAR",
        series,
    )
    _stage(connection, "asked_market", "market VARCHAR", [(m.market,) for m in declared if m.named])


def _list_indicators() -> list[tuple[int, str, str]]:
    entries = tomllib.loads(_read("indicators.toml"))["indicator"]
    return [(rank, e["type"], e["pattern"]) for rank, e in enumerate(entries) if e["type"] in read_taxonomy()]


def _read(name: str) -> str:
    return resources.files("kb").joinpath(name).read_text("utf-8")


def _stage(connection: DuckDBPyConnection, name: str, columns: str, rows: Iterable[Sequence[Any]]) -> None:
    connection.execute(f"CREATE TABLE staged_{name} ({columns})")
    rows = list(rows)
    if rows:
        marks = ", ".join("?" * len(rows[0]))
        connection.executemany(f"INSERT INTO staged_{name} VALUES ({marks})", rows)  # noqa: S608 our own names
