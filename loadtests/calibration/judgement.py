"""Measured against true: each percentile of each case, and whether it is as near as it should be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from loadtests.calibration.cases import Outcome
from loadtests.calibration.truth import Instants
from results.histogram import Counts, count, highest_value_of, summary_ms


@dataclass(frozen=True)
class Goal:
    """How far a figure may be from (truth + no-delay case): a share of it, or so many ms, whichever is larger."""

    share: float
    least_ms: float


GOALS: Final = {"p50": Goal(0.02, 0.1), "p90": Goal(0.02, 0.1), "p99": Goal(0.05, 0.5), "p999": Goal(0.05, 0.5)}
"""The maximum is shown without a goal: one interruption by the machine decides it."""

PERCENTILES: Final = (*GOALS, "max")
_TAIL: Final = ("p99", "p999", "max")
METRICS: Final = ("service", "response")
_SEED: Final = 1

Summary = Mapping[str, float | None]


@dataclass(frozen=True)
class Row:
    """One figure of one case, in ms; None where too few samples lie beyond. `ok` is None where nothing is judged."""

    name: str
    metric: str  # "service" of the operation, or "response" of the turn
    percentile: str
    truth_ms: float | None
    no_delay_ms: float | None  # what the case without delay measured
    expected_ms: float | None  # of truth and the transport's own cost together
    measured_ms: float | None
    error_ms: float | None  # how far measured lies from expected; see `error_of`
    ok: bool | None


def rows(outcome: Outcome, base: Outcome) -> list[Row]:
    """Every figure of one case; `base` is the case without delay under the same load, which is not judged itself."""
    return [row for metric in METRICS for row in _rows(outcome, base, metric)]


def _rows(outcome: Outcome, base: Outcome, metric: str) -> list[Row]:
    true_ns = outcome.truth_ns[metric]
    expected_ns = true_ns + transport_ns(base.truth_ns[metric], base.measured[metric], len(true_ns))
    true, expected = summary_ms(count(true_ns)), summary_ms(count(expected_ns))
    measured, base_measured = summary_ms(outcome.measured[metric]), summary_ms(base.measured[metric])
    return [
        _row(outcome, metric, name, (true[name], base_measured[name], expected[name], measured[name]), outcome is base)
        for name in PERCENTILES
    ]


def _row(outcome: Outcome, metric: str, percentile: str, figures: tuple[float | None, ...], is_base: bool) -> Row:
    true, no_delay, expected, measured = figures
    error, ok = None, None
    if true is not None and expected is not None and measured is not None and not is_base:
        error = error_of(percentile, true, expected, measured)
        ok = near(percentile, expected, error) if percentile in GOALS else None
    return Row(outcome.case.name, metric, percentile, true, no_delay, expected, measured, error, ok)


def transport_ns(true_ns: Instants, measured: Counts, number: int) -> Instants:
    """So many draws of what was measured above the truth in the case without delay, in a seeded random order.

    Distributions are added, not percentiles: two p99s added would make a p99 that is too high.
    """
    values = np.array([highest_value_of(int(bucket)) for bucket in measured.buckets], np.int64)
    ranks = (np.arange(number) + 0.5) / number
    above = np.quantile(np.repeat(values, measured.counts), ranks) - np.quantile(true_ns, ranks)
    drawn: Instants = np.random.default_rng(_SEED).permutation(above).astype(np.int64)
    return drawn


def error_of(percentile: str, true_ms: float, expected_ms: float, measured_ms: float) -> float:
    """Measured - expected; in the tail anything between the truth and what was expected is no error.

    There a single interruption of the no-delay case is enough to expect too much.
    """
    if percentile in _TAIL and measured_ms < expected_ms:
        return min(measured_ms - true_ms, 0.0)
    return measured_ms - expected_ms


def near(percentile: str, expected_ms: float, error_ms: float) -> bool:
    """Whether an error is within the goal of its percentile; the limit itself is."""
    goal = GOALS[percentile]
    return abs(error_ms) <= max(goal.share * expected_ms, goal.least_ms)


def worst_ms(rows: Sequence[Row], percentiles: Sequence[str]) -> float | None:
    """The largest error of these percentiles over all that was judged, in ms."""
    errors = [abs(row.error_ms or 0.0) for row in rows if row.ok is not None and row.percentile in percentiles]
    return max(errors, default=None)
