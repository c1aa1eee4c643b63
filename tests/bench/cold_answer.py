"""Time a cold answer as a whole process against `import duckdb`, pair by pair; the promise is a ratio of at most three.

Run by `make bench`. Prints the median of each and of the ratios; timings are not tests.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

PAIRS = 9


def time_command(command: list[str]) -> float:
    """Seconds that a command takes, its output thrown away. Raises CalledProcessError when it fails."""
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - begun


def main() -> None:
    """Warm up, then measure answer and import in turn."""
    home = Path(os.environ.get("WHYFELL_HOME", "var"))
    answer = [sys.executable, "-m", "kb", "2008-10-15", "--home", str(home)]
    imported = [sys.executable, "-c", "import duckdb"]
    time_command(answer)
    pairs = [(time_command(answer), time_command(imported)) for _ in range(PAIRS)]
    ratios = [a / b for a, b in pairs]
    print(f"answer  {statistics.median(a for a, _ in pairs):.3f} s")
    print(f"duckdb  {statistics.median(b for _, b in pairs):.3f} s")
    print(f"ratio   {statistics.median(ratios):.2f} (from {min(ratios):.2f} to {max(ratios):.2f})")


if __name__ == "__main__":
    main()
