"""`dbverdict run`: from options to an experiment, its answer and its report."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from loadtests.config import read_config
from loadtests.durations import seconds
from loadtests.experiment import Experiment, ExperimentPlan, Outcome
from loadtests.settings import EVERY_OPTION, positive, read, whole
from results.validity import INVALID, worst
from targets.protocol import SetupError

_NAMES = [option.name.replace("-", "_") for option in EVERY_OPTION]


def gather(values: Mapping[str, Any], config: Path | None) -> dict[str, Any]:
    """Options as given, over those of the config file, over the defaults."""
    path = config or Path("dbverdict.toml")
    filed = read_config(path, _NAMES) if config is not None or path.exists() else {}
    given = {name: value for name, value in values.items() if value not in (None, "", [], (), False)}
    return {**{name: _text(value) for name, value in filed.items()}, **given}


def _text(value: Any) -> Any:
    """A value of the config file as the command line would give it."""
    if isinstance(value, bool):
        return value
    return [str(item) for item in value] if isinstance(value, list) else str(value)


def make_plan(options: Mapping[str, Any]) -> ExperimentPlan:
    """Check every option and every target before anything starts; raises `SetupError`."""
    targets = options.get("target") or []
    targets = [targets] if isinstance(targets, str) else list(dict.fromkeys(targets))
    settings = {target: read({**options, "target": target}) for target in targets}
    if not settings:
        read({**options, "target": ""})
    settings = {found.target: found for found in settings.values()}
    users = _whole(options, "users", 50)
    for found in settings.values():
        found.check_people(users)
    duration_s = seconds(str(options.get("duration", "60s")), "--duration")
    if duration_s < 1:
        raise SetupError("--duration must be at least 1s")
    return ExperimentPlan(
        settings=settings,
        options=options,
        users=users,
        spawn_rate=positive(str(options.get("spawn_rate", 25.0)), "--spawn-rate"),
        duration_s=duration_s,
        rounds=_whole(options, "rounds", 1),
    )


def _whole(options: Mapping[str, Any], name: str, default: int) -> int:
    return whole(str(options.get(name, default)), f"--{name.replace('_', '-')}")


def show_plan(plan: ExperimentPlan, console: Console) -> None:
    """What would be run, and about how long it would take."""
    table = Table("run", "round", "target", "measured", title="plan")
    for run in plan.runs():
        table.add_row(str(run.order), str(run.round or "floor"), run.target, f"{run.duration_s:g} s")
    console.print(table)
    settings = next(iter(plan.settings.values()))
    turns = settings.expected_turns(plan.users)
    load = "as many turns as the connections carry" if settings.model == "saturate" else "the trace's own arrivals"
    load = load if turns is None else f"about {turns:.3g} turns/s"
    console.print(f"{settings.workload.name}, {settings.model}: {load}; about {plan.seconds() / 60:.1f} minutes in all")


def perform(plan: ExperimentPlan, say: Callable[[str], None]) -> Outcome:
    """Run the plan and write its report, the answer first on the terminal."""
    out = Path(next(iter(plan.settings.values())).out)
    turns = next(iter(plan.settings.values())).expected_turns(plan.users)
    say(
        f"{len(plan.runs())} runs, about {plan.seconds() / 60:.1f} minutes"
        + (f", {turns:.3g} turns/s" if turns else "")
    )
    outcome = Experiment(plan, out, say).perform()
    if outcome.runs:
        _report(outcome)
    return outcome


def _report(outcome: Outcome) -> None:
    from results.decision.experiment_answer import experiment_answers
    from results.folder import load
    from results.report import render_terminal, write_reports

    runs = [load(folder) for folder in outcome.runs]
    for run in runs:
        write_reports([run], run.path)
    paths = write_reports(runs, outcome.folder)
    console = Console()
    render_terminal(runs, console, details=False)
    for answer in experiment_answers(runs) if max(run.round or 0 for run in runs) > 1 else ():
        console.print(f"{answer.verdict.upper()}: {answer.sentence}", style="bold", markup=False, soft_wrap=True)
    print(f"runs: {outcome.folder}\nreport: {paths.html}", flush=True)


def valid_targets(outcome: Outcome) -> set[str]:
    """The targets with at least one valid run."""
    from results.folder import load

    return {run.target for run in map(load, outcome.runs) if run.valid}


def exit_code(plan: ExperimentPlan, outcome: Outcome) -> int:
    """The experiment's code: one invalid round is no failure while the target has a valid one."""
    valid = valid_targets(outcome)
    codes = [code for code in outcome.codes if code != INVALID]
    missing = [target for target in plan.settings if target not in valid]
    return worst([*codes, *([INVALID] if missing else [])])


def say(line: str) -> None:
    """A line for people, apart from the answer."""
    print(f"dbverdict: {line}", file=sys.stderr, flush=True)


def demo(plan: ExperimentPlan, needed: set[str]) -> int:
    """The demo fails only when a needed target has no valid run."""
    outcome = perform(plan, say)
    return 0 if needed <= valid_targets(outcome) else worst([*outcome.codes, INVALID])
