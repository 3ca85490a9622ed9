"""Programmed delays: when the calibration server is to answer a request that arrives at an instant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import log
from random import Random
from typing import Literal

Release = Callable[[int], int]
"""Arrival instant to the instant the answer is due, both in ns; called in order of arrival."""


@dataclass(frozen=True)
class Program:
    """A delay as plain values, so that `dataclasses.asdict` is the order the server receives."""

    kind: Literal["constant", "lognormal", "modes", "stall", "limit"] = "constant"
    delay_ms: float = 0.0  # constant and stall: every delay; lognormal: the median; modes: the common one
    sigma: float = 0.0  # lognormal: of the logarithm
    slow_ms: float = 0.0  # modes: the rare one
    slow_share: float = 0.0  # modes: how often
    stall_s: float = 0.0  # how long nothing is answered
    every_s: float = 0.0  # from the beginning of one stall to that of the next
    after_s: float = 0.0  # from the first arrival to the first stall
    per_s: float = 0.0  # limit: answers a second, the rest waits its turn
    seed: int = 1


def releases(program: Program) -> Release:
    """The program, from its beginning."""
    make = {"constant": _constant, "lognormal": _lognormal, "modes": _modes, "stall": _stall, "limit": _limit}
    return make[program.kind](program)


def _constant(program: Program) -> Release:
    delay_ns = _ns(program.delay_ms)
    return lambda arrival: arrival + delay_ns


def _lognormal(program: Program) -> Release:
    random = Random(program.seed)
    mu = log(program.delay_ms * 1e6)
    return lambda arrival: arrival + int(random.lognormvariate(mu, program.sigma))


def _modes(program: Program) -> Release:
    random = Random(program.seed)
    common_ns, rare_ns = _ns(program.delay_ms), _ns(program.slow_ms)
    return lambda arrival: arrival + (rare_ns if random.random() < program.slow_share else common_ns)


def _stall(program: Program) -> Release:
    """Nothing is answered during a stall, neither what arrives in it nor what was under way when it began."""
    delay_ns, stall_ns = _ns(program.delay_ms), int(program.stall_s * 1e9)
    every_ns, after_ns = int(program.every_s * 1e9), int(program.after_s * 1e9)
    first: int | None = None

    def release(arrival: int) -> int:
        nonlocal first
        if first is None:
            first = arrival + after_ns
        due = arrival + delay_ns
        into = (due - first) % every_ns
        return due + stall_ns - into if due >= first and into < stall_ns else due

    return release


def _limit(program: Program) -> Release:
    """One answer after the other, never more than so many a second."""
    spacing_ns = int(1e9 / program.per_s)
    last = 0

    def release(arrival: int) -> int:
        nonlocal last
        last = max(arrival, last) + spacing_ns
        return last

    return release


def _ns(delay_ms: float) -> int:
    return int(delay_ms * 1e6)
