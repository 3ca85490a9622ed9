"""Locust's live table and CSV as a mirror of our histograms: for watching, never the result.

Locust's console prints whole milliseconds; its CSV, JSON and web UI show the fractions that are kept here.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from locust import stats as locust_stats
from locust.stats import RequestStats, StatsEntry, StatsError

from results.histogram import Counts, highest_value_of
from results.recorder import Cell, Interval, name_of
from results.sample import HEARTBEAT, OUTCOMES, TIMED_OUTCOMES, TURN

_KEPT_SECONDS = 30
"""Locust reads the last dozen seconds of its counts per second, and never drops one: a long run would only grow."""

_TIMED = frozenset(OUTCOMES.index(outcome) for outcome in TIMED_OUTCOMES)


def show_our_percentiles() -> None:
    """Have Locust's tables, charts and CSV show the percentiles that our reports do, where it lets us choose."""
    locust_stats.PERCENTILES_TO_CHART = [0.5, 0.99]
    locust_stats.PERCENTILES_TO_STATISTICS = [0.99]  # beside the median, which is always there
    locust_stats.PERCENTILES_TO_REPORT = [0.5, 0.9, 0.99, 0.999, 1.0]


class Mirror:
    """Feeds closed seconds into Locust's statistics; starts them anew when the measured window opens."""

    def __init__(self, stats: RequestStats, wall_s: Callable[[], float] = time.time) -> None:
        self._stats = stats
        self._wall_s = wall_s
        self._measuring = False

    def show(self, interval: Interval, phase: str) -> None:
        """Add one second's responses: the turn's under `turn`, each operation's under `op`."""
        if phase == "measured" and not self._measuring:
            self._measuring = True
            self._stats.reset_all()
        for cell, counts in interval.cells.items():
            if cell.span == "response" and cell.operation != HEARTBEAT and (cell.measured or not self._measuring):
                self._add(cell, counts)

    def _add(self, cell: Cell, counts: Counts) -> None:
        method = "turn" if cell.operation == TURN else "op"
        entries = [self._stats.get(name_of(cell.operation), method)]
        if cell.operation != TURN:  # a turn is made of the operations: counting both would count twice
            entries.append(self._stats.total)
        for entry in entries:
            _extend(entry, counts, self._wall_s(), failed=cell.outcome != 0, timed=cell.outcome in _TIMED)
        if cell.outcome != 0:
            self._error(method, name_of(cell.operation), OUTCOMES[cell.outcome], counts.total)

    def _error(self, method: str, name: str, outcome: str, occurrences: int) -> None:
        key = StatsError.create_key(method, name, outcome)
        error = self._stats.errors.setdefault(key, StatsError(method, name, outcome))
        error.occurrences += occurrences


def _forget(per_second: dict[int, int], now: int) -> None:
    while (oldest := next(iter(per_second))) < now - _KEPT_SECONDS:
        del per_second[oldest]


def _extend(entry: StatsEntry, counts: Counts, now: float, *, failed: bool, timed: bool) -> None:
    number = counts.total
    entry.num_requests += number
    entry.num_reqs_per_sec[int(now)] += number
    _forget(entry.num_reqs_per_sec, int(now))
    entry.last_request_timestamp = now
    if failed:
        entry.num_failures += number
        entry.num_fail_per_sec[int(now)] += number
        _forget(entry.num_fail_per_sec, int(now))
    if not timed:
        entry.num_none_requests += number  # it failed before its time: no latency of it is shown
        return
    values_ms = [highest_value_of(bucket) / 1e6 for bucket in counts.buckets.tolist()]
    for value_ms, times in zip(values_ms, counts.counts.tolist(), strict=True):
        entry.response_times[float(f"{value_ms:.3g}")] += times  # Locust takes fractions
        entry.total_response_time += value_ms * times
    least, most = values_ms[0], values_ms[-1]
    entry.min_response_time = least if entry.min_response_time is None else min(entry.min_response_time, least)
    entry.max_response_time = max(entry.max_response_time, most)
