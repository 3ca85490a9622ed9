"""Whether the answers were right, as a table and as findings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from results.figures import ABSENT, count, ms
from results.folder import RunFolder
from results.scope import Scope
from results.sheet import Column, Sheet, numbers, plain, words

_EXAMPLES: Final = 3

COST = "cost: what checking took of the engine's CPU, outside every span."
STALE = "stale reads: eventual by choice (an index); their age is that of the oldest acknowledged write they lacked."


def integrity(scope: Scope) -> Sheet | None:
    """What the oracle found in each run whose answers were checked; None when there is none."""
    runs = [
        (pool.target, at, run) for pool in scope.pools for at, run in enumerate(pool.runs, start=1) if _checked(run)
    ]
    rows = tuple(_row(target, at, run.part("integrity")) for target, at, run in runs)
    columns = (
        *words("target"),
        Column("round"),
        *numbers("replies\nchecked", "wrong", "appends\nread back", "lost", "twice", "not\nread"),
        *numbers("unknown\nwrites", "stale\nreads", "age\np99 ms", "cost\nµs/op"),
    )
    return Sheet(f"Were the answers right? · {scope.load}", columns, rows, (COST, STALE)) if rows else None


def _row(target: str, at: int, found: Mapping[str, Any]) -> tuple[str, ...]:
    read_back, stale = found["read_back"], found.get("staleness")
    ages = [count(stale["stale"]), ms(stale["age_ms"]["p99"])] if stale else [ABSENT, ABSENT]
    cost = found["cost_us_per_op"]
    return (
        plain(target),
        count(at),
        *(count(found[name]) for name in ("replies", "violations")),
        *(count(read_back[name]) for name in ("acknowledged", "lost", "duplicates", "not_read")),
        count(found["unknown_writes"]),
        *ages,
        ABSENT if cost is None else f"{cost:.1f}",
    )


def _checked(run: RunFolder) -> bool:
    return run.part("integrity").get("checked") is True


def wrong_answers(scope: Scope) -> list[str]:
    """The first examples of each run that gave wrong answers, and what could not be read back."""
    return [line for pool in scope.pools for run in pool.runs if _checked(run) for line in _lines(run)]


def _lines(run: RunFolder) -> list[str]:
    found = run.part("integrity")
    where = f"{plain(run.target)} ({plain(run.id)})"
    lines = [
        f"wrong answer {where}: {plain(example['check'])}, {plain(example['operation'])} of person "
        f"{plain(example['person'])} at {float(example['at_s']):.1f} s: {plain(example['detail'])}."
        for example in found["examples"][:_EXAMPLES]
    ]
    read_back = found["read_back"]
    if read_back["not_read"]:
        lines.append(f"not checked {where}: {count(read_back['not_read'])} chats: {plain(read_back['note'])}.")
    return lines
