"""Locust's statistics as a mirror: they stay as small after an hour as after a minute."""

from itertools import count as counting

import numpy as np
import pytest
from locust.stats import RequestStats

from loadtests.mirror import Mirror
from results.histogram import count
from results.recorder import Cell, Interval
from results.sample import TURN

pytestmark = pytest.mark.fast


def test_counts_per_second_are_forgotten_after_half_a_minute() -> None:
    stats = RequestStats()
    clock = counting(1_000_000)
    shown = Mirror(stats, lambda: float(next(clock)))
    for second in range(600):
        failed = Cell(TURN, 1, True, "response")
        shown.show(Interval(second, {failed: count(np.array([1_000_000, 2_000_000]))}), "measured")
    entry = stats.get("turn", "turn")
    assert (entry.num_requests, entry.num_failures) == (1200, 1200)
    assert len(entry.num_reqs_per_sec) == len(entry.num_fail_per_sec) == 31
