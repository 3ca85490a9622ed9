"""A run beside the calibration of its machine: whether its rate is one that this machine was shown to measure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def beside(calibration: Mapping[str, Any] | None, throughput_ops: float, workers: int) -> dict[str, Any] | None:
    """The `calibration` part of run.json; `above` when a worker did more than calibration found possible.

    No reason to call the run invalid: the rules of validity judge what happened, this what was known before.
    """
    if calibration is None:
        return None
    rate = throughput_ops / workers
    return {**calibration, "ops_per_worker": rate, "above": rate > calibration["max_rate_ops"]}
