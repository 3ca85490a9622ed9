"""`dbverdict report`: what a person names, runs and capacity searches, each told in its own way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console

from results.capacity import report as capacity_report
from results.capacity.folder import load_capacity
from results.report import render_terminal, report_folder, write_reports
from results.search import find_capacities, load_runs


def report_all(paths: Sequence[Path], out: Path | None, console: Console) -> Iterator[Path]:
    """Print and write every report, yielding the path of each page; raises Refusal and OSError.

    Everything is read before anything is printed. With `out` the runs' report goes there, and that of a search too
    when it is all there is, else into a folder of its name.
    """
    searches, others = find_capacities(paths)
    runs = load_runs(others) if others else []
    found = [(folder, load_capacity(folder)) for folder in searches]
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    if runs:
        render_terminal(runs, console)
        yield write_reports(runs, out or report_folder(runs)).html
    for folder, capacity in found:
        capacity_report.render_terminal(capacity, console)
        target = folder if out is None else out if len(found) == 1 and not runs else out / folder.name
        target.mkdir(exist_ok=True)
        yield capacity_report.write_report(capacity, target).html
