"""The `integrity` part of run.json: whether the answers were right, from what each engine's oracle found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from results.histogram import Counts, summary_ms

EXAMPLES: Final = 10
_COUNTS: Final = ("chats", "acknowledged", "lost", "duplicates", "not_read", "read_units")

Report = dict[str, Any]


def unchecked(why: str) -> Report:
    """The part of a run whose answers nobody looked at."""
    return {"checked": False, "why": why}


def merge(parts: Sequence[Mapping[str, Any]]) -> Report:
    """Add the engines' findings; the first examples of all of them stay, in order of time."""
    faults: Counter[str] = Counter()
    for part in parts:
        faults.update(part["faults"])
    replies = sum(part["replies"] for part in parts)
    examples = sorted((example for part in parts for example in part["examples"]), key=lambda found: found["at_s"])
    read_back: dict[str, Any] = {name: sum(part["read_back"][name] for part in parts) for name in _COUNTS}
    read_back["note"] = "; ".join(
        dict.fromkeys(part["read_back"]["note"] for part in parts if part["read_back"]["note"])
    )
    return {
        "checked": True,
        "replies": replies,
        "violations": faults.total(),
        "by_check": dict(faults),
        "examples": examples[:EXAMPLES],
        "unknown_writes": sum(part["unknown_writes"] for part in parts),
        "read_back": read_back,
        "cost_us_per_op": sum(part["oracle_ns"] for part in parts) / replies / 1e3 if replies else None,
    }


def staleness(ages: Counts) -> Report | None:
    """How old what eventual reads showed was, over all of them (0: the latest write was shown); None without any."""
    if not ages.total:
        return None
    stale = int(ages.counts[ages.buckets > 0].sum())
    return {"reads": ages.total, "stale": stale, "age_ms": summary_ms(ages)}


def limit(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The limit that a checked run is held to."""
    if not report["checked"]:
        return []
    found = [f"{check} {count}" for check, count in sorted(report["by_check"].items())]
    value = f"{report['violations']} wrong: {', '.join(found)}" if found else "0 wrong"
    return [{"name": "integrity", "limit": "every answer right", "value": value, "ok": not found}]
