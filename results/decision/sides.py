"""Which sides a person means by the paths they named: a run, an experiment, or a folder above them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from results.decision.side import Side, differences, make_side
from results.folder import RunFolder
from results.refusal import Refusal
from results.search import load_runs

Pair = tuple[Side, Side]


def read_pairs(paths: Sequence[Path], target: str | None = None, allowed: Sequence[str] = ()) -> list[Pair]:
    """What is to be compared with what: the first is the reference, each other one is judged against it.

    One path holds several targets: its first target is the reference. Several paths: the same target of each is
    compared; where every path holds one target, those are. Raises Refusal where facts are not equal.
    """
    groups = {path: by_target(load_runs([path]), target, str(path)) for path in paths}
    if len(groups) < len(paths):
        raise Refusal("the same folder is named twice: name two different ones")
    _refuse_shared(groups)
    pairs = _within(paths[0], groups[paths[0]], allowed) if len(paths) == 1 else _across(groups, allowed)
    for a, b in pairs:
        refuse_unequal(a, b, allowed)
    return pairs


def by_target(runs: Sequence[RunFolder], target: str | None, where: str) -> dict[str, list[RunFolder]]:
    """The runs of each target, in order of their start; the harness's floor only where nothing else was measured."""
    found = grouped(runs)
    if target is not None:
        if target not in found:
            raise Refusal(f"{where} holds no run of {target}: it has {', '.join(found)}")
        return {target: found[target]}
    databases = {name: runs for name, runs in found.items() if runs[0].badge != "harness"}
    return databases or found


def grouped(runs: Sequence[RunFolder]) -> dict[str, list[RunFolder]]:
    """The runs of each target, in order of their start."""
    found: dict[str, list[RunFolder]] = {}
    for run in sorted(runs, key=lambda run: (str(run.facts["started_utc"]), run.id)):
        found.setdefault(run.target, []).append(run)
    return found


def _refuse_shared(groups: Mapping[Path, Mapping[str, Sequence[RunFolder]]]) -> None:
    owners: dict[str, tuple[Path, Path]] = {}
    for path, found in groups.items():
        for run in (run for runs in found.values() for run in runs):
            named, folder = owners.setdefault(run.id, (path, run.path))
            if (named, folder) != (path, run.path):
                raise Refusal(f"the run {run.id} is found twice, in {folder} and {run.path}: name each run once")


def _within(path: Path, found: Mapping[str, Sequence[RunFolder]], allowed: Sequence[str]) -> list[Pair]:
    sides = [make_side(name, runs, allowed) for name, runs in found.items()]
    if len(sides) < 2:
        raise Refusal(f"{path} holds one target, {sides[0].target}: name a second run, experiment or folder")
    return [(sides[0], side) for side in sides[1:]]


def _across(groups: Mapping[Path, Mapping[str, Sequence[RunFolder]]], allowed: Sequence[str]) -> list[Pair]:
    (first, reference), *others = groups.items()
    named = _names(list(groups))
    if all(len(found) == 1 for found in groups.values()):
        sides = [
            make_side(f"{name} ({named[path]})", runs, allowed)
            for path, found in groups.items()
            for name, runs in found.items()
        ]
        return [(sides[0], side) for side in sides[1:]]
    pairs = []
    for path, found in others:
        if set(found) != set(reference):
            raise Refusal(
                f"{first} has {', '.join(reference)} and {path} has {', '.join(found)}: name one with --target"
            )
        for name in reference:
            a, b = (
                make_side(f"{name} ({named[where]})", group[name], allowed)
                for where, group in ((first, reference), (path, found))
            )
            pairs.append((a, b))
    return pairs


def _names(paths: Sequence[Path]) -> dict[Path, str]:
    """Each path by as many of its last parts as tell them apart."""
    parts = {path: path.resolve().parts for path in paths}
    for depth in range(1, max(map(len, parts.values())) + 1):
        named = {path: "/".join(found[-depth:]) for path, found in parts.items()}
        if len(set(named.values())) == len(paths):
            return named
    return {path: str(path) for path in paths}


def refuse_unequal(a: Side, b: Side, allowed: Sequence[str]) -> None:
    """Raise Refusal with every fact that differs and is not allowed to."""
    found = differences(a.facts, b.facts, allowed)
    if found:
        names = [name for name in a.facts if a.facts[name] != b.facts[name] and name not in allowed]
        cure = f"--allow-different {names[0]!r}" + (" and so on" if len(names) > 1 else "")
        cure = "measure both in one experiment" + ("" if names == ["load model"] else f", or mean it with {cure}")
        raise Refusal(f"{a.label} and {b.label} were not measured alike: {'; '.join(found)}: {cure}")
