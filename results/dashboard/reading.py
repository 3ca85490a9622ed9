"""Reading many run folders: several at a time, each reduced at once to what the site shows of it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

from results.dashboard.details import details_of
from results.dashboard.experiments import experiment_of
from results.dashboard.row import Row, row_of
from results.folder import load

Watch = Callable[[int, int], None]
"""Told how many of how many runs have been read."""

_WORTH_A_PROCESS: Final = 40
"""Fewer runs than these are read here: starting Python again takes longer."""


@dataclass(frozen=True)
class Task:
    """The runs of one experiment, or a run on its own; `capacity` is the search each is a step of, or ""."""

    experiment: str
    runs: tuple[Path, ...]
    capacity: tuple[str, ...]


@dataclass(frozen=True)
class Part:
    """What was read of one task: a row and the details of each run, and the experiment they make."""

    rows: tuple[Row, ...]
    details: tuple[dict[str, Any], ...]
    folders: tuple[Path, ...]
    experiment: dict[str, Any] | None


def read_runs(folders: Sequence[Path], steps: dict[Path, str], watch: Watch) -> Iterator[Part]:
    """Read every run, the runs of an experiment together; raises RunFormatError for the first that is none."""
    tasks = _tasks(folders, steps)
    done = 0
    for part in _read_all(tasks, len(folders)):
        done += len(part.rows)
        watch(done, len(folders))
        yield part


def _read_all(tasks: Sequence[Task], runs: int) -> Iterator[Part]:
    workers = min(os.cpu_count() or 1, len(tasks))
    if runs < _WORTH_A_PROCESS or workers < 2:
        yield from map(read_task, tasks)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        try:
            yield from pool.map(read_task, tasks)
        finally:
            pool.shutdown(cancel_futures=True)


def _tasks(folders: Sequence[Path], steps: dict[Path, str]) -> list[Task]:
    together: dict[str, list[Path]] = {}
    for folder in folders:
        experiment = _experiment(folder)
        together.setdefault(f"experiment {experiment}" if experiment else f"run {folder}", []).append(folder)
    return [
        Task(
            name.removeprefix("experiment ") if name.startswith("experiment ") else "",
            tuple(runs),
            tuple(steps.get(run.resolve(), "") for run in runs),
        )
        for name, runs in together.items()
    ]


def _experiment(folder: Path) -> str:
    """The experiment's id, looked up before the run is read whole; "" where there is none or it cannot be read."""
    try:
        found = json.loads((folder / "run.json").read_text(encoding="utf-8"))["experiment"]["id"]
    except (OSError, ValueError, KeyError, TypeError):
        return ""  # the whole reading says what is wrong with it
    return found if isinstance(found, str) else ""


def read_task(task: Task) -> Part:
    """Read the runs of one task; raises RunFormatError."""
    runs = [load(folder) for folder in task.runs]
    rows = tuple(row_of(run, capacity) for run, capacity in zip(runs, task.capacity, strict=True))
    details = tuple(details_of(run) for run in runs)
    if not task.experiment or any(task.capacity):  # a search has its own answer
        return Part(rows, details, task.runs, None)
    return Part(rows, details, task.runs, experiment_of(runs))
