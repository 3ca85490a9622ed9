"""A run beside the calibration of its machine: whether its rate is one that this machine was shown to measure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def beside(calibration: Mapping[str, Any] | None, throughput_ops: float, workers: int) -> dict[str, Any] | None:
    """The `calibration` part of run.json; `above` when a worker did more than calibration found possible.

    Possible is what was found with as many workers, or with the most that are fewer: workers share a machine.
    No reason to call the run invalid: the rules of validity judge what happened, this what was known before.
    """
    if calibration is None:
        return None
    known = [ceiling for ceiling in calibration["ceilings"] if ceiling["workers"] <= workers]
    nearest = max(known, key=lambda ceiling: ceiling["workers"])
    possible, rate = nearest["max_rate_ops"] / nearest["workers"], throughput_ops / workers
    return {**calibration, "ops_per_worker": rate, "possible_per_worker": possible, "above": rate > possible}
