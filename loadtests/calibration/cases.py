"""The known answers: what the server is programmed to do, under which load, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from itertools import takewhile
from typing import Any, Final

import numpy as np

from loadtests.calibration.child import DelayServer, LocustRun
from loadtests.calibration.delays import Program
from loadtests.calibration.truth import Due, Instants, given, responses_ns, window
from loadtests.plan import Arrivals, Plan
from loadtests.schedule import arrivals
from results.folder import RunFolder
from results.histogram import Counts
from targets.protocol import SetupError
from workloads.catalog import WorkloadOptions, make_workload

TARGET: Final = "dynamodb-local"
SEED: Final = 1
PEOPLE: Final = 1000
STORED_USERS: Final = 100
WARMUP_S: Final = 1.0
_STALL_RATE: Final = 200.0
_STALL_CONNECTIONS: Final = 16
_CONNECTIONS: Final = 128
_SERVER_LOAD: Final = 0.8
"""The offered rate as a share of the rate limit, so that answers queue there and the queue still ends."""

ENOUGH: Final = 10_500
"""Turns a case measures, where it can: p99.9 needs 10,000."""

_CALM_S: Final = 5.5  # 1,000 samples at 200/s, as p99 needs
LONGEST_S: Final = 4.0
"""The longest window of a case but the stall; a slow machine goes without p99.9."""


@dataclass(frozen=True)
class Case:
    """One known answer."""

    name: str
    program: Program
    rate: float  # turns a second
    duration_s: float
    arrivals: Arrivals = "poisson"
    connections: int = _CONNECTIONS


def cases(rate: float, window_s: float | None = None) -> list[Case]:
    """Every case but the stall, at this rate (turns a second); the one without delay first."""
    duration_s = window_s or min(ENOUGH / rate, LONGEST_S)
    programs = {
        "no delay": Program(),
        "constant 0.5 ms": Program(delay_ms=0.5),
        "constant 2 ms": Program(delay_ms=2.0),
        "constant 10 ms": Program(delay_ms=10.0),
        "lognormal": Program("lognormal", delay_ms=2.0, sigma=0.6),
        "two modes": Program("modes", delay_ms=1.0, slow_ms=50.0, slow_share=0.05),
        "rate limit": Program("limit", per_s=rate / _SERVER_LOAD),
    }
    return [Case(name, program, rate, duration_s) for name, program in programs.items()]


def fast_cases(rate: float, window_s: float | None = None) -> list[Case]:
    """One delay at half the highest rate, where that is above what the other cases run at; without delay first."""
    no_delay, _, two_ms, *_ = cases(rate, window_s)
    return [replace(case, name=f"{case.name}, {rate:,.0f}/s") for case in (no_delay, two_ms)]


def stall_case(every_s: float, stall_s: float) -> Case:
    """Nothing is answered for 1 s in 30: the turns due in that time wait, and all but 16 wait for a connection."""
    program = Program("stall", delay_ms=2.0, stall_s=stall_s, every_s=every_s, after_s=WARMUP_S + every_s / 3)
    name = f"{stall_s:g} s stall in {every_s:g} s"
    return Case(name, program, _STALL_RATE, every_s, "constant", _STALL_CONNECTIONS)


def calm_case(stall: Case) -> Case:
    """The load of the stall without stall or delay: at so low a rate the transport costs more than at the others'."""
    return replace(
        stall, name=f"no delay, {stall.rate:g}/s", program=Program(), duration_s=min(_CALM_S, stall.duration_s)
    )


@dataclass(frozen=True)
class Outcome:
    """A case's truth and what was measured, by metric ("service", "response"), and what was wrong with the run."""

    case: Case
    truth_ns: Mapping[str, Instants]
    measured: Mapping[str, Counts]
    problems: tuple[str, ...] = ()
    interrupted: bool = False  # whether an interruption alone may be behind them


def start(case: Case, server: DelayServer) -> LocustRun:
    """Program the server and start the load."""
    server.begin(case.program)
    options = {
        "rate": f"{case.rate:.9g}",
        "arrivals": case.arrivals,
        "connections": case.connections,
        "people": PEOPLE,
        "warmup": f"{WARMUP_S:g}s",
        "seed": SEED,
        "stored-users": STORED_USERS,
    }
    return LocustRun(TARGET, server.url, case.duration_s, options)


def finish(case: Case, server: DelayServer, run: LocustRun) -> Outcome:
    """Wait for the load to end; then truth and measurement side by side."""
    found = run.result()
    return Outcome(
        case, truth_ns(case, server.log()), measured_of(found), problems(found.facts), interrupted(found.facts)
    )


def measured_of(run: RunFolder) -> dict[str, Counts]:
    """What a run measured of the two metrics; raises `SetupError` when nothing was done."""
    if "get_user" not in run.service:
        raise SetupError("a calibration run completed nothing: run it again when the machine is quiet")
    return {"service": run.service["get_user"], "response": run.response["turn"]}


def problems(run: Mapping[str, Any]) -> tuple[str, ...]:
    """Why a run is not what it was to be: invalid, overloaded, with errors."""
    figures = [reason["figure"] for reason in run["validity"]["reasons"]]
    totals = run["totals"]
    if totals["overloaded"]:
        figures.append(f"overloaded, with a backlog of {totals['backlog_s']:.1f} s")
    if totals["errors"]:
        figures.append(f"{totals['errors']} errors")
    return tuple(figures)


def interrupted(run: Mapping[str, Any]) -> bool:
    """Whether a run is invalid for nothing but what one interruption of a few ms causes: it may be tried again."""
    totals, rules = run["totals"], {reason["rule"] for reason in run["validity"]["reasons"]}
    return bool(rules) and rules <= {"lag", "stall"} and not totals["overloaded"] and not totals["errors"]


def schedule(case: Case) -> list[Due]:
    """Every turn that is begun: warm-up and measured window, from the seed alone."""
    workload = WorkloadOptions("point-read", stored_users=STORED_USERS)
    plan = Plan(
        target=TARGET,
        target_options={},
        workload=asdict(workload),
        seed=SEED,
        model="rate",
        connections=case.connections,
        timeout_s=5.0,
        warmup_s=WARMUP_S,
        duration_s=case.duration_s,
        rate_turns=case.rate,
        arrivals=case.arrivals,
        people=PEOPLE,
    )
    close_s = WARMUP_S + case.duration_s
    due = takewhile(lambda arrival: arrival.at_s < close_s, arrivals(plan, make_workload(workload)))
    return [Due(int(arrival.at_s * 1e9), arrival.person) for arrival in due]


def truth_ns(case: Case, log: Instants) -> dict[str, Instants]:
    """Service as the server gave it; response as the schedule, people and connections make of it."""
    turns = schedule(case)
    delays = _delays_ns(case, log, len(turns))
    responses = responses_ns(turns, case.connections, given(delays))
    inside = window(turns, int(WARMUP_S * 1e9), int((WARMUP_S + case.duration_s) * 1e9))
    return {"service": np.array(delays, np.int64)[inside], "response": responses[inside]}


def _delays_ns(case: Case, log: Instants, turns: int) -> list[int]:
    """The delays of the first so many requests; the log is in order of arrival, as the schedule is."""
    written = log[:turns, 1]
    if len(written) < turns or not written.all():
        raise SetupError(f"{case.name}: the server answered fewer requests than were due: run it again")
    delays: list[int] = (written - log[:turns, 0]).tolist()
    return delays
