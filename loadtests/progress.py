"""What a person watching an experiment sees: time left, phase, live turn response, rate, errors, backlog."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from loadtests.settings import Settings
from results.histogram import percentiles_ns
from results.logs import timed
from results.recorder import Interval
from results.sample import TURN

_PLAIN_EVERY_S = 10


class Progress:
    """A line that is rewritten on a terminal, a plain line every ten seconds elsewhere; silent outside experiments."""

    def __init__(
        self, settings: Settings, experiment: Mapping[str, Any], open_s: float, duration_s: float | None
    ) -> None:
        self._name = settings.target
        self._label = experiment.get("label", "")
        self._end_s = None if duration_s is None else open_s + duration_s
        self._shown = bool(experiment)
        self._terminal = sys.stderr.isatty()

    def show(self, interval: Interval, phase: str) -> None:
        """Tell about one closed second."""
        if not self._shown:
            return
        if self._terminal:
            print(f"\r\x1b[K{self._line(interval, phase)}", end="", file=sys.stderr, flush=True)
        elif interval.second % _PLAIN_EVERY_S == _PLAIN_EVERY_S - 1:
            print(self._line(interval, phase), file=sys.stderr, flush=True)

    def _line(self, interval: Interval, phase: str) -> str:
        turns = timed(interval, TURN, "response")
        p50, p99 = (value / 1e6 for value in percentiles_ns(turns, (50.0, 99.0)))
        failed = sum(
            counts.total
            for cell, counts in interval.cells.items()
            if cell.operation == TURN and cell.span == "response" and cell.outcome != 0
        )
        left = "" if self._end_s is None else f"{max(self._end_s - interval.second - 1, 0):.0f} s left, "
        backlog = f", backlog {interval.engine.backlog_ns / 1e9:.1f} s" if interval.engine.backlog_ns > 1e9 else ""
        return (
            f"{self._label}{self._name}: {left}{phase}, {turns.total} turns/s, "
            f"response p50 {p50:.3g} ms p99 {p99:.3g} ms, {failed} failed{backlog}"
        )
