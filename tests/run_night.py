"""`whyfell` with the sources of the tests in place of the declared ones, for runs in a process of their own."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import night_sources

from ingest import registry


def main():
    """Run the command line given."""
    registry.list_sources = lambda: night_sources.ALL
    for module in ("ingest.health", "ingest.day_fetch"):
        __import__(module)
        sys.modules[module].list_sources = registry.list_sources
    from kb.cli import main as whyfell

    whyfell(sys.argv[1:])


if __name__ == "__main__":
    main()
