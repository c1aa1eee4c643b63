"""Import a whole archive into an empty home, build, time it, score it against people: `make check-full`.

Takes the folder of the archive; where it is absent, says so and leaves. The archive holds `news/dated/*.parquet`,
`market/prices_daily.parquet`, and for the scores `causes/` and `gold/`.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LONGEST, LARGEST = 600, 3_000_000  # seconds and kB: what the import and build of 460,000 items may take on two cores


def run(home: Path, *arguments: str) -> float:
    """Seconds that a whyfell command took. Raises CalledProcessError when it fails."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-m", "kb", *arguments, "--home", str(home)], check=True)
    return time.perf_counter() - begun


def score(archive: Path, home: Path) -> None:
    """Print the scores on the coded days and the labelled headlines of the archive."""
    gold = archive / "causes" / "bbds_us_jumps_by_day_1900_2020.dev.csv"
    days = archive / "causes" / "eval_days.dev.csv"
    run(home, "evaluate", "attribution", "--gold", str(gold), "--dates", str(days))
    headlines = archive / "gold" / "headlines_dev.csv"
    subprocess.run([sys.executable, "-m", "kb", "evaluate", "tagger", "--gold", str(headlines)], check=True)


def main() -> None:
    """Import, build, import again (nothing new), score; leave with 1 when a bound is passed."""
    archive = Path(sys.argv[1])
    if not archive.is_dir():
        raise SystemExit(f"No archive in {archive}: nothing was checked. Name one: make check-full ARCHIVE=/path")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        news = [str(p) for p in sorted((archive / "news" / "dated").glob("*.parquet"))]
        seconds = run(home, "import", "news", *news)
        seconds += run(home, "import", "prices", str(archive / "market" / "prices_daily.parquet"))
        seconds += run(home, "build")
        largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        print(f"import and build: {seconds:.0f} s, largest process {largest / 1e6:.2f} GB")
        run(home, "import", "news", *news)
        score(archive, home)
    if seconds > LONGEST or largest > LARGEST:
        raise SystemExit(f"Passed a bound: {LONGEST} s, {LARGEST / 1e6:.0f} GB.")


if __name__ == "__main__":
    main()
