"""Which values of two sides are held against each other: pairs where there are any, else sessions, else rounds.

A session is an experiment, or a run of its own: what it brings with it (a cold server, a warmer machine, a
neighbour) is shared by all its rounds, so rounds of one session are no independent evidence about another.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from results.decision.side import Round, Side

ROUNDS: Final = "rounds"
SESSIONS: Final = "sessions"


@dataclass(frozen=True)
class Evidence:
    """A metric's values on both sides; with `paired` the k-th of each were measured side by side."""

    a: tuple[float, ...]
    b: tuple[float, ...]
    paired: bool
    unit: str  # ROUNDS or SESSIONS
    caveat: str = ""


def evidence(a: Side, b: Side, key: str) -> Evidence:
    """What both sides say of one metric.

    Pairs: two or more rounds with the same number of the same experiments, or sessions of both sides that took turns.
    Else, where a side has several sessions, each session's mean is one value. Else rounds, with a caveat where the
    two sides are of two sessions.
    """
    shared = _pairs(_by_place(a, key), _by_place(b, key))
    if len(shared) >= 2:
        return Evidence(tuple(x for x, _ in shared), tuple(y for _, y in shared), paired=True, unit=ROUNDS)
    first, second = _sessions(a, key), _sessions(b, key)
    if _took_turns(a, b) and len(first) == len(second) >= 2:
        return Evidence(tuple(first.values()), tuple(second.values()), paired=True, unit=SESSIONS)
    if len(first) + len(second) > 2:
        return Evidence(tuple(first.values()), tuple(second.values()), paired=False, unit=SESSIONS)
    caveat = "" if set(first) == set(second) else _TWO_SESSIONS
    return Evidence(tuple(a.values(key)), tuple(b.values(key)), paired=False, unit=ROUNDS, caveat=caveat)


_TWO_SESSIONS: Final = (
    "The sides are one session each: what differs from session to session counts as a difference, too; several "
    "sessions a side, or sides that take turns, would tell it apart"
)


def _pairs(first: Mapping[object, float], second: Mapping[object, float]) -> list[tuple[float, float]]:
    return [(first[place], second[place]) for place in first if place in second]


def _by_place(side: Side, key: str) -> dict[object, float]:
    return {found.place: found.values[key] for found in side.rounds if found.place and key in found.values}


def _sessions(side: Side, key: str) -> dict[str, float]:
    """The mean of each session that gives the metric, in order of their start."""
    values: dict[str, list[float]] = {}
    for found in sorted(side.rounds, key=lambda found: found.started_utc):
        if key in found.values:
            values.setdefault(found.session, []).append(found.values[key])
    return {session: _mean(part) for session, part in values.items()}


def _mean(values: Sequence[float]) -> float:
    """The geometric mean; the plain one where a value has no logarithm."""
    if len(values) == 1:
        return values[0]
    if min(values) <= 0:
        return sum(values) / len(values)
    return math.exp(sum(map(math.log, values)) / len(values))


def _took_turns(a: Side, b: Side) -> bool:
    """Whether the sessions of both sides alternate in time: of each two that follow, one is A's and one is B's."""
    begun = sorted((start, side) for side, part in (("a", a), ("b", b)) for start in _starts(part.rounds))
    owners = [side for _, side in begun]
    return len(owners) % 2 == 0 and all(set(owners[at : at + 2]) == {"a", "b"} for at in range(0, len(owners), 2))


def _starts(rounds: Sequence[Round]) -> list[str]:
    first: dict[str, str] = {}
    for found in rounds:
        first[found.session] = min(first.get(found.session, found.started_utc), found.started_utc)
    return list(first.values())
