"""The SLO a capacity search looks for: the default one, or the limits of dbverdict.toml that apply to the target."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from results.capacity.folder import OPERATIONS, Limit
from results.histogram import MINIMUM_BEYOND, PERCENTILES
from results.metric import FIGURES, GOOD_OPERATION_MS, GOOD_TURN_MS, TURNS
from results.refusal import Refusal
from results.slo import Slo
from results.validity import ERROR_RATE

ERRORS: Final = Limit(OPERATIONS, "errors", ERROR_RATE)
"""Every run is held to this limit, so every SLO holds it unless another one on errors stands in its place."""

DEFAULT_SLO: Final = (
    Limit(TURNS, "response_p99_ms", GOOD_TURN_MS),
    Limit(OPERATIONS, "response_p99_ms", GOOD_OPERATION_MS),
    ERRORS,
)

_LEAST_TURNS: Final = 1_000
_MARGIN: Final = 1.15
"""So many times the turns needed are waited for: arrivals are random."""


def slo_for(target: str, slos: Iterable[Slo]) -> tuple[Limit, ...]:
    """The limits that apply to the target, all of them as in `dbverdict gate`; the default SLO where none apply.

    Raises Refusal for a minimum.
    """
    mine = [slo for slo in slos if slo.target in (None, target)]
    for slo in mine:
        if slo.is_minimum:
            raise Refusal(
                f"the limit {slo.name} is a minimum, which `capacity` cannot look for, "
                "since it sets the rate itself: leave it out of the [slo] that `capacity` reads"
            )
    errors = () if any(slo.metric.figure.name == ERRORS.figure for slo in mine) else (ERRORS,)
    return (*map(Limit.of, mine), *errors) if mine else DEFAULT_SLO


def turns_needed(slo: Sequence[Limit]) -> int:
    """How many turns a window must hold, so that every percentile of the turns that is limited can be told."""
    needed = [_samples_for(limit.figure) for limit in slo if limit.scope == TURNS and FIGURES[limit.figure].is_latency]
    return max(needed, default=_LEAST_TURNS)


def _samples_for(figure: str) -> int:
    name = figure.removesuffix("_ms").rsplit("_", 1)[1]
    return round(MINIMUM_BEYOND * 100 / (100 - PERCENTILES[name]))


def lowest_rate(slo: Sequence[Limit], window_s: float) -> float:
    """Turns a second below which a window of this length is likely to hold too few."""
    return _MARGIN * turns_needed(slo) / window_s


def window_for(slo: Sequence[Limit], rate_turns: float, least_s: float) -> float:
    """Whole seconds in which enough turns come at this rate, at least so many."""
    return max(least_s, -(-_MARGIN * turns_needed(slo) // rate_turns))
