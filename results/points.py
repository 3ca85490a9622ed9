"""What the charts draw: few enough points for a small file, none where a figure would rest on too few samples."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from results.folder import Phase, RunFolder
from results.histogram import MINIMUM_BEYOND, Counts, percentiles_ns
from results.pool import SPANS, PooledRun
from results.sheet import plain

Point = dict[str, Any]

SPECTRUM_POINTS_PER_DECADE: Final = 16
TIMELINE_POINTS: Final = 300
"""More seconds than these are put together, several to a point."""

SHORTEST_DRAWN_MS: Final = 0.001
"""A logarithmic axis has no zero: what is shorter is drawn here."""


def spectrum(counts: Counts, label: str) -> list[Point]:
    """The percentile spectrum: x = 1 / (1 - percentile), ms; ends where fewer than 10 samples lie beyond."""
    last = counts.total / MINIMUM_BEYOND
    if last < 2:
        return []
    steps = math.ceil(math.log10(last) * SPECTRUM_POINTS_PER_DECADE) + 1
    xs = np.unique(np.round(np.concatenate([np.geomspace(1.0, last, steps), _marks(last)]), 6))
    values = percentiles_ns(counts, tuple(100 * (1 - 1 / x) for x in xs))
    return [{"target": label, "x": float(x), "ms": _drawn(value / 1e6)} for x, value in zip(xs, values, strict=True)]


def spectrum_marks(points: Iterable[Point]) -> list[Point]:
    """The points at 50, 90, 99, 99.9 ... %, which carry the shape of their target."""
    return [point for point in points if point["x"] in {2.0, *(10.0**power for power in range(1, 9))}]


def _marks(last: float) -> list[float]:
    return [x for x in (2.0, *(10.0**power for power in range(1, 9))) if x <= last]


LATENCY_SERIES: Final = {"p50": "middle turn (p50)", "p99": "p99", "max": "slowest turn"}


def latency_over_time(run: RunFolder, at: int) -> list[Point]:
    """Turn response of each second; its p99 only where the second holds 1,000 turns, so that 10 lie beyond."""
    table = _thinned(_turns(run))
    return [
        {"round": at, "second": float(row["second"]), "series": series, "ms": _drawn(float(row[f"{name}_ms"]))}
        for name, series in LATENCY_SERIES.items()
        for row in table.to_dict("records")
        if not pd.isna(row[f"{name}_ms"]) and (name != "p99" or row["done"] + row["failed"] >= 100 * MINIMUM_BEYOND)
    ]


def throughput_over_time(run: RunFolder, at: int) -> list[Point]:
    """Turns offered and turns done in each second."""
    return [
        {"round": at, "second": float(row["second"]), "series": name, "turns": float(row[name])}
        for row in _thinned(_turns(run)).to_dict("records")
        for name in ("offered", "done")
    ]


def seconds_a_point(run: RunFolder) -> int:
    """How many seconds a point of the timeline stands for."""
    return max(math.ceil(len(_turns(run)) / TIMELINE_POINTS), 1)


def _turns(run: RunFolder) -> pd.DataFrame:
    return run.intervals[run.intervals["operation"] == "turn"]


def _thinned(turns: pd.DataFrame) -> pd.DataFrame:
    """Several seconds to a point: the worst p99 and slowest, the middle p50, the mean rate."""
    step = max(math.ceil(len(turns) / TIMELINE_POINTS), 1)
    if step == 1:
        return turns
    rules: dict[str, Literal["min", "median", "max", "mean"]] = {
        "second": "min",
        "p50_ms": "median",
        "p99_ms": "max",
        "max_ms": "max",
        "offered": "mean",
        "done": "mean",
        "failed": "mean",
    }
    return turns.groupby(turns["second"] // step).agg(rules)


def bands(phases: Sequence[Phase]) -> list[Point]:
    """The phases that were not measured, to be shaded."""
    names = {"ramp": "ramp", "warmup": "warm-up", "drain": "drain"}
    return [
        {"start": phase.start_s, "end": phase.end_s, "phase": names[phase.name]}
        for phase in phases
        if phase.name in names and phase.length_s > 0
    ]


def spans(pool: PooledRun) -> list[Point]:
    """p50 and p99 of the four spans of each operation, in ms."""
    points: list[Point] = []
    for name in pool.operations:
        for span in SPANS:
            found = pool.span_of(name, span)
            ends = {end: value for end, value in (("p50", found.p50), ("p99", found.p99)) if value is not None}
            drawn = {end: _drawn(value) for end, value in ends.items()}
            points.append({"operation": plain(name), "span": span, **drawn})
    return points


def errors(pools: Sequence[tuple[str, PooledRun]]) -> list[Point]:
    """Failures by target and kind."""
    return [
        {"row": f"{label}: {plain(kind)}", "errors": count}
        for label, pool in pools
        for kind, count in sorted(_kinds(pool).items())
    ]


def _kinds(pool: PooledRun) -> dict[str, int]:
    kinds: dict[str, int] = {}
    for name in pool.operations:
        for kind, count in pool.errors_of(name).items():
            kinds[kind] = kinds.get(kind, 0) + count
    return kinds


def capacity(pool: PooledRun) -> list[Point]:
    """Read and write units of each operation, a turn."""
    turns = pool.turn_count
    return [
        {"operation": plain(name), "unit": unit, "units": units / turns}
        for name in pool.operations
        for unit, units in zip(("read", "write"), pool.units_of(name), strict=True)
        if turns and units
    ]


def _drawn(value_ms: float) -> float:
    return float(f"{max(value_ms, SHORTEST_DRAWN_MS):.4g}")
