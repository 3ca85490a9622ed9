"""The command line: one Typer application; each command imports its module when it runs."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from loadtests.capacity_options import CAPACITY_OPTIONS
from loadtests.settings import EVERY_OPTION, Option
from results.refusal import Refusal
from results.validity import USAGE
from targets.protocol import SetupError

app = typer.Typer(
    help="Which database under an LLM chat application? The same traffic on each, with numbers that are true.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


baselines = typer.Typer(help="A reference that a gate holds runs against.", no_args_is_help=True)
app.add_typer(baselines, name="baseline")


def _run(config: Path | None, dry_run: bool, **values: Any) -> None:
    """Run an experiment: targets x rounds, interleaved, each a headless Locust run; compare and report."""
    from loadtests import run_command

    plan = run_command.make_plan(run_command.gather(values, config))
    if dry_run:
        run_command.show_plan(plan, Console())
        return
    outcome = run_command.perform(plan, run_command.say)
    raise typer.Exit(run_command.exit_code(plan, outcome))


def _capacity(config: Path | None, **values: Any) -> None:
    """The highest rate of turns at which an SLO holds, as an interval: bracket, bisect, repeat; a Locust run a step."""
    from loadtests import capacity_command
    from loadtests.run_command import say

    raise typer.Exit(capacity_command.perform(capacity_command.make_plan(values, config), say))


_CONFIG: Any = Annotated[
    Path | None, typer.Option(help="a dbverdict.toml; without it ./dbverdict.toml, if there is one")
]
_DRY_RUN: Any = Annotated[bool, typer.Option("--dry-run", help="print the plan and do nothing")]


def _with_options(command: Any, options: Iterable[Option], more: Mapping[str, tuple[Any, Any]]) -> Any:
    """`command` with every option of a table in its signature: they are named once, for Locust and for it."""
    annotations: dict[str, Any] = {name: annotation for name, (annotation, _) in more.items()}
    defaults: dict[str, Any] = {name: default for name, (_, default) in more.items()}
    for option in options:
        name = option.name.replace("-", "_")
        kind: Any = bool if option.flag else list[str] | None if option.multiple else str | None
        text = option.help + (f" ({', '.join(option.choices)})" if option.choices else "")
        text += f", default {option.default}" if option.default else ""
        annotations[name] = Annotated[kind, typer.Option(f"--{option.name}", help=text, show_default=False)]
        defaults[name] = False if option.flag else None
    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [inspect.Parameter(n, keyword, default=defaults[n], annotation=a) for n, a in annotations.items()]
    command.__signature__ = inspect.Signature(parameters)
    command.__annotations__ = annotations
    return command


app.command("run")(_with_options(_run, EVERY_OPTION, {"config": (_CONFIG, None), "dry_run": (_DRY_RUN, False)}))
app.command("capacity")(_with_options(_capacity, CAPACITY_OPTIONS, {"config": (_CONFIG, None)}))


@app.command()
def targets() -> None:
    """The catalog: each design, what it needs, and whether it can run here, or why not."""
    from loadtests.targets_command import show

    show(Console())


@app.command()
def calibrate(
    as_json: Annotated[bool, typer.Option("--json", help="print the whole result as JSON")] = False,
) -> None:
    """Prove the harness on this machine: known answers, floor, highest rate; under two minutes, no database."""
    from loadtests.calibration import command

    command.perform(as_json)


@app.command()
def report(
    runs: Annotated[list[Path], typer.Argument(help="run folders, or folders above them")],
    out: Annotated[Path | None, typer.Option(help="where to write; without it beside the runs")] = None,
) -> None:
    """The tables, report.md and report.html of what was made, runs and capacity searches; needs no database."""
    from results.report_command import report_all

    try:
        for path in report_all(runs, out, Console()):
            print(f"report: {path}")
    except OSError as error:
        raise SetupError(f"cannot write the report: {error.strerror}: {error.filename}") from error


@app.command()
def compare(
    sides: Annotated[list[Path], typer.Argument(help="runs, experiments or folders above them; the first is A")],
    primary: Annotated[str | None, typer.Option(help="the metric that carries the verdict")] = None,
    practical: Annotated[float, typer.Option(help="the least share that matters", min=0.0)] = 0.05,
    practical_ms: Annotated[float, typer.Option(help="the least difference of a latency that matters", min=0.0)] = 0.1,
    target: Annotated[str | None, typer.Option(help="only this target of each side")] = None,
    allow_different: Annotated[list[str] | None, typer.Option(help="a fact that may differ, as in machine")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print everything as JSON")] = False,
) -> None:
    """Is B better than A? From run folders alone: one verdict, its interval, and what the evidence could show."""
    from results.decision import compare as command
    from results.decision.comparison import Practical

    size = Practical.of(practical, practical_ms)
    found = command.compare_paths(sides, primary, size, target, allow_different or ())
    if as_json:
        print(command.as_json(found))
    else:
        command.show(found, Console())
    raise typer.Exit(command.exit_code(found))


@app.command()
def gate(
    runs: Annotated[list[Path], typer.Argument(help="runs, experiments or folders above them")],
    config: Annotated[Path | None, typer.Option(help="a file with [slo.…] tables; without it ./dbverdict.toml")] = None,
    baseline: Annotated[Path | None, typer.Option(help="what `dbverdict baseline save` wrote")] = None,
    primary: Annotated[str | None, typer.Option(help="the metric that is held against the baseline")] = None,
    practical: Annotated[float, typer.Option(help="the least share that matters", min=0.0)] = 0.05,
    practical_ms: Annotated[float, typer.Option(help="the least difference of a latency that matters", min=0.0)] = 0.1,
    allow_different: Annotated[list[str] | None, typer.Option(help="a fact that may differ, as in machine")] = None,
    junit: Annotated[Path | None, typer.Option(help="write JUnit XML here")] = None,
    markdown: Annotated[Path | None, typer.Option(help="write Markdown here")] = None,
    as_json: Annotated[Path | None, typer.Option("--json", help="write JSON here")] = None,
) -> None:
    """Pass or fail a CI job: 0 pass, 1 limit missed, 3 worse than the baseline, 4 no evidence, 5 no baseline."""
    from results.decision.comparison import Practical
    from results.decision.gate_command import Request, perform
    from targets.catalog import CATALOG

    outputs = {"junit": junit, "markdown": markdown, "json": as_json}
    request = Request(
        runs=runs,
        config=config,
        baseline=baseline,
        primary=primary,
        practical=Practical.of(practical, practical_ms),
        allowed=allow_different or (),
        targets=CATALOG,
        outputs={form: path for form, path in outputs.items() if path is not None},
    )
    raise typer.Exit(perform(request, Console()))


@baselines.command("save")
def save_baseline(
    runs: Annotated[list[Path], typer.Argument(help="runs, experiments or folders above them")],
    out: Annotated[Path, typer.Option(help="the file to write")] = Path("dbverdict-baseline.json"),
    target: Annotated[str | None, typer.Option(help="only this target")] = None,
) -> None:
    """Write several valid rounds as one small file to commit."""
    from results.decision.baseline_command import save

    save(runs, out, target)


@baselines.command("show")
def show_baseline(path: Annotated[Path, typer.Argument(help="the file")] = Path("dbverdict-baseline.json")) -> None:
    """What a baseline holds: its rounds, their noise, and the facts they were measured under."""
    from results.decision.baseline_command import show

    raise typer.Exit(show(path, Console()))


@app.command()
def dashboard(
    runs: Annotated[list[Path], typer.Argument(help="run folders, or folders above them")],
    out: Annotated[Path, typer.Option(help="the folder to write; an older dashboard there is replaced")] = Path("site"),
    config: Annotated[
        Path | None,
        typer.Option(help="a dbverdict.toml whose limits are drawn; without it ./dbverdict.toml, if there is one"),
    ] = None,
) -> None:
    """A static site of many runs, to search, compare and follow over time; opens from a disk, needs no server."""
    from results.dashboard.command import perform
    from targets.catalog import CATALOG

    try:
        perform(runs, out, config, tuple(CATALOG))
    except OSError as error:
        raise SetupError(f"cannot write the dashboard: {error.strerror}: {error.filename}") from error


@app.command()
def drop(
    target: Annotated[str, typer.Option(help="the design whose data to remove")],
    url: Annotated[str, typer.Option(help="your server")] = "",
    prefix: Annotated[str, typer.Option(help="the prefix the data were made with")] = "dbverdict_",
    allow_aws: Annotated[bool, typer.Option("--allow-aws", help="on AWS, really")] = False,
    region: Annotated[str | None, typer.Option(help="the AWS region")] = None,
) -> None:
    """Remove what dbverdict made in your database, and nothing else."""
    from loadtests.drop_command import drop_data

    drop_data(target, url, prefix, allow_aws, region)


def main() -> None:
    """Entry point: what a person can mend is one line and exit code 2."""
    try:
        app()
    except SetupError as error:
        print(f"dbverdict: {error}", file=sys.stderr)
        sys.exit(USAGE)
    except Refusal as error:
        print(f"dbverdict: {error}", file=sys.stderr)
        sys.exit(USAGE)


if __name__ == "__main__":
    main()
