"""Markets and inputs: which price series are asked "why", which only inform, and their thresholds.

Reads `markets.toml`; used by the mart and the answer. Thresholds are fractions: an index jumps at -2.5 % (the
threshold of the human coding, Baker, Bloom, Davis, Sammon 2019); the other classes carry it scaled by their usual
daily volatility relative to US indices.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from kb.errors import NotFound


@dataclass(frozen=True)
class Market:
    """One market. The thresholds (fractions below zero) are those of its class."""

    market: str
    name: str
    asset_class: str
    calendar: str
    named: bool
    human_coded: bool
    symbols: tuple[str, ...]
    keywords: tuple[str, ...]
    gics_sector: str | None
    style: str | None
    quoted: bool
    jump_return: float
    jump_z_return: float
    slide: float
    episode: float


@dataclass(frozen=True)
class InputSeries:
    """A series that informs: its changes are fractions (`price`), percentage points (`percent`) or points (`level`)."""

    series: str
    unit: str
    symbols: tuple[str, ...]


@cache
def _read_file() -> dict[str, dict[str, dict[str, object]]]:
    return tomllib.loads(resources.files("kb").joinpath("markets.toml").read_text("utf-8"))


def make_market(market: str, entry: dict[str, object]) -> Market:
    """A market of its class; what the entry does not say has the default of a single name in New York."""
    asset_class = str(entry.get("class", "single_name"))
    return Market(
        market=market,
        name=str(entry.get("name", market)),
        asset_class=asset_class,
        calendar=str(entry.get("calendar", "NYSE")),
        named=bool(entry.get("named", False)),
        human_coded=bool(entry.get("human_coded", False)),
        symbols=_name_last(market, entry),
        keywords=tuple(entry.get("keywords", [])),  # type: ignore[arg-type]
        gics_sector=entry.get("gics_sector"),  # type: ignore[arg-type]
        style=entry.get("style"),  # type: ignore[arg-type]
        quoted=bool(entry.get("quoted", False)),
        **_read_file()["class"][asset_class],  # type: ignore[arg-type]
    )


def _name_last(name: str, entry: dict[str, object]) -> tuple[str, ...]:
    """The symbols of an entry, its own short name among them."""
    return tuple(dict.fromkeys([*entry.get("symbols", []), name]))  # type: ignore[misc]


@cache
def read_markets() -> dict[str, Market]:
    """All declared markets by short name."""
    return {name: make_market(name, entry) for name, entry in _read_file()["market"].items()}


@cache
def read_inputs() -> dict[str, InputSeries]:
    """All declared inputs by short name."""
    return {n: InputSeries(n, str(e["unit"]), _name_last(n, e)) for n, e in _read_file()["input"].items()}


def find_market(text: str, known: frozenset[str] = frozenset()) -> str:
    """The short name for a name or symbol, whatever its case: "^gspc" -> "SPX".

    `known` adds markets that the knowledge base holds beyond the declared ones. Raises NotFound listing the markets.
    """
    wanted = text.strip().upper()
    for name, market in read_markets().items():
        if wanted == name or wanted in (s.upper() for s in market.symbols):
            return name
    if wanted in known:
        return wanted
    names = ", ".join([*read_markets(), *sorted(known - set(read_markets()))])
    raise NotFound(f"Market {text!r}", "not one of the markets", f"Use one of {names}.")
