"""Limits: `[slo.turns]`, `[slo.<operation>]` and `[slo.<target>.<operation>]` of dbverdict.toml."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from results.figures import count, ms, rate, share
from results.metric import FIGURES, SCOPES, Metric
from results.plausible import LARGEST
from results.refusal import Refusal
from results.toml_file import read_toml, table_of

_MINIMUM: Final = "_min"
_MAXIMUM: Final = "_max"


@dataclass(frozen=True)
class Slo:
    """A limit on one metric, of every target or of one."""

    metric: Metric
    limit: float
    target: str | None = None

    @property
    def is_minimum(self) -> bool:
        """Whether the limit is the least allowed; else it is the most."""
        return not self.metric.figure.lower_is_better

    @property
    def name(self) -> str:
        """Its name as the file has it, without the suffix."""
        return self.metric.key if self.target is None else f"{self.target}.{self.metric.key}"

    @property
    def text(self) -> str:
        """The limit for people: "at most 10 ms"."""
        return f"at {'least' if self.is_minimum else 'most'} {shown(self.metric, self.limit)}"

    def holds(self, value: float) -> bool:
        """Whether a measured value keeps the limit."""
        return value >= self.limit if self.is_minimum else value <= self.limit


def shown(metric: Metric, value: float) -> str:
    """A metric's value with its unit."""
    match metric.figure.unit:
        case "ms":
            return f"{ms(value)} ms"
        case "":
            return share(value)
        case "/s":
            return f"{count(value) if value == round(value) else rate(value)} /s"
        case unit:
            return f"{rate(value)} {unit}"


def read_slos(path: Path, targets: Collection[str]) -> tuple[Slo, ...]:
    """Every limit of the file; `targets` are the names that may stand between `slo` and the operation.

    Raises Refusal for what is unknown or no limit, with the nearest known name.
    """
    found = []
    for name, part in table_of(path, "slo", read_toml(path).get("slo", {})).items():
        inner = table_of(path, f"slo.{name}", part)
        if name in SCOPES:
            found += _limits(path, name, inner, None)
        elif name in targets:
            for scope, limits in inner.items():
                _check_scope(path, f"slo.{name}.{scope}", scope, SCOPES)
                found += _limits(path, scope, table_of(path, f"slo.{name}.{scope}", limits), name)
        else:
            _check_scope(path, f"slo.{name}", name, (*SCOPES, *targets))
    return tuple(found)


def _check_scope(path: Path, table: str, scope: str, known: Collection[str]) -> None:
    if scope not in known:
        near = get_close_matches(scope, known, 1)
        hint = f"did you mean {near[0]}?" if near else f"it is one of {', '.join(known)}"
        raise Refusal(f"{path}: [{table}]: there is no operation or target {scope!r}: {hint}")


def _limits(path: Path, scope: str, table: Mapping[str, Any], target: str | None) -> list[Slo]:
    return [Slo(_metric(path, scope, key), _limit(path, scope, key, value), target) for key, value in table.items()]


def keys_of(scope: str) -> dict[str, Metric]:
    """What may stand in a scope's table: latencies as they are, everything with `_max` or `_min`."""
    found = {}
    for name, figure in FIGURES.items():
        if scope in figure.scopes:
            metric = Metric(scope, figure)
            found[name + (_MAXIMUM if figure.lower_is_better else _MINIMUM)] = metric
            if figure.is_latency:
                found[name] = metric
    return found


def _metric(path: Path, scope: str, key: str) -> Metric:
    known = keys_of(scope)
    if key not in known:
        near = get_close_matches(key, known, 1)
        hint = f"did you mean {near[0]}?" if near else f"it may hold {', '.join(known)}"
        raise Refusal(f"{path}: [slo.{scope}]: unknown limit {key!r}: {hint}")
    return known[key]


def _limit(path: Path, scope: str, key: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LARGEST:
        raise Refusal(f"{path}: [slo.{scope}]: {key} = {value!r} must be a number, 0 or more")
    if key.startswith("errors") and value > 1:
        raise Refusal(f"{path}: [slo.{scope}]: {key} = {value!r} is a fraction of all calls: 0.001 is 0.1 %")
    return float(value)
