"""What a run is going to be, before it begins: the length of its window, and the load that is to be expected."""

from __future__ import annotations

from loadtests.settings import Settings
from targets.protocol import SetupError


def measured_s(settings: Settings, ramp_s: float, run_time_s: float | None, duration_s: float | None) -> float | None:
    """The measured window's length; -t is the whole test, ramp and warm-up included. Raises `SetupError`."""
    if duration_s is not None or run_time_s is None:
        return duration_s
    left_s = run_time_s - ramp_s - settings.warmup_s
    if left_s < 1:
        raise SetupError(
            f"-t {run_time_s:g}s leaves nothing to measure after a ramp of {ramp_s:g} s and a warm-up of "
            f"{settings.warmup_s:g} s: give a longer -t or a shorter --warmup"
        )
    return left_s


def expectation(settings: Settings, users: int, turns: float | None) -> str:
    """One line for people; `turns` a second, None where only the trace can tell."""
    if settings.model == "saturate":
        return f"dbverdict: saturate: {settings.connections} connections without a pause; capacity only"
    if turns is None:
        return "dbverdict: rate: the trace's own instants"
    operations = turns * settings.make_workload().operations_per_turn
    who = f"{users} people" if settings.model == "people" else f"{settings.arrivals} arrivals"
    return f"dbverdict: {settings.model}: {who}; expect about {turns:.3g} turns/s, {operations:.3g} operations/s"
