"""Whether the numbers of a run.json can be true: what was edited or damaged is refused before it is judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

LARGEST: Final = 1e15
"""No count, byte or nanosecond of a run comes near it."""

_PERCENTILES: Final = ("p50", "p90", "p99", "p999", "max")


def implausible(facts: Mapping[str, Any]) -> str:
    """What cannot be true, by its place in run.json; "" when nothing is."""
    return next(_numbers(facts, ""), "") or next(_parts(facts), "")


def no_constant(text: str) -> float:
    """For `json.loads`: NaN and Infinity are no JSON."""
    raise ValueError(f"{text} is no number")


def _numbers(value: object, where: str) -> Iterator[str]:
    """Numbers beyond all measure."""
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield from _numbers(part, f"{where}.{name}" if where else str(name))
    elif isinstance(value, list):
        for at, part in enumerate(value):
            yield from _numbers(part, f"{where}[{at}]")
    elif isinstance(value, int | float) and not -LARGEST <= value <= LARGEST and "fingerprint" not in where:
        yield where


def _parts(facts: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"totals.{name}" for name, value in facts["totals"].items() if _negative(value))
    for where, part in (("turns", facts["turns"]), *((f"operations.{n}", p) for n, p in facts["operations"].items())):
        if not isinstance(part, Mapping):
            yield where
            continue
        if part and not _counted(part.get("count"), part.get("errors")):
            yield f"{where}.count"
        for name, value in part.items():
            if _negative(value) or not _ascending(name, value):
                yield f"{where}.{name}"


def _counted(count: object, errors: object) -> bool:
    """Whether both are whole numbers, and no more failed than there were."""
    known = [value for value in (errors, count) if isinstance(value, int) and not isinstance(value, bool)]
    return len(known) == 2 and 0 <= known[0] <= known[1]


def _negative(value: object) -> bool:
    return isinstance(value, int | float) and value < 0


def _ascending(name: str, value: object) -> bool:
    """Whether a span's percentiles are numbers, none negative, none below the one before."""
    if not name.endswith("_ms") or value is None:
        return True
    if not isinstance(value, Mapping):
        return False
    known = [value[percentile] for percentile in _PERCENTILES if value.get(percentile) is not None]
    if not all(isinstance(part, int | float) and not isinstance(part, bool) and part >= 0 for part in known):
        return False
    return known == sorted(known)
