"""Items a second of each stage, and of `whyfell tag` on a million items: python tests/bench/tagger_speed.py [FOLDER].

Items are the headlines of the Parquet files in FOLDER (default: the archive beside the project), in a shuffled order with
one seed, distinct as long as they last; without a folder, own sentences repeated. Prints one line a figure; nothing is
asserted, for machines differ.
"""

from __future__ import annotations

import csv
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from models.labels import ARCHIVE, read_archive, read_own
from models.tagger import CASCADE, ENCODER, FAST, Tagger

MILLION, SEED = 1_000_000, 7
SAMPLES = {FAST: 100_000, CASCADE: 40_000, ENCODER: 1_500}


def gather(folder: Path) -> list[tuple[str, str]]:
    """A million (title, summary) pairs."""
    items = list(read_archive(folder).values()) or [(label.title, "") for label in read_own()]
    random.Random(SEED).shuffle(items)
    return (items * (MILLION // len(items) + 1))[:MILLION]


def time_stages(items: list[tuple[str, str]]) -> None:
    tagger = Tagger.load()
    tagger.read([("warm", *item) for item in items[:5_000]])
    for stage, count in SAMPLES.items():
        batch = [(str(i), *item) for i, item in enumerate(items[-count:])]
        began = time.perf_counter()
        tagger.read(batch, stage=stage)
        print(f"{stage:8s} one process: {count / (time.perf_counter() - began):10,.0f} items/s")
    asked = tagger.score(items[-SAMPLES[CASCADE] :]).asked.mean()
    print(f"share of the stream that the encoder sees: {asked:.4f}")


def time_command(items: list[tuple[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "items.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["id", "title", "summary"])
            writer.writerows([i, title, summary] for i, (title, summary) in enumerate(items))
        began = time.perf_counter()
        with (Path(folder) / "tags.jsonl").open("wb") as out:
            subprocess.run([sys.executable, "-m", "kb", "tag", str(path)], stdout=out, check=True)
        seconds = time.perf_counter() - began
        lines = sum(1 for _ in (Path(folder) / "tags.jsonl").open("rb"))
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
    print(f"whyfell tag, {os.cpu_count()} cores: {lines:,} items in {seconds:.1f} s, {lines / seconds:,.0f} items/s")
    print(f"largest process {most:.2f} GB")


if __name__ == "__main__":
    everything = gather(Path(sys.argv[1]) if len(sys.argv) > 1 else ARCHIVE)
    time_stages(everything)
    time_command(everything)
