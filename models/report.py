"""The report on the attribution: `make evaluate` measures, then writes `models/REPORT.md` and its plot.

Run with the development dependencies and matplotlib: `python -m models.report --gold FILE --dates FILE --home HOME`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from kb.settings import Home
from models.measure import Measured, measure_attribution
from models.report_tables import draw_up

FOLDER = Path(__file__).parent
SOURCES = {"ours": "whyfell", "always": "always the commonest", "keywords": "keyword counts", "tagger": "tagger alone"}
# Two coders on different papers, all days since 1946: Baker, Bloom, Davis and Sammon (2019 draft), table 2.
PEOPLE = 0.55


def plot_agreement(measured: Measured, path: Path) -> None:
    """Write the plot: how often each source's first category is the coders', falls and rises, with 95 % intervals of ours."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "whyfell"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 3.4), layout="constrained")
    for shift, direction, colour in ((0.2, "falls", "#b2182b"), (-0.2, "rises", "#2166ac")):
        part = measured.scores[direction]
        places = [len(SOURCES) - n + shift for n in range(len(SOURCES))]
        heights = [part[source]["top_category_accuracy"] for source in SOURCES]
        axes.barh(places, heights, height=0.36, color=colour, label=f"{direction} ({part['ours']['n']})")
        low, high = part["ours"]["interval"]["top_category_accuracy"]
        axes.plot([low, high], [places[0]] * 2, color="black", linewidth=1.5)
    axes.axvline(PEOPLE, color="gray", linestyle="--", label="two people on different papers")
    axes.set_yticks([len(SOURCES) - n for n in range(len(SOURCES))], list(SOURCES.values()))
    axes.set_xlim(0, 1)
    axes.set_xlabel("first category is one of the coders' first")
    figure.legend(loc="outside right upper", frameon=False, fontsize=8)
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    """Measure and write both files; say where they are."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--gold", type=Path, required=True)
    parser.add_argument("--dates", type=Path, help="score only these days")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--into", type=Path, default=FOLDER, help="folder for REPORT.md and agreement.svg")
    given = parser.parse_args()
    measured = measure_attribution(Home(given.home), given.gold, given.dates)
    plot_agreement(measured, given.into / "agreement.svg")
    (given.into / "REPORT.md").write_text(draw_up(measured), "utf-8")
    print(given.into / "REPORT.md")


if __name__ == "__main__":
    main()
