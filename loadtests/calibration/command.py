"""`dbverdict calibrate`: prove the harness on this machine, in under two minutes and without a database."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from rich.console import Console

from loadtests.calibration import machine
from loadtests.calibration.cases import (
    Case,
    Outcome,
    calm_case,
    cases,
    fast_cases,
    finish,
    measured_of,
    stall_case,
    start,
)
from loadtests.calibration.ceiling import WINDOW_S, Ceiling, attempt, find
from loadtests.calibration.child import DelayServer, LocustRun
from loadtests.calibration.judgement import rows, worst_ms
from loadtests.calibration.kept import keep
from loadtests.calibration.page import show
from loadtests.calibration.sentence import sentence
from results.figures import ms
from results.histogram import count, summary_ms
from results.validity import INTERRUPTED
from targets.protocol import SetupError

HALF: Final = 0.5
"""The known answers are asked for at no more than this share of the highest rate."""

FASTEST_CASE: Final = 4000.0
"""Where half the highest rate is more, one delay is measured at that, too."""

_SLOWEST_CASE: Final = 200.0
_FIRST_TRY: Final = 5000.0
_MANY_WORKERS: Final = 1.3  # the first try of one worker a core, as a multiple of what one worker reached
_FLOOR_RATE: Final = 1000.0
_WATCH_S: Final = 1.0

Say = Callable[[str], None]


@dataclass(frozen=True)
class Lengths:
    """How long the parts take, in seconds; whole, they stay under two minutes together."""

    floor_s: float = 3.0
    search_s: float = WINDOW_S
    tries: int = 5  # of one worker
    tries_many: int = 3  # of one worker a core
    searching_s: float = 25.0  # after so long no further try of one worker begins
    searching_many_s: float = 10.0
    repeats: int = 1  # of cases that something interrupted
    repeating_s: float = 85.0  # from the beginning: after so long nothing is repeated
    case_s: float | None = None  # None: as long as p99.9 needs
    stall_every_s: float = 30.0
    stall_s: float = 1.0


def for_load(lengths: Lengths, before: float) -> Lengths:
    """On a busy machine every run takes longer and the ceiling is not kept: it is looked for in fewer of them."""
    if before <= machine.BUSY_SHARE:
        return lengths
    return replace(lengths, tries=min(lengths.tries, 2), tries_many=1, repeats=0)


def perform(as_json: bool, lengths: Lengths = Lengths()) -> None:
    """Calibrate, keep the result unless the machine was busy, and print it; exits 130 when interrupted."""
    try:
        result = calibrate(_to_stderr, lengths)
    except KeyboardInterrupt:
        _to_stderr("interrupted: nothing was kept")
        sys.exit(INTERRUPTED)
    if result["busy"]:
        _to_stderr("the machine was busy: nothing was kept")
    else:
        _keep(result)
    if as_json:
        print(json.dumps(result, indent=1, ensure_ascii=False))
    else:
        show(result, Console())


def _keep(result: dict[str, Any]) -> None:
    """What was measured is printed whether or not it can be kept."""
    try:
        _to_stderr(f"kept in {keep(result)}: later runs refer to it")
    except SetupError as error:
        _to_stderr(str(error))


def _to_stderr(line: str) -> None:
    print(f"dbverdict: {line}", file=sys.stderr, flush=True)


def calibrate(say: Say, lengths: Lengths = Lengths()) -> dict[str, Any]:
    """Everything that `--json` prints; raises `SetupError` when a run cannot start."""
    began_s = time.monotonic()
    idle = machine.cpu_times()
    time.sleep(_WATCH_S)  # what others use while we do nothing
    begin = machine.cpu_times()
    before, _ = machine.others(idle, begin)
    lengths = for_load(lengths, before)
    cores = machine.usable_cores()
    floor = _floor(say, lengths)
    with DelayServer() as server:
        ceilings = _ceilings(server, cores, say, lengths)
        rate = case_rate(ceilings[0].max_rate_ops)
        groups = _groups(server, ceilings[0].max_rate_ops, say, lengths, began_s + lengths.repeating_s)
    during, steal = machine.others(begin, machine.cpu_times())
    load = machine.OtherLoad(before, during, steal)
    judged = [row for group in groups for found in group for row in rows(found, group[0])]
    wrong = [f"{found.case.name}: {why}" for group in groups for found in group for why in found.problems]
    busy = load.busy or "; ".join(wrong)
    half = half_rate(ceilings[0].max_rate_ops)
    return {
        "utc": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "machine": machine.facts(),
        "other_load": asdict(load),
        "busy": busy or None,
        "floor": floor,
        "ceilings": [asdict(found) for found in ceilings],
        "max_rate_ops": ceilings[0].max_rate_ops,
        "case_rate_ops": rate,
        "half_rate_ops": half,
        "cases": [asdict(row) for row in judged],
        "error_ms": worst_ms(judged, ("p50", "p90", "p99", "p999")),
        "sentence": sentence(ceilings[0], judged, half, cores, busy),
    }


def case_rate(max_rate_ops: float) -> float:
    """The rate of most cases: half of the highest, or less."""
    return min(half_rate(max_rate_ops), FASTEST_CASE)


def half_rate(max_rate_ops: float) -> float:
    """Half of the highest rate, in tens; 200/s at least."""
    return max(HALF * max_rate_ops // 10 * 10, _SLOWEST_CASE)


def _floor(say: Say, lengths: Lengths) -> dict[str, Any]:
    """What the harness adds by itself: a run against `null`, which answers at once."""
    options = {"rate": f"{_FLOOR_RATE:g}", "warmup": "1s"}
    with LocustRun("null", None, lengths.floor_s, options) as run:
        measured = {metric: summary_ms(counts) for metric, counts in measured_of(run.result()).items()}
    response = measured["response"]
    say(f"floor: turn response p50 {ms(response['p50'])} ms, p99 {ms(response['p99'])} ms")
    two = {f"{metric}_ms": {name: summary[name] for name in ("p50", "p99")} for metric, summary in measured.items()}
    return {"rate_ops": _FLOOR_RATE, **two}


def _ceilings(server: DelayServer, cores: int, say: Say, lengths: Lengths) -> list[Ceiling]:
    one = _ceiling(server, 1, _FIRST_TRY, say, lengths)
    if cores == 1 or not one.max_rate_ops:
        return [one]
    return [one, _ceiling(server, cores, _MANY_WORKERS * one.max_rate_ops, say, lengths)]


def _ceiling(server: DelayServer, workers: int, first: float, say: Say, lengths: Lengths) -> Ceiling:
    tries, limit_s = lengths.tries, lengths.searching_s
    if workers > 1:
        tries, limit_s = lengths.tries_many, lengths.searching_many_s
    until_s = time.monotonic() + limit_s
    found = find(
        workers,
        first,
        tries,
        lambda rate: attempt(server, workers, rate, lengths.search_s),
        lambda: time.monotonic() > until_s,
    )
    limit = f" (above: {found.limited_by})" if found.limited_by else ""
    say(f"ceiling, {workers} worker{'s' if workers > 1 else ''}: {found.max_rate_ops:,.0f} ops/s{limit}")
    return found


def _groups(
    server: DelayServer, max_rate_ops: float, say: Say, lengths: Lengths, until_s: float
) -> list[list[Outcome]]:
    """All cases, by the load under which they ran; the first of each group is the one without delay.

    The stall takes 30 s at 200 operations a second, and hardly any CPU: most of the others run meanwhile.
    """
    rate, half = case_rate(max_rate_ops), half_rate(max_rate_ops)
    stall = stall_case(lengths.stall_every_s, lengths.stall_s)
    with DelayServer() as stalling, start(stall, stalling) as run:
        spare = _Spare(lengths.repeats, until_s)
        groups = [[_outcome(case, server, say, spare) for case in cases(rate, lengths.case_s)]]
        stalled = finish(stall, stalling, run)
        _tell(stalled, say)
        calm = _outcome(calm_case(stall), stalling, say, spare)
    if half > rate:
        groups.append([_outcome(case, server, say, spare) for case in fast_cases(half, lengths.case_s)])
    return [*groups, [calm, stalled]]


@dataclass
class _Spare:
    """How many cases may still be run again."""

    left: int
    until_s: float  # on time.monotonic()

    @property
    def any(self) -> bool:
        """Whether there is one, and time for it."""
        return self.left > 0 and time.monotonic() < self.until_s


def _outcome(case: Case, server: DelayServer, say: Say, spare: _Spare) -> Outcome:
    with start(case, server) as run:
        outcome = finish(case, server, run)
    _tell(outcome, say)
    if not outcome.interrupted or not spare.any:
        return outcome
    spare.left -= 1
    say(f"{case.name}: something interrupted it, so it is run again")
    return _outcome(case, server, say, spare)


def _tell(outcome: Outcome, say: Say) -> None:
    measured, true = summary_ms(outcome.measured["service"]), summary_ms(count(outcome.truth_ns["service"]))
    problems = "".join(f"; {why}" for why in outcome.problems)
    say(f"{outcome.case.name}: service p50 {ms(measured['p50'])} ms, truly {ms(true['p50'])} ms{problems}")
