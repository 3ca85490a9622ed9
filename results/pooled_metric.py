"""A metric over all valid rounds of a target: what a limit is held against."""

from __future__ import annotations

from results.folder import number
from results.metric import TURNS, Metric, values_of
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
    values = [value for run in pool.used if (value := values_of(run).get(metric.key)) is not None]
    return sum(values) / len(values) if values else None


def _error_share(pool: PooledRun, scope: str) -> float | None:
    parts = [run.part("turns") if scope == TURNS else run.operations.get(scope, {}) for run in pool.used]
    counts, errors = (sum(number(part.get(name)) or 0.0 for part in parts) for name in ("count", "errors"))
    return errors / counts if counts else None
