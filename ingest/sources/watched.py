"""The companies whose filings and results are read: `watched.toml` as records. Read by `edgar` and `finnhub`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Company:
    """One company: its ticker, its name as people write it, and its numbers at the SEC (ten digits, the present first)."""

    ticker: str
    name: str
    ciks: tuple[str, ...]


@cache
def read_companies() -> Mapping[str, Company]:
    """All watched companies by ticker."""
    with (Path(__file__).parent / "watched.toml").open("rb") as file:
        listed = tomllib.load(file)["company"]
    return {ticker: Company(ticker, entry["name"], tuple(entry["cik"])) for ticker, entry in listed.items()}


@cache
def read_companies_by_cik() -> Mapping[str, Company]:
    """The same by each of their numbers at the SEC, those of predecessors too."""
    return {cik: company for company in read_companies().values() for cik in company.ciks}
