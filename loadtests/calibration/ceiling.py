"""The highest rate this machine can measure: lag and CPU within the rules of validity, and no backlog."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from loadtests.calibration.cases import SEED, STORED_USERS, TARGET, WARMUP_S, interrupted, problems
from loadtests.calibration.child import DelayServer, LocustRun
from loadtests.calibration.delays import Program
from results.validity import CPU_SHARE

CONNECTIONS: Final = 64
WINDOW_S: Final = 2.0
NEAR_ENOUGH: Final = 1.08
"""The search ends when the lowest rate that failed is so near the highest that held."""

_KEEPS_UP: Final = 0.98


@dataclass(frozen=True)
class Try:
    """One run of the search: the rate offered (ops/s), the busiest engine's share of a core, why it did not hold."""

    rate_ops: float
    cpu: float
    why: str = ""  # empty: it held
    by_chance: bool = False  # whether an interruption alone may have been the cause


@dataclass(frozen=True)
class Ceiling:
    """The highest rate that held, of all workers together, and what stopped the next ("": nothing did)."""

    workers: int
    max_rate_ops: float
    limited_by: str
    tries: tuple[Try, ...]


def find(
    workers: int,
    first_rate: float,
    tries: int,
    attempt: Callable[[float], Try],
    late: Callable[[], bool] = lambda: False,
) -> Ceiling:
    """Bracket and halve in at most so many runs, trying a rate that was interrupted once more; 0 when none held.

    Once it is `late` no further run begins.
    """
    done: list[Try] = []
    rate: float | None = first_rate
    while rate is not None and len(done) < tries and not (done and late()):
        done.append(attempt(rate))
        again = done[-1].by_chance and all(found.rate_ops != rate for found in done[:-1])
        rate = rate if again else next_rate(done)
    held = max((found.rate_ops for found in done if not found.why), default=0.0)
    failed = [found for found in done if found.why and found.rate_ops > held]
    return Ceiling(workers, held, min(failed, key=lambda found: found.rate_ops).why if failed else "", tuple(done))


def next_rate(tries: Sequence[Try]) -> float | None:
    """Where to try next; None when the answer is near enough."""
    held = sorted((found for found in tries if not found.why), key=lambda found: found.rate_ops)
    failed = [found.rate_ops for found in tries if found.why]
    if not held:
        return min(failed) / 2
    best = held[-1].rate_ops
    above = min((rate for rate in failed if rate > best), default=None)
    if above is None:
        promised = _promised(held)
        return min(promised, 4 * best) if promised > best * NEAR_ENOUGH else None
    return None if above / best <= NEAR_ENOUGH else math.sqrt(above * best)


def _promised(held: Sequence[Try]) -> float:
    """The rate at which CPU would meet its limit; cost grows less than the rate, so it is on the low side."""
    best = held[-1]
    if len(held) > 1 and best.cpu > held[-2].cpu:
        before = held[-2]
        return best.rate_ops + (CPU_SHARE - best.cpu) * (best.rate_ops - before.rate_ops) / (best.cpu - before.cpu)
    return best.rate_ops * CPU_SHARE / best.cpu if best.cpu else 4 * best.rate_ops


def judge(rate_ops: float, run: Mapping[str, Any]) -> Try:
    """Whether a run at this rate held."""
    why = "; ".join(problems(run))
    reached, cpu = run["totals"]["throughput_ops"], run["totals"]["engine_cpu"]
    if reached < _KEEPS_UP * rate_ops:
        return Try(rate_ops, cpu, why or f"{reached:,.0f} ops/s were completed of {rate_ops:,.0f}")
    return Try(rate_ops, cpu, why, interrupted(run))


def attempt(server: DelayServer, workers: int, rate_ops: float, window_s: float) -> Try:
    """One run of the wire driver against the server without delay: a driver's cost belongs to the ceiling."""
    server.begin(Program())
    options: dict[str, Any] = {
        "rate": round(rate_ops),
        "arrivals": "poisson",
        "connections": max(CONNECTIONS, workers),
        "warmup": f"{WARMUP_S:g}s",
        "seed": SEED,
        "stored-users": STORED_USERS,
    }
    if workers > 1:
        options["processes"] = workers
    with LocustRun(TARGET, server.url, window_s, options) as run:
        return judge(rate_ops, run.result().facts)
