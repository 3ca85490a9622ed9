"""A metric over all valid rounds of a target: what a limit is held against."""

from __future__ import annotations

from results.metric import TURNS, Metric, failures_of, value_of
from results.pool import PooledRun


def pooled_value(pool: PooledRun, metric: Metric) -> float | None:
    """Percentiles of the rounds' histograms added, errors of all their calls, else the mean of the rounds.

    None where it did not occur or rests on too few samples. A queue's percentile is the highest round's.
    """
    if metric.figure.is_latency:
        span, percentile, _ = metric.figure.name.split("_")
        found: float | None = getattr(pool.span_of("turn" if metric.scope == TURNS else metric.scope, span), percentile)
        return found
    if metric.figure.name == "errors":
        return _error_share(pool, metric.scope)
    values = [value_of(run, metric) for run in pool.used]
    known = [value for value in values if value is not None]
    if metric.figure.unit == "/s" and known:  # a round in which it did not occur had none a second
        return sum(known) / len(values)
    return sum(known) / len(known) if known else None


def _error_share(pool: PooledRun, scope: str) -> float | None:
    failed, counts = (sum(part) for part in zip(*(failures_of(run, scope) for run in pool.used), strict=True))
    return failed / counts if counts else None
