"""`make soak`: twenty minutes at 2,000 operations a second. Are memory and lag flat, and how large is a folder?"""

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
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Final

import psutil

from benches.child import BenchError, end
from benches.machine import KEPT, leave, machine
from benches.proof import PROOF, refresh_soaks

RATE: Final = 2000
LIMIT: Final = 1.05
"""Memory is flat when its last quarter is above the second by less than this factor."""

LAG_LIMIT: Final = 1.5
"""The same for lag, which a shared machine moves more than any growth would."""

_WARMUP_S: Final = 20
_SAMPLE_S: Final = 5.0
_MARGIN_S: Final = 60.0


@dataclass
class Memory:
    """Resident sizes in MB, as time went by."""

    engine: list[float] = field(default_factory=list)
    locust: list[float] = field(default_factory=list)


def growth(values: Sequence[float]) -> float:
    """The median of the last quarter over that of the second; raises `BenchError` when there are too few values.

    The first quarter is left out: buffers, histograms and compiled code settle in it.
    """
    quarter = len(values) // 4
    if not quarter:
        raise BenchError("the soak was too short: fewer than four values of memory or lag")
    return median(values[-quarter:]) / median(values[quarter : 2 * quarter])


def lags_ms(rows: Iterable[Mapping[str, str]]) -> list[float]:
    """The p99 of turn lag of each measured second that has one, in ms."""
    measured = (row for row in rows if row["phase"] == "measured" and row["operation"] == "turn")
    return [float(row["lag_p99_ms"]) for row in measured if row["lag_p99_ms"]]


@dataclass(frozen=True)
class Load:
    """What the soak sends: `rate` turns a second of a workload, for so long."""

    target: str
    workload: str
    rate: float
    duration_s: float


def begin(folder: Path, load: Load) -> subprocess.Popen[str]:
    """Start the run."""
    command = [sys.executable, "-m", "locust", "-f", str(Path(__file__).parents[1] / "loadtests" / "chat.py")]
    command += ["--headless", "--only-summary", "--loglevel", "WARNING", "--target", load.target]
    command += ["--workload", load.workload, "--rate", f"{load.rate:g}", "--warmup", f"{_WARMUP_S}s"]
    experiment = {"duration_s": load.duration_s, "quiet": True}
    return subprocess.Popen(
        [*command, "--out", str(folder)],
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


def findings(run_folder: Path, memory: Memory, duration_s: float) -> tuple[list[str], bool]:
    """What came of it in lines, and whether memory and lag were flat."""
    run = json.loads((run_folder / "run.json").read_text(encoding="utf-8"))
    totals = run["totals"]
    with (run_folder / "intervals.csv").open(encoding="utf-8", newline="") as rows:
        lags = lags_ms(csv.DictReader(rows))
    size_mb = sum(path.stat().st_size for path in run_folder.iterdir()) / 1e6
    engine, locust, lag = growth(memory.engine), growth(memory.locust), growth(lags)
    lines = [
        f"{run['target']['name']}, {run['workload']['name']}: {duration_s / 60:g} minutes",
        f"{totals['throughput_ops']:,.0f} ops/s, engine CPU {totals['engine_cpu']:.0%}; ended: {run['end']['reason']}",
        f"valid: {run['validity']['valid']} {[reason['figure'] for reason in run['validity']['reasons']]}",
        f"integrity: {run['integrity'].get('violations', run['integrity'].get('why'))}",
        f"engine memory, every fifth of the window: {sizes(memory.engine)}; {told(engine, LIMIT)}",
        f"Locust memory, every fifth of the window: {sizes(memory.locust)}; {told(locust, LIMIT)}",
        f"lag p99 of each second, median of the quarters: {quarters(lags)} ms; {told(lag, LAG_LIMIT)}",
        f"folder: {size_mb:.1f} MB, {size_mb / duration_s * 3600:.0f} MB an hour",
    ]
    return lines, engine < LIMIT and locust < LIMIT and lag < LAG_LIMIT


def sizes(rss_mb: Sequence[float]) -> str:
    """Six sizes, evenly spaced, the first and the last among them."""
    last = len(rss_mb) - 1
    return f"{' '.join(f'{rss_mb[round(at * last / 5)]:.1f}' for at in range(6))} MB"


def quarters(values: Sequence[float]) -> str:
    """The median of each quarter."""
    quarter = len(values) // 4
    return " ".join(f"{median(values[at * quarter : (at + 1) * quarter]):.3f}" for at in range(4))


def told(ratio: float, limit: float) -> str:
    """The last quarter over the second, with its verdict."""
    return f"last quarter / second {ratio:.3f}: {'flat' if ratio < limit else f'NOT flat, limit {limit}'}"


def keep(load: Load, lines: Sequence[str]) -> None:
    """Leave the findings of this load, in place of those before."""
    KEPT.mkdir(exist_ok=True)
    utc = datetime.now(UTC).strftime("%Y-%m-%d %H:%M")
    path = KEPT / f"soak-{load.target}-{load.workload}.json"
    path.write_text(json.dumps({"utc": utc, "lines": list(lines)}, indent=1) + "\n", encoding="utf-8")


def main() -> int:
    """Answers 0 when memory and lag were flat, 1 when they were not, 2 when there was no run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--target", default="null")
    parser.add_argument("--workload", default="point-read")
    parser.add_argument("--rate", type=float, default=RATE, help="turns a second")
    options = parser.parse_args()
    load = Load(options.target, options.workload, options.rate, options.minutes * 60)
    signal.signal(signal.SIGTERM, leave)
    heading = machine()
    print(heading, flush=True)
    with tempfile.TemporaryDirectory(prefix="dbverdict-soak-") as folder:
        child = begin(Path(folder), load)
        try:
            memory = sample(child, Path(folder), load.duration_s)
        finally:
            end(child)
        folders = [path.parent for path in Path(folder).glob("*/run.json")]
        if len(folders) != 1 or not memory.locust or not memory.engine:
            print(f"soak: no run to judge (Locust ended with status {child.returncode})", file=sys.stderr)
            return 2
        lines, flat = findings(folders[0], memory, load.duration_s)
    print("\n".join(lines))
    keep(load, [heading, *lines])
    refresh_soaks(PROOF)
    return 0 if flat else 1


if __name__ == "__main__":
    sys.exit(main())
