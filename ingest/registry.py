"""All sources: what the modules of `ingest.sources` declare."""

from __future__ import annotations

import os
import pkgutil
from collections.abc import Sequence
from functools import cache
from importlib import import_module

import ingest.sources
from ingest.source import Source
from kb.errors import BadInput


@cache
def list_sources() -> tuple[Source, ...]:
    """Every declared source, by name. Raises AssertionError when two share a name, which is our own mistake."""
    found: list[Source] = []
    for module in pkgutil.iter_modules(ingest.sources.__path__):
        found.extend(getattr(import_module(f"ingest.sources.{module.name}"), "SOURCES", ()))
    names = [s.name for s in found]
    assert len(names) == len(set(names)), f"two sources share a name: {sorted(names)}"
    return tuple(sorted(found, key=lambda s: s.name))


def pick_sources(only: Sequence[str] = (), also: Sequence[str] = ()) -> list[Source]:
    """The sources named by `only`, else all that are not optional; and those named by `also`.

    Raises BadInput for a name that none has.
    """
    by_name = {s.name: s for s in list_sources()}
    unknown = [name for name in (*only, *also) if name not in by_name]
    if unknown:
        raise BadInput(f"Source {unknown[0]!r}", "there is none", f"Use some of {', '.join(by_name)}.")
    chosen = only or [s.name for s in by_name.values() if not s.optional]
    return [by_name[n] for n in dict.fromkeys((*chosen, *also))]


def list_missing(source: Source) -> list[str]:
    """The environment variables that the source needs and that are not set."""
    return [name for name in source.needs if not os.environ.get(name)]
