"""From packed samples to a second's histograms: what one engine hands over each second, and how parts are added.

Runs in the Locust process, which is in no hurry; the engine only packs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from results.histogram import Array, Counts, add, count
from results.sample import HEARTBEAT, OPERATION_NAMES, OUTCOMES, STALENESS, TURN, unpack

SPANS: Final = {
    "response": ("intended", "done"),
    "queue": ("intended", "free"),
    "lag": ("free", "ready"),
    "wait": ("ready", "sent"),
    "service": ("sent", "done"),
}
"""Each span and the two instants it lies between (ns)."""

_TURN_SPANS: Final = ("response", "queue", "lag")
_LAG_ALONE: Final = ("lag",)
_UNFINISHED: Final = OUTCOMES.index("unfinished")
LATE_NS: Final = 1_000_000
"""A turn is late when its lag, an operation when its wait for a connection, exceeds 1 ms."""


class Cell(NamedTuple):
    """What a histogram is of. `measured` says whether the samples' turns were due in the measured window."""

    operation: int
    outcome: int
    measured: bool
    span: str


@dataclass
class EngineSecond:
    """What one engine says of itself at the end of a second."""

    ended_ns: int = 0  # when it was said, on the engine's clock: the last one of a window may come early
    cpu_ns: int = 0  # of the process, since it started
    lane_cpu_ns: int = 0  # of its lane process, if it has one
    backlog_ns: int = 0  # age of the oldest turn that is due and not begun
    rss_bytes: int = 0
    clock_jump_ns: int = 0  # how far a clock jumped against the stopwatch in this second; 0: it did not
    skipped: int = 0  # operations not issued because an earlier write to their chat had failed
    offered: dict[str, int] = field(default_factory=dict)  # operation name or "turn" -> offered in this second


@dataclass
class Interval:
    """One second of one engine, or of several added together."""

    second: int
    cells: dict[Cell, Counts] = field(default_factory=dict)
    late: dict[int, int] = field(default_factory=dict)  # operation -> late ones
    units: dict[int, tuple[float, float]] = field(default_factory=dict)  # operation -> measured read, write units
    all_units: tuple[float, float] = (0.0, 0.0)  # of every sample, warm-up included: what a bill would hold
    completed_ops: int = 0  # ok, done within the measured window
    completed_turns: int = 0
    late_turns: int = 0  # measured ones
    engine: EngineSecond = field(default_factory=EngineSecond)

    def to_message(self) -> dict[str, Any]:
        """A form that msgpack carries; `from_message` reverses it exactly."""
        return {
            "second": self.second,
            "cells": [
                [*cell, counts.buckets.astype("<i4").tobytes(), counts.counts.astype("<i8").tobytes()]
                for cell, counts in self.cells.items()
            ],
            "late": list(self.late.items()),
            "units": [[operation, *pair] for operation, pair in self.units.items()],
            "all_units": list(self.all_units),
            "completed": [self.completed_ops, self.completed_turns, self.late_turns],
            "engine": asdict(self.engine),
        }

    @classmethod
    def from_message(cls, message: dict[str, Any]) -> Interval:
        """Read what `to_message` made."""
        return cls(
            second=message["second"],
            cells={
                Cell(operation, outcome, bool(measured), span): Counts(
                    np.frombuffer(buckets, "<i4").astype(np.int64), np.frombuffer(counts, "<i8").astype(np.int64)
                )
                for operation, outcome, measured, span, buckets, counts in message["cells"]
            },
            late=dict(message["late"]),
            units={operation: (read, write) for operation, read, write in message["units"]},
            all_units=(message["all_units"][0], message["all_units"][1]),
            completed_ops=message["completed"][0],
            completed_turns=message["completed"][1],
            late_turns=message["completed"][2],
            engine=EngineSecond(**message["engine"]),
        )


def merge(parts: Iterable[Interval]) -> Interval:
    """Add the same second of several engines, exactly; what engines say of themselves is left to the reader."""
    parts = list(parts)
    merged = Interval(parts[0].second)
    for cell in {cell for part in parts for cell in part.cells}:
        merged.cells[cell] = add(*(part.cells[cell] for part in parts if cell in part.cells))
    for part in parts:
        for operation, late in part.late.items():
            merged.late[operation] = merged.late.get(operation, 0) + late
        for operation, (read, write) in part.units.items():
            before = merged.units.get(operation, (0.0, 0.0))
            merged.units[operation] = (before[0] + read, before[1] + write)
        merged.all_units = (merged.all_units[0] + part.all_units[0], merged.all_units[1] + part.all_units[1])
        merged.completed_ops += part.completed_ops
        merged.completed_turns += part.completed_turns
        merged.late_turns += part.late_turns
        for name, offered in part.engine.offered.items():
            merged.engine.offered[name] = merged.engine.offered.get(name, 0) + offered
    return merged


class Recorder:
    """Collects one engine's samples and closes them into intervals.

    `open_ns` and `close_ns` bound the measured window on the engine's clock; `close_ns` may still come down,
    but never below an instant whose samples were closed already.
    """

    def __init__(self, open_ns: int, close_ns: int) -> None:
        self.open_ns = open_ns
        self.close_ns = close_ns
        self._chunks: list[NDArray[np.void]] = []

    def add(self, blob: bytes) -> None:
        """Take packed samples as they come from the engine."""
        self._chunks.append(unpack(blob))

    def close_second(self, second: int, engine: EngineSecond) -> Interval:
        """Everything since the last call becomes the interval `second`."""
        interval = Interval(second, engine=engine)
        if self._chunks:
            samples = np.concatenate(self._chunks)
            self._chunks.clear()
            self._count(interval, samples)
        return interval

    def _count(self, interval: Interval, samples: NDArray[np.void]) -> None:
        measured = (samples["due"] >= self.open_ns) & (samples["due"] < self.close_ns)
        keys = samples["operation"].astype(np.int64) << 8 | samples["outcome"].astype(np.int64) << 1 | measured
        for key in np.unique(keys).tolist():
            self._count_cell(interval, samples[keys == key], key >> 8, key >> 1 & 0x7F, bool(key & 1))
        interval.all_units = (float(samples["read_units"].sum()), float(samples["write_units"].sum()))
        in_window = (samples["done"] >= self.open_ns) & (samples["done"] < self.close_ns) & (samples["outcome"] == 0)
        interval.completed_ops = int((in_window & (samples["operation"] < len(OPERATION_NAMES))).sum())
        interval.completed_turns = int((in_window & (samples["operation"] == TURN)).sum())

    @staticmethod
    def _count_cell(interval: Interval, part: NDArray[np.void], operation: int, outcome: int, measured: bool) -> None:
        for span in {TURN: _TURN_SPANS, HEARTBEAT: _LAG_ALONE, STALENESS: _LAG_ALONE}.get(operation, SPANS):
            timed = part[part["done"] > part["sent"]] if span == "service" and outcome == _UNFINISHED else part
            if len(timed):  # what never got a connection was never served
                interval.cells[Cell(operation, outcome, measured, span)] = count(_span_ns(timed, span))
        if operation in (HEARTBEAT, STALENESS):
            return
        late = int((_span_ns(part, "lag" if operation == TURN else "wait") > LATE_NS).sum())
        interval.late[operation] = interval.late.get(operation, 0) + late
        if operation == TURN:
            interval.late_turns += late if measured else 0
        elif measured:
            before = interval.units.get(operation, (0.0, 0.0))
            read, write = float(part["read_units"].sum()), float(part["write_units"].sum())
            interval.units[operation] = (before[0] + read, before[1] + write)


def _span_ns(samples: NDArray[np.void], span: str) -> Array:
    begin, end = SPANS[span]
    difference: Array = samples[end] - samples[begin]
    return difference


def name_of(operation: int) -> str:
    """The result name of a sample's `operation`."""
    return {TURN: "turn", HEARTBEAT: "heartbeat", STALENESS: "staleness"}.get(operation) or OPERATION_NAMES[operation]


def tag_of(operation: int, outcome: int) -> str:
    """The tag in an interval log: the name alone when all went well, else with the outcome."""
    return name_of(operation) if outcome == 0 else f"{name_of(operation)}.{OUTCOMES[outcome]}"
