"""A capacity search as it runs: a Locust process a step, capacity.json written after each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from loadtests.capacity_search import Bounds, Planned, answer, rates_of, search
from loadtests.facts import command_line
from loadtests.preparation import loading_usd
from loadtests.series import Finished, Place, RunSeries
from loadtests.settings import Settings
from results.capacity.folder import EXHAUSTED, FILE, Capacity, Limit, Step
from results.capacity.judgement import step_of
from results.capacity.slo import window_for
from results.figures import rate as rate_figure
from results.folder import RunFolder, load
from results.provenance import provenance
from results.validity import INTERRUPTED as INTERRUPTED_CODE
from results.validity import USAGE

OVERHEAD_S: Final = 9.0
"""Starting Locust, loading, draining and reading back, a step; measured on two cores."""


@dataclass(frozen=True)
class CapacityPlan:
    """What to search for, and how; `options` are those of the Locust processes, without the rate."""

    settings: Settings
    options: Mapping[str, Any]
    slo: tuple[Limit, ...]
    bounds: Bounds
    duration_s: float
    longest_s: float

    def window_s(self, rate_turns: float) -> float:
        """How long a step at this rate measures."""
        return min(window_for(self.slo, rate_turns, self.duration_s), self.longest_s)

    def step_s(self, rate_turns: float) -> float:
        """About how long a step takes in all."""
        return self.window_s(rate_turns) + self.settings.warmup_s + OVERHEAD_S


@dataclass
class Found:
    """What a search came to; `capacity` is None when no run began."""

    folder: Path
    capacity: Capacity | None = None
    code: int | None = None  # of a step that ended the search: usage or interrupted
    steps: Sequence[Step] = field(default=())


class CapacitySearch:
    """Runs a plan; the folder is written as it goes."""

    def __init__(self, plan: CapacityPlan, say: Callable[[str], None]) -> None:
        self._plan = plan
        self._say = say
        self._series = RunSeries(f"capacity_{plan.settings.target}", Path(plan.settings.out), 1, 1.0, say)
        self._started = datetime.now(UTC)
        self._workload: Mapping[str, Any] = {}
        self._spent_usd = 0.0
        self._provenance = provenance(command_line())  # asks git: once is enough
        self._made = 0
        self._found = Found(self._series.folder)

    def perform(self) -> Found:
        """Every step, until the search is at its end, interrupted, or refused by the first run."""
        with self._series:
            steps = search(self._measure, self._plan.bounds, self._tell)
            if self._series.interrupted:
                self._found.code = INTERRUPTED_CODE
            if self._workload:
                self._save(steps, over=True)
        return self._found

    def _measure(self, planned: Planned) -> Step | None:
        if self._series.interrupted or self._found.code is not None or self._spent():
            return None
        self._made += 1
        before = next((rate.count for rate in rates_of(self._found.steps) if rate.turns == planned.rate_turns), 0)
        label = f"[step {self._made}, {rate_figure(planned.rate_turns)} turns/s] "
        place = Place(before + 1, self._made, label, self._plan.window_s(planned.rate_turns))
        return self._step(planned, self._series.run(self._plan.settings, self._options(planned), place))

    def _options(self, planned: Planned) -> dict[str, Any]:
        """The step's options; a budget is one for the whole search."""
        options = {**self._plan.options, "rate": f"{planned.rate_turns:g}"}
        settings = self._plan.settings
        if settings.max_usd_given or self._managed:
            options["max_usd"] = f"{max(settings.max_usd - self._spent_usd, 1e-6):.6f}"
        return options

    def _spent(self) -> bool:
        """Whether what is left of a budget would not even pay for loading."""
        left_usd = self._plan.settings.max_usd - self._spent_usd
        if not (self._managed and self._made and left_usd <= self._loading_usd):
            return False
        self._say(f"--max-usd is used up after {self._made} steps: about ${self._spent_usd:.2f}")
        self._found.code = INTERRUPTED_CODE
        return True

    @property
    def _managed(self) -> bool:
        return self._plan.settings.design.badge == "managed"

    @cached_property
    def _loading_usd(self) -> float:
        """What each step's loading costs where somebody is paid for it: the run's own totals do not hold it."""
        settings = self._plan.settings
        return loading_usd(settings.make_workload().dataset(settings.seed)) if self._managed else 0.0

    def _step(self, planned: Planned, finished: Finished) -> Step | None:
        """The run as a step; None where it says that the search must end."""
        if finished.code in (USAGE, INTERRUPTED_CODE):
            self._found.code = finished.code
        if finished.folder is None:
            why = f"no run was made (exit code {finished.code})"
            nothing = Step(
                None, planned.phase, planned.rate_turns, None, None, False, None, why, None, None, None, EXHAUSTED
            )
            return None if self._found.code is not None else nothing
        run = load(finished.folder)
        self._take(run)
        if run.end == "budget":
            self._found.code = INTERRUPTED_CODE
        return step_of(run, planned.phase, planned.rate_turns, self._plan.slo)

    def _take(self, run: RunFolder) -> None:
        workload = run.part("workload")
        self._workload = {"name": workload["name"], "fingerprint": workload["fingerprint"]}
        self._spent_usd += (run.total("usd") or 0.0) + self._loading_usd

    def _tell(self, steps: Sequence[Step]) -> None:
        step = steps[-1]
        self._found.steps = tuple(steps)
        self._say(f"[step {self._made}] {rate_figure(step.rate_turns)} turns/s ({step.phase}): {step.told}")
        if self._workload:
            self._save(steps, over=False)

    def _save(self, steps: Sequence[Step], *, over: bool) -> None:
        plan, interrupted = self._plan, over and self._found.code is not None
        name = f"{plan.settings.target} ({plan.settings.design.badge})"
        self._found.capacity = Capacity(
            id=self._series.id,
            status="complete" if over else "incomplete",
            started_utc=_utc(self._started),
            ended_utc=_utc(datetime.now(UTC)) if over else None,
            target=plan.settings.target,
            badge=plan.settings.design.badge,
            workload=self._workload,
            load=self._load(),
            slo=plan.slo,
            steps=tuple(steps),
            answer=answer(steps, plan.bounds, name, interrupted=interrupted),
            provenance=self._provenance,
        )
        self._series.save(FILE, self._found.capacity.to_json())

    def _load(self) -> dict[str, Any]:
        settings, bounds = self._plan.settings, self._plan.bounds
        return {
            "model": "rate",
            "arrivals": settings.arrivals,
            "people": settings.people,
            "connections": settings.connections,
            "timeout_s": settings.timeout_s,
            "warmup_s": settings.warmup_s,
            "duration_s": self._plan.duration_s,
            "longest_s": self._plan.longest_s,
            "start_turns": bounds.start_turns,
            "lowest_turns": bounds.lowest_turns,
            "resolution": bounds.resolution,
            "repeats": bounds.repeats,
            "seed": settings.seed,
        }


def _utc(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds").replace("+00:00", "Z")
