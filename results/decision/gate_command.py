"""`dbverdict gate`: from paths to a decision, told to people and to machines; the exit code is the decision."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from results.decision.baseline import NoBaseline, read
from results.decision.check import Check
from results.decision.comparison import Practical
from results.decision.gate import Decision, decide
from results.decision.gate_output import as_json, checks_sheet, headline, to_junit, to_markdown, workflow_commands
from results.decision.side import check_allowed
from results.refusal import Refusal
from results.search import load_runs
from results.slo import Slo, read_slos
from results.table import render_sheet
from results.validity import NO_BASELINE


@dataclass(frozen=True)
class Request:
    """What a gate is asked: which runs, held against what, and where its answers are written."""

    runs: Sequence[Path]
    config: Path | None = None
    baseline: Path | None = None
    primary: str | None = None
    practical: Practical = field(default_factory=Practical)
    allowed: Sequence[str] = ()
    targets: Collection[str] = ()  # names that may stand between `slo` and the operation
    outputs: Mapping[str, Path] = field(default_factory=dict)  # "junit", "markdown", "json" -> file


_FORMS: Mapping[str, Callable[[Decision], str]] = {"junit": to_junit, "markdown": to_markdown, "json": as_json}


def perform(request: Request, console: Console, environment: Mapping[str, str] = os.environ) -> int:
    """Judge, tell, and answer the exit code; raises Refusal."""
    try:
        decision = judge(request)
    except NoBaseline as error:
        _tell(request, Decision((Check("all", "baseline", "no baseline", str(error)),)), environment)
        print(f"dbverdict: {error}", file=sys.stderr)
        return NO_BASELINE
    except Refusal as error:
        _tell(request, Decision((Check("all", "usage", "refused", str(error)),)), environment)
        raise
    show(decision, console)
    _tell(request, decision, environment)
    return decision.code


def _tell(request: Request, decision: Decision, environment: Mapping[str, str]) -> None:
    """Write every output that was asked for; what an earlier job left there must not stand."""
    written = [(path, _FORMS[form](decision)) for form, path in request.outputs.items()]
    for path, text in written:
        _replace(path, text)
    if summary := environment.get("GITHUB_STEP_SUMMARY"):
        _append(Path(summary), to_markdown(decision))
    if environment.get("GITHUB_ACTIONS") == "true":
        print("\n".join(workflow_commands(decision)), flush=True)


def judge(request: Request) -> Decision:
    """The decision alone; raises Refusal and NoBaseline."""
    allowed = check_allowed(request.allowed)
    slos = slos_of(request.config, request.targets)
    baseline = None if request.baseline is None else read(request.baseline)
    runs = load_runs(request.runs)
    return decide(runs, slos, baseline, request.primary, request.practical, allowed, request.runs)


def slos_of(config: Path | None, targets: Collection[str]) -> tuple[Slo, ...]:
    """The limits of the file that was named, else of ./dbverdict.toml if there is one."""
    path = config or Path("dbverdict.toml")
    return read_slos(path, targets) if config is not None or path.exists() else ()


def show(decision: Decision, console: Console) -> None:
    """The decision on a terminal: one line, then every check."""
    sheet = checks_sheet(decision)
    console.print(headline(decision), style="bold red" if decision.code else "bold", markup=False, soft_wrap=True)
    render_sheet(sheet, console)


def _replace(path: Path, text: str) -> None:
    partial = path.with_name(f"{path.name}.part")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise Refusal(f"cannot write {path}: {error.strerror}") from error


def _append(path: Path, text: str) -> None:
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise Refusal(f"cannot write {path}: {error.strerror}") from error
