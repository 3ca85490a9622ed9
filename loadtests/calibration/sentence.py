"""The one sentence of a calibration: what this machine can measure, or why it says nothing good of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from loadtests.calibration.ceiling import Ceiling
from loadtests.calibration.judgement import Row, worst_ms

_MIDDLE: Final = ("p50", "p90")
_TAIL: Final = ("p99", "p999")
_NAMED: Final = 3  # missed goals that are named; the table has them all


def sentence(ceiling: Ceiling, rows: Sequence[Row], rate: float, cores: int, busy: str) -> str:
    """`rate` is the highest at which answers were compared. A busy machine is not praised; missed goals are counted."""
    if busy:
        return (
            f"This machine was busy ({busy}): these figures are not its best and promise nothing; "
            "run `dbverdict calibrate` again when it is quiet."
        )
    if not ceiling.max_rate_ops:
        tried = min(found.rate_ops for found in ceiling.tries)
        return (
            f"This machine could not measure even {tried:,.0f} ops/s ({ceiling.limited_by}): "
            "use a faster one, or give this one more CPU."
        )
    praise = (
        f"This machine can measure up to {ceiling.max_rate_ops:,.0f} ops/s per worker, with an error of at most "
        f"{_errors(rows)} (up to {rate:,.0f} ops/s); {_database(cores)}."
    )
    missed = [row for row in rows if row.ok is False]
    return f"{praise} {_missed(missed, rows)}" if missed else praise


def _errors(rows: Sequence[Row]) -> str:
    middle, tail = worst_ms(rows, _MIDDLE), worst_ms(rows, _TAIL)
    parts = [f"{middle:.2f} ms at p50 and p90" if middle is not None else ""]
    parts.append(f"{tail:.2f} ms at p99 and p99.9" if tail is not None else "")
    return " and ".join(part for part in parts if part) or "an unknown size"


def _database(cores: int) -> str:
    if cores == 1:
        return "run the database elsewhere: this machine has one core"
    left = cores - 1
    return (
        f"run the database elsewhere or pin it if it needs more than {'one' if left == 1 else left} of its {cores} "
        "cores"
    )


def _missed(missed: Sequence[Row], rows: Sequence[Row]) -> str:
    judged = sum(row.ok is not None for row in rows)
    named = ", ".join(f"{row.name} {row.metric} {row.percentile} {row.error_ms:+.2f} ms" for row in missed[:_NAMED])
    more = " and others" if len(missed) > _NAMED else ""
    return f"{len(missed)} of {judged} figures missed their goal: {named}{more}."
