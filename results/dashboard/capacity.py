"""Searches for the highest rate that holds an SLO, as their folders tell of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from results.capacity.folder import FILE, Capacity, Limit, Step, load_capacity
from results.folder import number
from results.scope import KINDS
from results.search import find_capacities, find_runs
from results.sheet import plain


def find_all(paths: Iterable[Path]) -> tuple[list[Capacity], list[Path], dict[Path, str]]:
    """The searches among `paths` and below them, every run folder, steps as well, and the search each is a step of.

    A step stands for its whole search. Raises Refusal for a path that holds neither a run nor a search, and for a
    search that cannot be read.
    """
    folders, others = find_capacities([_search_above(path) for path in paths])
    folders.sort(key=lambda folder: (folder.name, folder))
    searches = {folder.resolve(): load_capacity(folder) for folder in folders}
    steps = {run.parent: plain(searches[folder].id) for folder in searches for run in folder.glob("*/run.json")}
    runs = {run.resolve(): run for run in find_runs(others)}
    return list(searches.values()), list({**runs, **{run: run for run in sorted(steps)}}.values()), steps


def _search_above(path: Path) -> Path:
    above = path.resolve().parent
    return above if (above / FILE).is_file() else path


STEP_TEXTS: Final = ("run", "phase", "why")
STEP_NUMBERS: Final = ("rate_turns", "achieved_turns", "achieved_ops", "turn_p50_ms", "turn_p99_ms", "errors")
STEP_TRUTHS: Final = ("valid", "holds")
COLUMNS: Final = (
    *("capacity", "started_utc", "status", "target", "badge", "workload", "load", "slo", "low_turns", "high_turns"),
    *("answer", "stop", "step", *STEP_TEXTS, *STEP_NUMBERS, *STEP_TRUTHS),
)
"""The columns of `capacity.csv`: one row a step, each with its search's answer."""


def page_of(capacity: Capacity) -> dict[str, Any]:
    """A search as the page shows it."""
    answer = capacity.answer
    return {
        "id": plain(capacity.id),
        "status": capacity.status,
        "started_utc": plain(capacity.started_utc),
        "target": plain(capacity.target),
        "badge": capacity.badge,
        "kind": next(kind.name for kind in KINDS if capacity.badge in kind.badges),
        "workload": plain(capacity.workload.get("name", "")),
        "fingerprint": plain(capacity.workload.get("fingerprint") or ""),
        "load": _load(capacity.load),
        "slo": [_limit(limit) for limit in capacity.slo],
        "answer": answer.kind,
        "low_turns": answer.low_turns,
        "high_turns": answer.high_turns,
        "stop": answer.stop,
        "detail": plain(answer.detail),
        "git_revision": plain(capacity.provenance.get("git_revision") or ""),
        "steps": [_step(step) for step in capacity.steps],
    }


def _load(load: Mapping[str, Any]) -> str:
    """The load without its rate, which is what was searched for."""
    parts = [f"rate, searched ({plain(load['arrivals'])})" if load.get("arrivals") else "rate, searched"]
    for name in ("connections", "people", "workers"):
        value = number(load.get(name))
        if value is not None and not (name == "workers" and value == 1):
            parts.append(f"{value:,.0f} {name}")
    return " · ".join(parts)


def _limit(limit: Limit) -> dict[str, Any]:
    return {"metric": plain(f"{limit.scope}.{limit.figure}"), "limit": limit.limit, "text": plain(limit.text)}


def _step(step: Step) -> dict[str, Any]:
    return {
        **{name: plain(getattr(step, name) or "") for name in STEP_TEXTS},
        **{name: getattr(step, name) for name in (*STEP_NUMBERS, *STEP_TRUTHS)},
    }


def rows_of(page: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of `capacity.csv` of one search."""
    shared = {
        "capacity": page["id"],
        "slo": "; ".join(limit["text"] for limit in page["slo"]),
        **{name: page[name] for name in COLUMNS if name in page and name != "slo"},
    }
    return [{**shared, "step": at, **step} for at, step in enumerate(page["steps"], start=1)]
