"""What lies behind the answer: each operation, its spans, its errors, its capacity units, and where it all ran."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from results.answer import NO_EVIDENCE, TOO_FEW, bracketed, dollars
from results.figures import ABSENT, count, ms, rate
from results.folder import RunFolder
from results.pool import SPANS, PooledRun
from results.scope import Group, Scope
from results.sheet import Sheet, numbers, plain, words

HIGHEST_ROUND = "queue, lag and wait: the highest of the rounds, since the run folder keeps no histogram of them."


def operations(scope: Scope, group: Group) -> Sheet | None:
    """Response, service and wait of each operation, the targets of the group below each other; None without any."""
    columns = (
        *words("operation", "target"),
        *numbers("count", "resp.\np50 ms", "resp.\np99 ms", "serv.\np50 ms", "serv.\np99 ms", "wait\np99 ms"),
        *numbers("errors"),
    )
    rows = tuple(_operation_row(name, pool) for name in _names(group) for pool in group.pools if pool.count_of(name))
    caption = f"{group.heading}: each operation · {scope.load}"
    return Sheet(caption, columns, rows, _notes(group, rows)) if rows else None


def _operation_row(name: str, pool: PooledRun) -> tuple[str, ...]:
    response, service, wait = (pool.span_of(name, span) for span in ("response", "service", "wait"))
    cells = (response.p50, response.p99, service.p50, service.p99, wait.p99)
    errors = sum(pool.errors_of(name).values())
    shown = (count(pool.count_of(name)), *map(ms, cells), count(errors))
    return (plain(name), plain(pool.target), *(bracketed(cell, pool) for cell in shown))


def _names(group: Group) -> list[str]:
    return list(dict.fromkeys(name for pool in group.pools for name in pool.operations))


def _notes(group: Group, rows: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    notes = [] if all(len(pool.used) == 1 for pool in group.pools) else [HIGHEST_ROUND]
    if any(ABSENT in row for row in rows):
        notes.append(TOO_FEW)
    if not all(pool.evidence for pool in group.pools):
        notes.append(NO_EVIDENCE)
    return tuple(notes)


def spans(scope: Scope, pool: PooledRun) -> Sheet | None:
    """The four spans of each operation of one target, in milliseconds; None without any."""
    headings = [f"{span}\n{name} ms" for span in SPANS for name in ("p50", "p99")]
    rows = tuple(_span_row(name, pool) for name in pool.operations)
    caption = f"{plain(pool.target)} ({pool.badge}): the four spans · {scope.load}"
    notes = (HIGHEST_ROUND,) if len(pool.used) > 1 else ()
    return Sheet(caption, (*words("operation"), *numbers(*headings)), rows, notes) if rows else None


def _span_row(name: str, pool: PooledRun) -> tuple[str, ...]:
    found = [pool.span_of(name, span) for span in SPANS]
    return (plain(name), *(bracketed(ms(value), pool) for span in found for value in (span.p50, span.p99)))


def errors(scope: Scope, group: Group) -> Sheet | None:
    """Failures by kind; None where there were none."""
    rows = tuple(
        (plain(pool.target), plain(name), plain(kind), bracketed(count(number_of), pool))
        for pool in group.pools
        for name in pool.operations
        for kind, number_of in sorted(pool.errors_of(name).items())
    )
    caption = f"{group.heading}: errors by kind · {scope.load}"
    return Sheet(caption, (*words("target", "operation", "kind"), *numbers("errors")), rows) if rows else None


def capacity(scope: Scope, group: Group) -> Sheet | None:
    """Capacity units per call as the database reported them; None where no target of the group reports any."""
    pools = [pool for pool in group.pools if sum(pool.units)]
    rows = tuple(_capacity_row(name, pool) for pool in pools for name in pool.operations if sum(pool.units_of(name)))
    if not rows:
        return None
    headings = ("calls", "read\nunits", "write\nunits", "read units\n/call", "write units\n/call")
    note = "; ".join(f"{plain(pool.target)}: {dollars(pool)} at list price, warm-up included" for pool in pools)
    caption = f"{group.heading}: consumed capacity · {scope.load}"
    return Sheet(caption, (*words("target", "operation"), *numbers(*headings)), rows, (f"{note}.",))


def _capacity_row(name: str, pool: PooledRun) -> tuple[str, ...]:
    calls, units = pool.count_of(name), pool.units_of(name)
    each = [rate(value / calls) if calls else ABSENT for value in units]
    cells = (count(calls), *(rate(value) for value in units), *each)
    return (plain(pool.target), plain(name), *(bracketed(cell, pool) for cell in cells))


def servers(scope: Scope) -> Sheet:
    """Each target's driver, provider and server, in the server's own words."""
    rows = tuple(
        (plain(pool.target), plain(field), plain(value))
        for pool in scope.pools
        for field, value in _distinct([_target_facts(run) for run in pool.runs]).items()
    )
    return Sheet(f"Servers · {scope.load}", words("target", "fact", "value"), rows)


def _target_facts(run: RunFolder) -> dict[str, Any]:
    target = dict(run.part("target"))
    nested = [target.pop(name, None) for name in ("server", "facts")]
    facts = {name.replace("_", " "): value for name, value in target.items() if name != "name"}
    for part in nested:
        facts.update(part if isinstance(part, Mapping) else {})
    return facts


def provenance(scope: Scope) -> Sheet:
    """Machine, versions, workload and command behind the figures; what differs between runs is listed."""
    facts = _distinct([_run_facts(run) for pool in scope.pools for run in pool.runs])
    rows = tuple((plain(name), plain(value)) for name, value in facts.items())
    return Sheet(f"Provenance · {scope.load}", words("fact", "value"), rows)


def _run_facts(run: RunFolder) -> dict[str, Any]:
    facts: dict[str, Any] = {"run": run.id, "started": run.facts["started_utc"]}
    for name, value in run.part("workload").items():
        facts[f"workload {name}"] = _text(value)
    for name, value in run.part("load").items():
        facts[f"load {name.replace('_', ' ')}"] = value
    for name, value in run.part("provenance").items():
        facts[name.replace("_", " ")] = _text(value)
    return facts


def _text(value: object) -> object:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_text(part)}" for name, part in value.items())
    return json.dumps(value) if isinstance(value, list) else value


def _distinct(runs: list[dict[str, Any]]) -> dict[str, str]:
    """Each fact once, with every value it had."""
    values: dict[str, dict[str, None]] = {}
    for facts in runs:
        for name, value in facts.items():
            if value is not None and value != "":
                values.setdefault(str(name), {})[str(_text(value))] = None
    return {name: "; ".join(found) for name, found in values.items()}
