"""Searches for the highest rate that holds an SLO, as their folders tell of them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from results.folder import BADGES, RunFormatError, number
from results.metric import FIGURES, SCOPES, TURNS, Metric
from results.scope import KINDS
from results.search import find_runs
from results.sheet import plain
from results.slo import shown

FORMAT: Final = 1
NAME: Final = "capacity.json"
_KINDS: Final = ("interval", "lower_bound", "none")
_TABLES: Final = ("target", "workload", "load", "answer")


@dataclass(frozen=True)
class Search:
    """A capacity folder: what was searched for, each step, and the answer."""

    folder: Path
    facts: Mapping[str, Any]

    @property
    def id(self) -> str:
        """The search's name."""
        return plain(self.facts.get("id") or self.folder.name)

    @property
    def steps(self) -> tuple[Mapping[str, Any], ...]:
        """What was tried, in order."""
        return tuple(step for step in self.facts["steps"] if isinstance(step, Mapping))

    def part(self, name: str) -> Mapping[str, Any]:
        """A section of capacity.json; empty where it is absent."""
        found = self.facts.get(name)
        return found if isinstance(found, Mapping) else {}


def find_searches(paths: Iterable[Path]) -> list[Search]:
    """Every capacity folder that is a path, above one, or up to two levels below one; each once, in order of name.

    Raises RunFormatError for one that cannot be read.
    """
    found: set[Path] = set()
    for path in paths:
        if (path.resolve().parent / NAME).is_file():
            found.add(path.resolve().parent)
        for pattern in (NAME, f"*/{NAME}", f"*/*/{NAME}"):
            found |= {file.parent.resolve() for file in path.glob(pattern)}
    return [_read(folder) for folder in sorted(found, key=lambda folder: (folder.name, folder))]


def _read(folder: Path) -> Search:
    path = folder / NAME
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RunFormatError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise RunFormatError(f"{path} is cut short or no JSON ({error}): copy the folder again") from error
    if not isinstance(facts, dict) or facts.get("format") != FORMAT:
        raise RunFormatError(f"{path}: not of format {FORMAT}, which this dbverdict reads: search again with it")
    odd = next((name for name in _TABLES if not isinstance(facts.get(name), dict)), None)
    if odd is not None or not isinstance(facts.get("steps"), list):
        raise RunFormatError(f"{path}: {odd or 'steps'} is missing: the file was changed; copy it again")
    if facts["target"].get("badge") not in BADGES:
        raise RunFormatError(f"{path}: target.badge is none of {', '.join(BADGES)}")
    return Search(folder, facts)


def find_all(paths: Sequence[Path], searches: Sequence[Search]) -> tuple[list[Path], dict[Path, str]]:
    """Every run folder among `paths` and below them, the steps of searches as well, and the search each is a step of.

    Raises RunFormatError for a path that holds neither a run nor a search.
    """
    steps = {run.parent: search.id for search in searches for run in sorted(search.folder.glob("*/run.json"))}
    inside = {search.folder for search in searches}
    named = find_runs([path for path in paths if not _only_searches(path, inside)])
    found = {run.resolve(): run for run in named}
    return list({**found, **{run: run for run in steps if run not in found}}.values()), steps


def _only_searches(path: Path, searches: Collection[Path]) -> bool:
    """Whether what stands below a path are searches and their steps alone."""
    if path.resolve() in searches:
        return True
    runs = [file.parent for pattern in ("run.json", "*/run.json", "*/*/run.json") for file in path.glob(pattern)]
    holds_one = any(path.resolve() in folder.parents for folder in searches)
    return holds_one and all(run.resolve().parent in searches for run in runs)


STEP_TEXTS: Final = ("run", "phase", "why")
STEP_NUMBERS: Final = ("rate_turns", "achieved_turns", "achieved_ops", "turn_p50_ms", "turn_p99_ms", "errors")
STEP_TRUTHS: Final = ("valid", "holds")
COLUMNS: Final = (
    *("capacity", "started_utc", "status", "target", "badge", "workload", "load", "slo", "low_turns", "high_turns"),
    *("answer", "stop", "step", *STEP_TEXTS, *STEP_NUMBERS, *STEP_TRUTHS),
)
"""The columns of `capacity.csv`: one row a step, each with its search's answer."""


def page_of(search: Search) -> dict[str, Any]:
    """A search as the page shows it."""
    target, workload, answer = search.part("target"), search.part("workload"), search.part("answer")
    kind = answer.get("kind")
    return {
        "id": search.id,
        "status": plain(search.facts.get("status", "")),
        "started_utc": plain(search.facts.get("started_utc") or ""),
        "target": plain(target.get("name", "")),
        "badge": plain(target["badge"]),
        "kind": next(found.name for found in KINDS if target["badge"] in found.badges),
        "workload": plain(workload.get("name", "")),
        "fingerprint": plain(workload.get("fingerprint") or ""),
        "load": _load(search.part("load")),
        "slo": [_limit(limit) for limit in search.facts.get("slo") or () if isinstance(limit, Mapping)],
        "answer": kind if kind in _KINDS else "none",
        "low_turns": number(answer.get("low_turns")),
        "high_turns": number(answer.get("high_turns")),
        "stop": plain(answer.get("stop") or ""),
        "detail": plain(answer.get("detail") or ""),
        "git_revision": plain(search.part("provenance").get("git_revision") or ""),
        "steps": [_step(step) for step in search.steps],
    }


def _load(load: Mapping[str, Any]) -> str:
    """The load without its rate, which is what was searched for."""
    parts = [f"rate, searched ({plain(load['arrivals'])})" if load.get("arrivals") else "rate, searched"]
    for name in ("connections", "people", "workers"):
        value = number(load.get(name))
        if value is not None and not (name == "workers" and value == 1):
            parts.append(f"{value:,.0f} {name}")
    return " · ".join(parts)


_EVERY_OPERATION: Final = "operations"
"""The scope of a limit on every operation."""


def _limit(limit: Mapping[str, Any]) -> dict[str, Any]:
    scope, name, value = str(limit.get("scope")), str(limit.get("figure")), number(limit.get("limit"))
    key, figure = plain(f"{scope}.{name}"), FIGURES.get(name)
    if figure is None or value is None or scope not in (*SCOPES, _EVERY_OPERATION):
        return {"metric": key, "limit": value, "text": f"{key} {plain(limit.get('limit'))}"}
    every = scope == _EVERY_OPERATION
    metric = Metric(TURNS if every else scope, figure)
    named = f"each operation's {figure.label}" if figure.is_latency else f"{figure.label} of operations"
    label = named if every else metric.label
    bound = "at most" if figure.lower_is_better else "at least"
    return {"metric": key, "limit": value, "text": f"{label} {bound} {shown(metric, value)}"}


def _step(step: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{name: plain(step.get(name) or "") for name in STEP_TEXTS},
        **{name: number(step.get(name)) for name in STEP_NUMBERS},
        **{name: step[name] if isinstance(step.get(name), bool) else None for name in STEP_TRUTHS},
    }


def rows_of(page: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of `capacity.csv` of one search."""
    shared = {
        "capacity": page["id"],
        "slo": "; ".join(limit["text"] for limit in page["slo"]),
        **{name: page[name] for name in COLUMNS if name in page and name != "slo"},
    }
    return [{**shared, "step": at, **step} for at, step in enumerate(page["steps"], start=1)]
