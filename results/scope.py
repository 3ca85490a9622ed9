"""What may stand side by side: one workload under one load, databases and emulators apart, the harness last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from results.figures import count, rate, seconds
from results.folder import Load, RunFolder
from results.pool import PooledRun, pool_all, same_scope


@dataclass(frozen=True)
class Kind:
    """A sort of target, and the sentence that says what its figures are evidence about."""

    name: str
    heading: str
    badges: tuple[str, ...]
    sentence: str


KINDS: Final = (
    Kind("database", "Databases", ("self-hosted", "managed"), "Real servers, measured under the same load."),
    Kind(
        "emulator",
        "Emulator",
        ("emulator",),
        "DynamoDB Local is an emulator: its latency is no evidence about DynamoDB; "
        "it is not ranked against self-hosted or managed databases.",
    ),
    Kind("harness", "Harness", ("harness",), "No database: what dbverdict itself costs, the floor under every figure."),
)


@dataclass(frozen=True)
class Group:
    """The targets of one kind, measured alike."""

    kind: Kind
    pools: tuple[PooledRun, ...]

    @property
    def heading(self) -> str:
        """The group's name, in the plural where that is right."""
        several = self.kind.name == "emulator" and len(self.pools) > 1
        return f"{self.kind.heading}s" if several else self.kind.heading


@dataclass(frozen=True)
class Scope:
    """One workload under one load: the frame within which figures may be set side by side."""

    groups: tuple[Group, ...]

    @property
    def pools(self) -> tuple[PooledRun, ...]:
        """Every target of it, harness last."""
        return tuple(pool for group in self.groups for pool in group.pools)

    @property
    def load(self) -> str:
        """The load model, as it stands on every table and chart."""
        return model(self.pools[0].load)

    @property
    def title(self) -> str:
        """Workload, load, connections and window in one line."""
        first = self.pools[0].runs[0]
        parts = [str(first.part("workload")["name"]), self.load, *_lanes(first.load), _window(first)]
        return " · ".join(part for part in parts if part)

    @property
    def floor(self) -> PooledRun | None:
        """The null target measured under the same load, if it was."""
        return next((pool for pool in self.pools if pool.target == "null" and pool.badge == "harness"), None)


def scopes(runs: Sequence[RunFolder]) -> list[Scope]:
    """Sort runs into what may be set side by side, in order of first appearance."""
    found: dict[tuple[object, ...], list[PooledRun]] = {}
    for pool in pool_all(runs):
        found.setdefault(same_scope(pool.runs[0]), []).append(pool)
    return [Scope(_groups(pools)) for pools in found.values()]


def _groups(pools: Sequence[PooledRun]) -> tuple[Group, ...]:
    groups = [Group(kind, tuple(pool for pool in pools if pool.badge in kind.badges)) for kind in KINDS]
    return tuple(group for group in groups if group.pools)


def model(load: Load) -> str:
    """A load model with the figure that sets it: "rate 40 turns/s (poisson)"."""
    if load.model == "rate" and load.rate_turns is not None:
        arrivals = f" ({load.arrivals})" if load.arrivals else ""
        return f"rate {rate_figure(load.rate_turns)} turns/s{arrivals}"
    if load.model == "people":
        scale = f", time scale {load.time_scale:g}" if load.time_scale else ""
        return f"people: {count(load.users)}{scale}"
    if load.model == "saturate":
        return "saturate (closed loop, for capacity only)"
    return load.model if load.arrivals is None else f"{load.model} ({load.arrivals})"


def rate_figure(value: float) -> str:
    """A rate as it was asked for: 40 and not 40.0."""
    return f"{value:,.0f}" if value == round(value) else rate(value)


def _lanes(load: Load) -> list[str]:
    parts = [] if load.connections is None else [f"{count(load.connections)} connections"]
    return [*parts, f"{load.workers} workers"] if (load.workers or 1) > 1 else parts


def _window(run: RunFolder) -> str:
    lengths = {phase.name: phase.length_s for phase in run.phases}
    if not lengths.get("measured"):
        return ""
    before = [f"{seconds(lengths[name])} {label}" for name, label in _BEFORE if lengths.get(name)]
    return f"measured {seconds(lengths['measured'])}" + (f" after {' and '.join(before)}" if before else "")


_BEFORE: Final = (("ramp", "ramp"), ("warmup", "warm-up"))
