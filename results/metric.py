"""What can be compared, limited and followed: a figure of the turns or of one operation, by one name everywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

from results.folder import RunFolder, number
from results.histogram import Counts
from results.refusal import Refusal
from results.sample import OPERATION_NAMES

TURNS: Final = "turns"
SCOPES: Final = (TURNS, *OPERATION_NAMES)
"""Of what a metric speaks: the turns, or one operation."""

GOOD_TURN_MS: Final = 200.0
GOOD_OPERATION_MS: Final = 50.0
"""Goodput counts what succeeded within these limits of response time: the default SLO of `capacity`."""


@dataclass(frozen=True)
class Figure:
    """A kind of number: how it is read from a run and which way is better."""

    name: str
    label: str  # for people
    unit: str  # "ms", "/s", "" for a fraction, "RU" or "WU"
    lower_is_better: bool
    floor: float  # a difference smaller than this is of no practical size, whatever its ratio
    scopes: tuple[str, ...] = SCOPES

    @property
    def is_latency(self) -> bool:
        """Whether it is a percentile, which needs enough samples."""
        return self.unit == "ms"


_PERCENTILES: Final = {"p50": "p50", "p90": "p90", "p99": "p99", "p999": "p99.9"}
LATENCY_FLOOR_MS: Final = 0.1
ERROR_FLOOR: Final = 0.001


def _latency(span: str, scopes: tuple[str, ...] = SCOPES) -> list[Figure]:
    return [
        Figure(f"{span}_{name}_ms", f"{span} {label}", "ms", True, LATENCY_FLOOR_MS, scopes)
        for name, label in _PERCENTILES.items()
    ]


FIGURES: Final[Mapping[str, Figure]] = {
    figure.name: figure
    for figure in (
        *_latency("response"),
        *_latency("service", OPERATION_NAMES),
        *_latency("wait", OPERATION_NAMES),
        *_latency("queue", (TURNS,)),
        Figure("throughput", "throughput", "/s", False, 0.0),
        Figure("goodput", "goodput", "/s", False, 0.0),
        Figure("errors", "errors", "", True, ERROR_FLOOR),
        Figure("rcu_per_op", "read units per operation", "RU", True, 0.0, OPERATION_NAMES),
        Figure("wcu_per_op", "write units per operation", "WU", True, 0.0, OPERATION_NAMES),
    )
}


@dataclass(frozen=True)
class Metric:
    """One figure of one scope, as in `turns.response_p99_ms`."""

    scope: str
    figure: Figure

    @property
    def key(self) -> str:
        """Its name in options, files and tables."""
        return f"{self.scope}.{self.figure.name}"

    @property
    def label(self) -> str:
        """Its name for people."""
        return f"{'turn' if self.scope == TURNS else self.scope} {self.figure.label}"


def every_metric() -> Iterator[Metric]:
    """All metrics there are, the turns' first."""
    for scope in SCOPES:
        for figure in FIGURES.values():
            if scope in figure.scopes:
                yield Metric(scope, figure)


DEFAULT_PRIMARY: Final = "turns.response_p99_ms"
_KEYS: Final = {metric.key: metric for metric in every_metric()}


def find_metric(key: str) -> Metric:
    """The metric of that name; raises Refusal with the nearest one."""
    if key not in _KEYS:
        near = get_close_matches(key, _KEYS, 1)
        hint = f"did you mean {near[0]}?" if near else f"for example {DEFAULT_PRIMARY}"
        raise Refusal(f"there is no metric {key!r}: {hint}")
    return _KEYS[key]


def values_of(run: RunFolder) -> dict[str, float]:
    """Every metric that the run gives, by key; what rests on too few samples, or did not occur, is absent."""
    found = {metric.key: value_of(run, metric) for metric in every_metric()}
    return {key: value for key, value in found.items() if value is not None}


def value_of(run: RunFolder, metric: Metric) -> float | None:
    """One metric of the run; None where it rests on too few samples, or did not occur."""
    return _READ[metric.figure.name](run, metric.scope)


def samples_of(run: RunFolder) -> dict[str, int]:
    """How often each scope occurred in the measured window, failures included; absent when never."""
    found = {scope: round(number(_part(run, scope).get("count")) or 0) for scope in SCOPES}
    return {scope: count for scope, count in found.items() if count}


def _part(run: RunFolder, scope: str) -> Mapping[str, Any]:
    return run.part("turns") if scope == TURNS else run.operations.get(scope, {})


_Read = Callable[[RunFolder, str], float | None]


def _percentile(span: str, name: str) -> _Read:
    return lambda run, scope: getattr(run.percentiles("turn" if scope == TURNS else scope, span), name)


def _throughput(run: RunFolder, scope: str) -> float | None:
    if scope == TURNS:
        return run.total("throughput_turns")
    part = _part(run, scope)
    done = (number(part.get("count")) or 0) - (number(part.get("errors")) or 0)
    return done / run.measured_s if part and run.measured_s else None


def _goodput(run: RunFolder, scope: str) -> float | None:
    good: Counts | None = run.response.get("turn" if scope == TURNS else scope)
    if not _part(run, scope) or not run.measured_s:
        return None
    limit_ms = GOOD_TURN_MS if scope == TURNS else GOOD_OPERATION_MS
    return good.within(limit_ms * 1e6) / run.measured_s if good is not None else 0.0


def _errors(run: RunFolder, scope: str) -> float | None:
    failed, count = failures_of(run, scope)
    return failed / count if count else None


def failures_of(run: RunFolder, scope: str) -> tuple[float, float]:
    """How many failed, of how many; turns that were not issued after a failed creation are failures, too."""
    part = _part(run, scope)
    skipped = (run.total("skipped") or 0.0) if scope == TURNS else 0.0
    return (number(part.get("errors")) or 0.0) + skipped, (number(part.get("count")) or 0.0) + skipped


def _units(name: str) -> _Read:
    def read(run: RunFolder, scope: str) -> float | None:
        part = _part(run, scope)
        count, units = number(part.get("count")), number(part.get(name))
        metered = (run.total("read_units") or 0.0) + (run.total("write_units") or 0.0) > 0
        return units / count if count and units is not None and metered else None

    return read


_READ: Final[Mapping[str, _Read]] = {
    **{
        f"{span}_{name}_ms": _percentile(span, name)
        for span in ("response", "service", "wait", "queue")
        for name in _PERCENTILES
    },
    "throughput": _throughput,
    "goodput": _goodput,
    "errors": _errors,
    "rcu_per_op": _units("read_units"),
    "wcu_per_op": _units("write_units"),
}
