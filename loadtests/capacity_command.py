"""`dbverdict capacity`: from options to a search, its answer and its report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from loadtests.capacity import CapacityPlan, CapacitySearch, Found
from loadtests.capacity_options import DURATION, LONGEST, REPEATS, RESOLUTION, UNUSED, WARMUP
from loadtests.capacity_search import MOST_STEPS, Bounds, rounded
from loadtests.durations import seconds
from loadtests.run_command import gather
from loadtests.settings import positive, read, whole
from results.capacity.folder import Limit
from results.capacity.slo import DEFAULT_SLO, lowest_rate, slo_for
from results.figures import rate
from results.slo import read_slos
from results.validity import INTERRUPTED, INVALID, LIMIT_MISSED, PASS, USAGE
from targets.catalog import CATALOG
from targets.protocol import SetupError

_USUAL_STEPS: Final = 12
_SHARES: Final = (1.0, 100.0)


def make_plan(values: Mapping[str, Any], config: Path | None) -> CapacityPlan:
    """Check every option and every limit before anything starts; raises `SetupError` or `Refusal`."""
    options = {name: value for name, value in gather(values, config).items() if name not in UNUSED}
    options = {"warmup": WARMUP, **options, "target": _target(options)}
    if options.get("arrivals") == "trace":
        raise SetupError("--arrivals trace has a rate of its own, which `capacity` looks for: use poisson or constant")
    options["arrivals"] = options.get("arrivals") or "poisson"
    slo = _slo(str(options["target"]), config)
    duration_s = _window(options, "duration", DURATION)
    longest_s = max(_window(options, "longest", LONGEST), duration_s)
    lowest = lowest_rate(slo, longest_s)
    start = _start(options, lowest_rate(slo, duration_s))
    if start < lowest:
        raise SetupError(f"--start {start:g}: below {lowest:.3g} turns/s a step of {longest_s:g} s holds too few turns")
    bounds = Bounds(start, lowest, _resolution(options), whole(str(options.get("repeats", REPEATS)), "--repeats"))
    settings = read({**options, "rate": str(start)})
    return CapacityPlan(settings, options, slo, bounds, duration_s, longest_s)


def _target(options: Mapping[str, Any]) -> str:
    given = options.get("target") or ""
    names = [given] if isinstance(given, str) else list(given)
    if len(names) > 1:
        raise SetupError(f"capacity searches one target a call, not {', '.join(names)}: give one --target")
    return str(names[0]) if names else ""


def _slo(target: str, config: Path | None) -> tuple[Limit, ...]:
    path = config or Path("dbverdict.toml")
    known = config is not None or path.exists()
    return slo_for(target, read_slos(path, tuple(CATALOG))) if known else DEFAULT_SLO


def _window(options: Mapping[str, Any], name: str, default: str) -> float:
    found = seconds(str(options.get(name, default)), f"--{name}")
    if found < 1:
        raise SetupError(f"--{name} must be at least 1s")
    return found


def _start(options: Mapping[str, Any], default: float) -> float:
    return positive(str(options.get("start", default)), "--start")


def _resolution(options: Mapping[str, Any]) -> float:
    least, most = _SHARES
    per_cent = positive(str(options.get("resolution", RESOLUTION)), "--resolution")
    if not least <= per_cent <= most:
        raise SetupError(f"--resolution {per_cent:g} is per cent: give {least:g} to {most:g}")
    return per_cent / 100


def announcement(plan: CapacityPlan) -> str:
    """What will be looked for, and how long it may take."""
    settings, bounds = plan.settings, plan.bounds
    usual, most = plan.step_s(bounds.start_turns), plan.step_s(bounds.lowest_turns)
    slo = "; ".join(limit.text for limit in plan.slo)
    return (
        f"{settings.target}, {settings.workload.name}, {settings.connections} connections: "
        f"the highest rate with {slo}\n"
        f"from {rate(rounded(bounds.start_turns))} turns/s; a step takes about {usual:.0f} s "
        f"(up to {most:.0f} s at low rates): usually about {_USUAL_STEPS} steps, {_USUAL_STEPS * usual / 60:.0f} "
        f"minutes; at most {MOST_STEPS}, {MOST_STEPS * most / 60:.0f} minutes"
    )


def perform(plan: CapacityPlan, say: Callable[[str], None]) -> int:
    """Search and write the report, the answer first on the terminal; answers the exit code."""
    for line in announcement(plan).splitlines():
        say(line)
    found = CapacitySearch(plan, say).perform()
    if found.capacity is not None:
        _report(found)
    return exit_code(found)


def _report(found: Found) -> None:
    from results.capacity.report import render_terminal, write_report

    assert found.capacity is not None
    render_terminal(found.capacity, Console())
    paths = write_report(found.capacity, found.folder)
    print(f"capacity: {found.folder}\nreport: {paths.html}", flush=True)


def exit_code(found: Found) -> int:
    """0: an interval or a lower bound; 1: missed at the lowest rate; 4: nothing valid; 2 and 130 of a step."""
    if found.code is not None:
        return USAGE if found.code == USAGE else INTERRUPTED
    if found.capacity is None:
        return INVALID
    if found.capacity.answer.kind != "none":
        return PASS
    return LIMIT_MISSED if any(step.holds is False for step in found.capacity.steps) else INVALID
