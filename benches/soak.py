"""`make soak`: ten minutes at 5,000 operations a second on `null`. Is the engine's memory flat, and its lag with it?"""

from __future__ import annotations

import argparse
import csv
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil

from benches.child import BenchError, end
from benches.ratio import Spread, figure, spread
from benches.table import leave, machine

RATE: Final = 5000
LIMIT: Final = 1.05
"""Memory is flat when it has grown by less than this factor over the measured window."""

_WARMUP_S: Final = 20
_SAMPLE_S: Final = 5.0
_MARGIN_S: Final = 60.0


@dataclass
class Memory:
    """Resident sizes in MB, as time went by."""

    engine: list[float] = field(default_factory=list)
    locust: list[float] = field(default_factory=list)


def growth(rss_mb: Sequence[float]) -> float:
    """The last size over the first; raises `BenchError` when there is none."""
    if not rss_mb:
        raise BenchError("no memory was sampled in the measured window")
    return rss_mb[-1] / rss_mb[0]


def per_minute(rows: Iterable[Mapping[str, str]]) -> list[Spread | None]:
    """Of the p99 of turn lag in each measured second (ms): median, least and greatest of each minute.

    A minute's own p99 cannot be had from those of its seconds.
    """
    minutes: dict[int, list[float | None]] = defaultdict(list)
    measured = [row for row in rows if row["phase"] == "measured" and row["operation"] == "turn"]
    for row in measured:
        minute = (int(row["second"]) - int(measured[0]["second"])) // 60
        minutes[minute].append(float(row["lag_p99_ms"]) if row["lag_p99_ms"] else None)
    return [spread(minutes[minute]) for minute in sorted(minutes)]


def begin(folder: Path, duration_s: float) -> subprocess.Popen[str]:
    """Start the run."""
    command = [sys.executable, "-m", "locust", "-f", str(Path(__file__).parents[1] / "loadtests" / "chat.py")]
    command += ["--headless", "--only-summary", "--loglevel", "WARNING", "--target", "null"]
    command += ["--workload", "point-read", "--rate", str(RATE), "--warmup", f"{_WARMUP_S}s", "--out", str(folder)]
    experiment = {"duration_s": duration_s, "quiet": True}
    return subprocess.Popen(
        command,
        env={**os.environ, "DBVERDICT_EXPERIMENT": json.dumps(experiment)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )


def sample(child: subprocess.Popen[str], folder: Path, duration_s: float) -> Memory:
    """Resident sizes of Locust and its engine within the measured window, until the run ends."""
    memory, parent = Memory(), psutil.Process(child.pid)
    opens_s = closes_s = 0.0
    limit_s = time.monotonic() + _WARMUP_S + duration_s + _MARGIN_S
    while child.poll() is None and time.monotonic() < limit_s:
        if not opens_s and any(folder.glob("*/run.json")):  # the start instant lies 0.3 s ahead of it
            opens_s = time.monotonic() + _WARMUP_S + 1
            closes_s = opens_s + duration_s - 2
        if opens_s and opens_s <= time.monotonic() < closes_s:
            memory.locust.append(parent.memory_info().rss / 1e6)
            memory.engine += [process.memory_info().rss / 1e6 for process in engines(parent)]
        try:
            child.wait(_SAMPLE_S if opens_s else 0.2)
        except subprocess.TimeoutExpired:
            continue
    return memory


def engines(parent: psutil.Process) -> list[psutil.Process]:
    """The engine of this Locust process."""
    return [child for child in parent.children() if "loadtests.engine" in child.cmdline()]


def report(run_folder: Path, memory: Memory) -> bool:
    """Print what came of it; answers whether the engine's memory was flat."""
    run = json.loads((run_folder / "run.json").read_text(encoding="utf-8"))
    first, last = map(float, run["harness"]["rss_mb"][0])
    totals = run["totals"]
    print(f"{totals['throughput_ops']:,.0f} ops/s of {RATE:,}, engine CPU {totals['engine_cpu']:.0%}; {run['end']}")
    print(f"valid: {run['validity']['valid']} {[reason['figure'] for reason in run['validity']['reasons']]}")
    with (run_folder / "intervals.csv").open(encoding="utf-8", newline="") as lines:
        minutes = per_minute(csv.DictReader(lines))
    print("minute  lag p99 of its seconds, ms: median (least..worst)")
    for number, lag in enumerate(minutes, 1):
        print(f"{number:>6}  {lag.text() if lag else '–'}")
    print(f"lag p99 of the whole window: {run['turns']['lag_ms']['p99']:.3f} ms")
    print(f"folder: {sum(path.stat().st_size for path in run_folder.iterdir()) / 1e6:.1f} MB")
    engine, locust_growth = last / first, growth(memory.locust)
    print(f"engine rss, first and last second of the window: {first:.1f} -> {last:.1f} MB, {told(engine)}")
    print(f"engine rss, each minute: {sizes(memory.engine)}, {told(growth(memory.engine))}")
    print(f"Locust process rss, each minute: {sizes(memory.locust)}, {told(locust_growth)}")
    return engine < LIMIT


def sizes(rss_mb: Sequence[float]) -> str:
    """The size at the start of each minute, and the last."""
    each_minute = [*rss_mb[:: int(60 / _SAMPLE_S)], rss_mb[-1]]
    return f"{' '.join(f'{size:.1f}' for size in each_minute)} MB"


def told(ratio: float) -> str:
    """A growth factor with its verdict."""
    return f"ratio {figure(ratio)}: {'flat' if ratio < LIMIT else f'NOT flat, limit {LIMIT}'}"


def main() -> int:
    """Answers 0 when the engine's memory was flat, 1 when it was not, 2 when there was no run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    duration_s = parser.parse_args().minutes * 60
    signal.signal(signal.SIGTERM, leave)
    print(machine(), flush=True)
    with tempfile.TemporaryDirectory(prefix="dbverdict-soak-") as folder:
        child = begin(Path(folder), duration_s)
        try:
            memory = sample(child, Path(folder), duration_s)
        finally:
            end(child)
        folders = [path.parent for path in Path(folder).glob("*/run.json")]
        if len(folders) != 1 or not memory.locust or not memory.engine:
            print(f"soak: no run to judge (Locust ended with status {child.returncode})", file=sys.stderr)
            return 2
        return 0 if report(folders[0], memory) else 1


if __name__ == "__main__":
    sys.exit(main())
