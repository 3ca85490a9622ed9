"""What an experiment came to: its answer in sentences first, then a line a target, kinds of target apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from results.decision.experiment_answer import experiment_answers
from results.folder import RunFolder
from results.pool import PooledRun
from results.scope import Group, Scope, scopes
from results.sheet import plain


def experiment_of(runs: Sequence[RunFolder]) -> dict[str, Any]:
    """The runs of one experiment as the first page shows them."""
    found = scopes(runs)
    return {
        "id": plain(runs[0].part("experiment")["id"]),
        "started_utc": min(plain(run.facts["started_utc"]) for run in runs),
        "runs": [plain(run.id) for run in runs],
        "answers": [
            {name: plain(value) for name, value in asdict(answer).items()} for answer in experiment_answers(runs)
        ],
        "scopes": [_scope(scope) for scope in found],
    }


def _scope(scope: Scope) -> dict[str, Any]:
    return {"title": scope.title, "load": scope.load, "groups": [_group(group) for group in scope.groups]}


def _group(group: Group) -> dict[str, Any]:
    return {
        "kind": group.kind.name,
        "heading": group.heading,
        "sentence": group.kind.sentence,
        "targets": [_target(pool) for pool in group.pools],
    }


def _target(pool: PooledRun) -> dict[str, Any]:
    """One target's rounds put together, its histograms added exactly."""
    turn = pool.turn_response
    return {
        "target": plain(pool.target),
        "badge": pool.badge,
        "flags": [plain(flag) for flag in pool.flags],
        "valid": len(pool.sound),
        "rounds": len(pool.runs),
        "throughput": pool.throughput_turns,
        "p50_ms": turn.p50,
        "p90_ms": turn.p90,
        "p99_ms": turn.p99,
        "errors": pool.error_rate,
    }
