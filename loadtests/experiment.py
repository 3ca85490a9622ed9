"""Several runs on equal terms: one server works at a time, rounds are interleaved, each run is a Locust process."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from loadtests.series import Place, RunSeries
from loadtests.settings import Settings
from results.validity import INTERRUPTED, USAGE, worst

FLOOR_SECONDS = 10.0
"""The longest measured window of the `null` run that stands beside every experiment."""

_OVERHEAD_S = 6.0
"""Starting Locust and loading, a run, for the time a plan announces; measured on two cores."""


@dataclass(frozen=True)
class PlannedRun:
    """One run of an experiment, in the order of execution."""

    order: int
    round: int
    target: str
    duration_s: float


@dataclass(frozen=True)
class ExperimentPlan:
    """What will be run: the same options for every target."""

    settings: Mapping[str, Settings]  # by target
    options: Mapping[str, Any]  # as given, for the Locust processes
    users: int
    spawn_rate: float
    duration_s: float
    rounds: int

    def runs(self) -> list[PlannedRun]:
        """A B B A …: each round reverses the one before; the harness's floor last, once, unless it is a target."""
        targets = list(self.settings)
        planned: list[tuple[int, str, float]] = []
        for number in range(1, self.rounds + 1):
            ordered = targets if number % 2 else targets[::-1]
            planned += [(number, target, self.duration_s) for target in ordered]
        if "null" not in targets:
            planned.append((0, "null", min(self.duration_s, FLOOR_SECONDS)))
        return [PlannedRun(order, number, target, s) for order, (number, target, s) in enumerate(planned, 1)]

    def seconds(self, after: int = 0) -> float:
        """About how long it takes; with `after` the runs that follow run number `after`."""
        settings = next(iter(self.settings.values()))
        ramp_s = self.users / self.spawn_rate if settings.model == "people" else 0.0
        return sum(run.duration_s + settings.warmup_s + ramp_s + _OVERHEAD_S for run in self.runs()[after:])


@dataclass
class Outcome:
    """What an experiment came to: its folder, its run folders, the exit code of each run."""

    folder: Path
    runs: list[Path]
    codes: list[int]

    @property
    def exit_code(self) -> int:
        """The worst of its runs, by the order of the exit codes."""
        return worst(self.codes)


class Experiment:
    """Runs a plan; the folder is written as it goes."""

    def __init__(self, plan: ExperimentPlan, out: Path, say: Callable[[str], None]) -> None:
        self._plan = plan
        self._say = say
        self._series = RunSeries("experiment", out, plan.users, plan.spawn_rate, say)

    def perform(self) -> Outcome:
        """Every planned run, in order; stops early when interrupted or when an option proves unusable."""
        outcome = Outcome(self._series.folder, [], [])
        with self._series as series:
            for run in self._plan.runs():
                if series.interrupted:
                    break
                self._one(run, outcome)
                self._save(outcome)
                if outcome.codes[-1] in (USAGE, INTERRUPTED):
                    break
        if series.interrupted:
            outcome.codes.append(INTERRUPTED)
        return outcome

    def _one(self, run: PlannedRun, outcome: Outcome) -> None:
        label = f"[{run.order}/{len(self._plan.runs())}] "
        place = Place(run.round, run.order, label, run.duration_s, self._plan.seconds(after=run.order))
        finished = self._series.run(self._settings(run.target), self._plan.options, place)
        outcome.runs += [finished.folder] if finished.folder else []
        outcome.codes.append(finished.code)
        told_of = _told(finished.folder) if finished.folder else f"no run (exit code {finished.code})"
        self._say(f"{label}{run.target}: {told_of}")

    def _settings(self, target: str) -> Settings:
        some = next(iter(self._plan.settings.values()))
        return self._plan.settings.get(target) or replace(some, target=target)

    def _save(self, outcome: Outcome) -> None:
        content = {
            "format": 1,
            "id": self._series.id,
            "plan": [asdict(run) for run in self._plan.runs()],
            "runs": [run.name for run in outcome.runs],
            "exit_codes": outcome.codes,
        }
        self._series.save("experiment.json", content)


def _told(folder: Path) -> str:
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    reasons = "; ".join(reason["figure"] for reason in run["validity"]["reasons"])
    p50, p99 = (run["turns"]["response_ms"][name] for name in ("p50", "p99"))
    figures = f"turn response p50 {_ms(p50)}, p99 {_ms(p99)}, {run['totals']['throughput_ops']:,.0f} ops/s"
    return figures if run["validity"]["valid"] else f"INVALID: {reasons} ({figures})"


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g} ms"
