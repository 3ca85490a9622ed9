"""Locust's statistics as a mirror: they stay as small after an hour as after a minute."""

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.fast

TEN_MINUTES = """
import json
from itertools import count as counting
from locust.stats import RequestStats
import numpy as np
from loadtests.mirror import Mirror
from results.histogram import count
from results.recorder import Cell, Interval
from results.sample import TURN

stats, clock = RequestStats(), counting(1_000_000)
shown = Mirror(stats, lambda: float(next(clock)))
for second in range(600):
    failed = Cell(TURN, 1, True, "response")
    shown.show(Interval(second, {failed: count(np.array([1_000_000, 2_000_000]))}), "measured")
entry = stats.get("turn", "turn")
kept = [len(entry.num_reqs_per_sec), len(entry.num_fail_per_sec)]
print(json.dumps([entry.num_requests, entry.num_failures, *kept]))
"""


def test_counts_per_second_are_forgotten_after_half_a_minute() -> None:
    # In a process of its own: importing Locust patches the interpreter for good.
    told = subprocess.run([sys.executable, "-c", TEN_MINUTES], capture_output=True, text=True, check=True).stdout
    assert json.loads(told) == [1200, 1200, 31, 31]
