"""The last seconds of a run, for those who watch it: rates, turn response, errors so far, backlog. Never the result."""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple

from results.histogram import EMPTY, Counts, add, settled, summary_ms
from results.logs import timed
from results.recorder import Interval
from results.sample import OPERATION_NAMES, TURN

_RATE_S: Final = 5
_POOLED_S: Final = 30
"""Older turns say nothing of now; until 1,000 of these seconds are there, their largest stands for the p99."""


class _Second(NamedTuple):
    offered: int
    done: int
    response: Counts


class Pulse:
    """Takes closed seconds and answers for the latest of them."""

    def __init__(self) -> None:
        self._seconds: deque[_Second] = deque(maxlen=_POOLED_S)
        self.operations = 0  # of the measured window so far
        self.errors = 0  # of those
        self.backlog_s = 0.0

    def add(self, interval: Interval) -> None:
        """Take one second."""
        done = 0
        for cell, counts in interval.cells.items():
            if cell.span != "response":
                continue
            if cell.operation == TURN:
                done += counts.total
            elif cell.measured and cell.operation < len(OPERATION_NAMES):
                self.operations += counts.total
                self.errors += counts.total if cell.outcome != 0 else 0
        response = timed(interval, TURN, "response")
        self._seconds.append(_Second(interval.engine.offered.get("turn", 0), done, response))
        self.backlog_s = interval.engine.backlog_ns / 1e9

    def done_turns(self) -> float | None:
        """Turns that ended, a second, over the last five; None before the first."""
        return self._rate([second.done for second in self._seconds])

    def offered_turns(self) -> float | None:
        """Turns that were due, a second, over the last five; None before the first."""
        return self._rate([second.offered for second in self._seconds])

    @staticmethod
    def _rate(numbers: list[int]) -> float | None:
        latest = numbers[-_RATE_S:]
        return sum(latest) / len(latest) if latest else None

    def response_ms(self) -> dict[str, float | None]:
        """Turn response (p50, p90, p99, p999, max) over as many of the last seconds as a p99 needs, 30 at most."""
        pooled = EMPTY
        for second in reversed(self._seconds):
            pooled = add(pooled, second.response)
            if settled(pooled, 99.0):
                break
        return summary_ms(pooled)
