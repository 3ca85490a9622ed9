"""Which run folders a person means: named themselves, by the folder above them, or by a pattern of the shell."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from results.capacity.folder import FILE
from results.folder import RunFolder, RunFormatError, load


def find_runs(paths: Iterable[Path]) -> list[Path]:
    """The run folders among `paths` and up to two levels below them, each once, in order of name.

    A file among folders is passed over: `runs/*` matches the reports that stand beside the runs. So are the steps of
    a capacity search, each under a load of its own, unless its folder or the step itself is named. Raises
    RunFormatError when a folder holds none, or when there are files only.
    """
    found: dict[Path, Path] = {}
    given = list(paths)
    folders = [path for path in given if not path.is_file()]
    if given and not folders:
        raise RunFormatError(f"{given[0]} is a file: name a run folder, or the folder above several")
    for path in folders:
        runs = [path] if (path / "run.json").is_file() else sorted(_below(path), key=lambda run: run.name)
        if not runs:
            what = "holds no run (a folder with a run.json)" if path.is_dir() else "does not exist"
            raise RunFormatError(f"{path} {what}: name a run folder, or the folder above several")
        for run in runs:
            found.setdefault(run.resolve(), run)
    return list(found.values())


def load_runs(paths: Iterable[Path]) -> list[RunFolder]:
    """The runs among `paths` and below them, read; raises RunFormatError, also for the same run in two folders."""
    found: dict[str, RunFolder] = {}
    for folder in find_runs(paths):
        run = load(folder)
        other = found.setdefault(run.id, run)
        if other is not run:
            raise RunFormatError(f"the run {run.id} is found twice, in {other.path} and {folder}: name each run once")
    return list(found.values())


def lost_rounds(runs: Iterable[RunFolder], paths: Iterable[Path]) -> list[tuple[str, str]]:
    """Planned runs of whole experiments among `paths` that are not among `runs`: the target, and a line about it."""
    found = [(run.target, run.part("experiment")) for run in runs]
    have = {(target, str(part.get("id")), part.get("round")) for target, part in found}
    named = [path.resolve() for path in paths]
    files = {folder / "experiment.json" for run in runs for folder in (run.path.resolve().parent,)}
    lost = []
    for file in sorted(files):
        if any(path == file.parent or path in file.parent.parents for path in named):
            lost += [(target, line) for target, line in _planned_and_gone(file, have)]
    return lost


def _planned_and_gone(file: Path, have: set[tuple[str, str, object]]) -> Iterator[tuple[str, str]]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        planned = [(str(run["target"]), run["round"]) for run in content.get("plan", ())]
        experiment = str(content.get("id"))
    except FileNotFoundError:
        return
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RunFormatError(f"{file} cannot be read: copy the experiment again") from error
    for target, number in planned:
        if number and (target, experiment, number) not in have:
            yield target, f"round {number} of {experiment} was planned and is not here"


def _below(path: Path) -> list[Path]:
    found = [file.parent for pattern in ("*/run.json", "*/*/run.json") for file in path.glob(pattern)]
    return [run for run in found if run.parent == path or not (run.parent / FILE).is_file()]


def find_capacities(paths: Iterable[Path]) -> tuple[list[Path], list[Path]]:
    """The folders of capacity searches among `paths` and up to two levels below them, and the other paths.

    A path is no other one when all that it holds are searches.
    """
    found: dict[Path, Path] = {}
    others: list[Path] = []
    for path in paths:
        searches = [path] if (path / FILE).is_file() else _searches_below(path)
        found.update({folder.resolve(): folder for folder in searches})
        if not searches or (path not in searches and _below(path)):
            others.append(path)
    return list(found.values()), others


def _searches_below(path: Path) -> list[Path]:
    """In order of name."""
    found = [file.parent for pattern in (f"*/{FILE}", f"*/*/{FILE}") for file in path.glob(pattern)]
    return sorted(found, key=lambda folder: (folder.name, folder))
