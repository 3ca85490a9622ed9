"""The answer: one row a target, the whole turn first, with everything that limits what it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from results.correctness import wrong_answers
from results.figures import ABSENT, count, ms, rate, share
from results.folder import Percentiles, RunFolder, number
from results.histogram import summary_ms
from results.pool import PooledRun
from results.scope import Group, Scope
from results.sheet import Column, Sheet, numbers, plain, words

TOO_FEW: Final = f"{ABSENT}: too few samples to say (p50 needs 20, p90 100, p99 1,000, p99.9 10,000)."
_TERMS: Final = (
    "valid: rounds that are evidence; turn: from the instant a person acts to the last answer, waiting included; "
    "serv.: service of one operation in database, network and driver, all operations together."
)
NO_EVIDENCE: Final = "In brackets: from runs that are no evidence, to find the fault by."


def summary(scope: Scope, group: Group) -> Sheet:
    """One row for each target of a group: throughput, turn response, service, errors, capacity units."""
    metered = any(sum(pool.units) for pool in group.pools)
    units = numbers("RU\n/turn", "WU\n/turn") if metered else ()
    columns = (
        *words("target"),
        Column("valid"),
        *numbers("turns\n/s", "ops\n/s", "turn\np50\nms", "turn\np99\nms", "serv.\np50\nms", "serv.\np99\nms"),
        *numbers("errors"),
        *units,
    )
    rows = tuple(_summary_row(pool, metered=metered) for pool in group.pools)
    return Sheet(f"{group.heading} · {scope.load}", columns, rows, _notes(scope, group, rows))


def _summary_row(pool: PooledRun, *, metered: bool) -> tuple[str, ...]:
    service = Percentiles.of(summary_ms(pool.service_all))
    cells = [
        rate(pool.throughput_turns),
        rate(pool.throughput_ops),
        ms(pool.turn_response.p50),
        ms(pool.turn_response.p99),
        ms(service.p50),
        ms(service.p99),
        share(pool.error_rate),
        *(_per_turn(pool) if metered else ()),
    ]
    return (named(pool), f"{len(pool.sound)}/{len(pool.runs)}", *(bracketed(cell, pool) for cell in cells))


def named(pool: PooledRun) -> str:
    """A target's name above its badge and flags."""
    return "\n".join((plain(pool.target), " · ".join((pool.badge, *map(plain, pool.flags)))))


def bracketed(cell: str, pool: PooledRun) -> str:
    """A printed figure; in brackets when it is no evidence."""
    return cell if pool.evidence or cell == ABSENT else f"({cell})"


def _per_turn(pool: PooledRun) -> list[str]:
    return [rate(units / pool.turn_count) if pool.turn_count else ABSENT for units in pool.units]


def _notes(scope: Scope, group: Group, rows: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    notes = [_TERMS] if group == scope.groups[0] else []
    if any(sum(pool.units) for pool in group.pools):
        notes.append("RU, WU: read and write capacity units, as the server reports them.")
    if any(ABSENT in row for row in rows):
        notes.append(TOO_FEW)
    if not all(pool.evidence for pool in group.pools):
        notes.append(NO_EVIDENCE)
    if group.kind.name != "harness":
        notes.extend(_floor(scope, group))
    return tuple(notes)


def _floor(scope: Scope, group: Group) -> list[str]:
    """The harness's own cost: measured as the target null beside the others, else as the run itself recorded it."""
    null = scope.floor
    if null is not None and null.evidence:
        service = Percentiles.of(summary_ms(null.service_all))
        turn = null.turn_response
        waited = f"turn p50 {ms(turn.p50)}, p99 {ms(turn.p99)} ms"
        return [f"Harness floor (null, same load): {waited}; service p50 {ms(service.p50)}, p99 {ms(service.p99)} ms."]
    return list(dict.fromkeys(text for pool in group.pools for run in pool.used if (text := _own_floor(run))))


def _own_floor(run: RunFolder) -> str:
    floor = run.part("floor")
    service = Percentiles.of(floor.get("service_ms"))
    if service == Percentiles():
        return ""
    method = plain(floor.get("method", ""))
    return f"Harness floor ({method}): service p50 {ms(service.p50)}, p99 {ms(service.p99)} ms."


def rounds(scope: Scope, group: Group) -> Sheet:
    """Every run behind the figures, so that their spread is seen."""
    columns = (
        *words("target"),
        Column("round"),
        *words("state"),
        *numbers("turns\n/s", "turn\np50 ms", "turn\np99 ms", "errors", "lag\np99 ms", "engine\nCPU"),
    )
    rows = tuple(_round_row(pool, run) for pool in group.pools for run in pool.runs)
    note = "lag: how late the harness itself was; rounds that are not valid are left out of the pooled figures."
    return Sheet(f"{group.heading}: each round · {scope.load}", columns, rows, (note,))


def _round_row(pool: PooledRun, run: RunFolder) -> tuple[str, ...]:
    turn = run.percentiles("turn", "response")
    cells = (
        rate(run.total("throughput_turns")),
        ms(turn.p50),
        ms(turn.p99),
        share(run.total("error_rate")),
        ms(run.percentiles("turn", "lag").p99),
        share(run.total("engine_cpu")),
    )
    at = pool.runs.index(run) + 1 if run.round is None else run.round
    shown = cells if run.valid else tuple(cell if cell == ABSENT else f"({cell})" for cell in cells)
    return (plain(run.target), count(at), state(run), *shown)


def state(run: RunFolder) -> str:
    """Whether a run is evidence, in one word: "valid", "INVALID" or "INCOMPLETE"."""
    if not run.complete:
        return "INCOMPLETE"
    return "valid" if run.valid else "INVALID"


def findings(scope: Scope) -> list[str]:
    """What a reader must know before using a figure: each invalid or incomplete run with figure and remedy, and
    each target that could not keep up."""
    lines = [line for pool in scope.pools for run in pool.left_out for line in _why(run)]
    return [*lines, *(line for pool in scope.pools for line in _remarks(pool)), *wrong_answers(scope)]


def _why(run: RunFolder) -> list[str]:
    where = f"{state(run)} {plain(run.target)} ({plain(run.id)})"
    if not run.complete:
        detail = plain(run.part("end").get("detail") or "the run never reached its end")
        return [f"{where}: {detail}: run it again; what was recorded until then is shown in brackets."]
    reasons = [f"{where}: {plain(reason.figure)}: {plain(reason.remedy)}." for reason in run.reasons]
    return reasons or [f"{where}: no reason was recorded."]


def _remarks(pool: PooledRun) -> list[str]:
    name = plain(pool.target)
    remarks = []
    if "overloaded" in pool.flags:
        backlog = max(run.total("backlog_s") or 0.0 for run in pool.used)
        remarks.append(
            f"overloaded {name}: it did not keep up with the load offered (backlog {rate(backlog)} s): "
            "its latency grows with the length of the run."
        )
    if "generator-bound" in pool.flags:
        remarks.append(
            f"generator-bound {name}: the load generator (engine or SDK process) was the limit, not the database: "
            "throughput is a lower bound."
        )
    return [*remarks, *_above_calibration(pool), *_early_ends(pool), *_missed(pool)]


def _above_calibration(pool: PooledRun) -> list[str]:
    """A line for the run farthest above the rate its machine was calibrated to."""
    parts = [run.part("calibration") for run in pool.used if run.part("calibration").get("above") is True]
    rates = [(number(part.get("ops_per_worker")) or 0.0, number(part.get("possible_per_worker"))) for part in parts]
    return [
        f"above calibration {plain(pool.target)}: {count(rate)} ops/s per worker, where `dbverdict calibrate` found "
        f"that this machine can measure {count(limit)}: lower the load, add --processes, or calibrate again."
        for rate, limit in sorted(rates, reverse=True)[:1]
    ]


def _early_ends(pool: PooledRun) -> list[str]:
    return [
        f"ended early {plain(run.target)} ({plain(run.id)}): {plain(run.end)}: {plain(run.part('end').get('detail'))}."
        for run in pool.sound
        if run.end not in ("", "planned", "overloaded")
    ]


def _missed(pool: PooledRun) -> list[str]:
    return [
        f"limit missed {plain(run.target)} ({plain(run.id)}): {name} {value}, limit {limit}."
        for run in pool.sound
        for found in run.limits
        if found.get("ok") is False
        for name, limit, value, _ in [_limit_cells(found)]
    ]


def limits(scope: Scope) -> Sheet | None:
    """The limits each run was held to; None where there were none."""
    rows = tuple(
        (plain(pool.target), count(at), *_limit_cells(limit))
        for pool in scope.pools
        for at, run in enumerate(pool.runs, start=1)
        for limit in run.limits
    )
    columns = (*words("target"), Column("round"), *words("limit on", "limit"), Column("value"), *words("kept"))
    return Sheet(f"Limits · {scope.load}", columns, rows) if rows else None


def _limit_cells(limit: Mapping[str, Any]) -> tuple[str, ...]:
    kept = "yes" if limit.get("ok") is True else "MISSED"
    return (*(plain(limit.get(name, "")) for name in ("name", "limit", "value")), kept)


def dollars(pool: PooledRun) -> str:
    """What the rounds consumed at list price, in US dollars; a dash where no price applies."""
    known = [value for run in pool.used if (value := number(run.totals.get("usd"))) is not None]
    return f"${sum(known):,.6f}" if known else ABSENT
