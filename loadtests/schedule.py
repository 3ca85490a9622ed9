"""When arrival i is due, and whose it is: pure functions of the seed, the same for any number of workers."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from math import log
from random import Random

import numpy as np

from loadtests.plan import Plan
from workloads.parameters import GAP_MEDIAN_S, GAP_SIGMA
from workloads.workload import Arrival, Workload

_CHUNK = 4096


def arrivals(plan: Plan, workload: Workload) -> Iterator[Arrival]:
    """This worker's arrivals in order of time; unending, except in a trace."""
    for arrival in _all_arrivals(plan, workload):
        if arrival.person % plan.workers == plan.worker:
            yield arrival


def _all_arrivals(plan: Plan, workload: Workload) -> Iterator[Arrival]:
    if plan.arrivals == "trace":
        trace = workload.arrivals()
        if trace is None:
            raise ValueError("arrivals of a trace need the workload replay")
        return trace
    if plan.rate_turns is None:
        raise ValueError("arrivals need a rate")
    owners = _owners(plan, workload)
    instants = _constant(plan.rate_turns) if plan.arrivals == "constant" else _poisson(plan.rate_turns, plan.seed)
    return (Arrival(at_s, owner) for at_s, owner in zip(instants, owners, strict=False))


def _owners(plan: Plan, workload: Workload) -> Iterator[int]:
    """Arrival i belongs to person i mod P; in a trace to whoever sends its row i."""
    trace = workload.arrivals()
    return (index % plan.people for index in count()) if trace is None else (arrival.person for arrival in trace)


def _constant(rate_turns: float) -> Iterator[float]:
    return (index / rate_turns for index in count())


def _poisson(rate_turns: float, seed: int) -> Iterator[float]:
    """A homogeneous Poisson process: exponential gaps of mean 1/rate, drawn in chunks."""
    random = np.random.Generator(np.random.PCG64(seed))
    at_s = 0.0
    while True:
        chunk = at_s + np.cumsum(random.exponential(1.0 / rate_turns, _CHUNK))
        at_s = float(chunk[-1])
        yield from chunk.tolist()


def residual_gap_s(seed: int, person: int) -> float:
    """What is left of the gap a person is in when the run begins, so that people do not start in step.

    The gap one falls into is length-biased: for a lognormal again a lognormal, with mu + sigma squared
    (Cox, Renewal Theory, 1962); what is left of it is uniform.
    """
    random = Random(f"{seed}/residual/{person}")
    return random.random() * random.lognormvariate(log(GAP_MEDIAN_S) + GAP_SIGMA**2, GAP_SIGMA)
