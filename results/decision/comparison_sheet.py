"""A comparison as tables: the primary metric alone, then the exploratory ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from results.decision.comparison import Compared, Comparison
from results.decision.inference import Difference, Interval
from results.decision.verdict_text import difference_range, ratio, ratio_range, sentence, signed
from results.figures import ABSENT, count
from results.sheet import Sheet, numbers, plain, words
from results.slo import shown

NOTABLE: Final = 0.05
"""An exploratory difference is marked when its corrected p-value is below this."""

ALIKE: Final = 0.005
"""Exploratory metrics whose whole interval is this close to equal are named, not shown."""

_EXPLORATORY: Final = (
    "Exploratory: these carry no verdict. * differs even when their number is taken into account (p below 0.05, "
    "Benjamini and Yekutieli); the intervals are 95 % each."
)


def comparison_sheet(found: Comparison) -> Sheet:
    """Every compared metric of one comparison, the primary first."""
    columns = (
        *words("metric"),
        *numbers(plain(found.a.label), plain(found.b.label), "ratio\nB/A", "95 %\ninterval", "difference\nB-A"),
        *words("note"),
    )
    parts = [found.primary, *(part for part in found.others if not _alike(part))]
    rows = tuple(_row(part, primary=part is found.primary) for part in parts)
    title = f"B = {plain(found.b.label)} against A = {plain(found.a.label)} · {found.a.load}"
    alike = [part.metric.label for part in found.others if _alike(part)]
    left_out = [f"equal within {ALIKE:.1%}, not shown: {', '.join(alike)}."] if alike else []
    return Sheet(title, columns, rows, (_EXPLORATORY, *left_out, *_notes(found)))


def _alike(part: Compared) -> bool:
    """Whether a row would only say that nothing differs."""
    found = part.difference
    if found is None:
        return False
    if found.ratio is None:
        return found.difference.low == found.difference.high == 0
    return found.ratio.low >= 1 - ALIKE and found.ratio.high <= 1 + ALIKE


def _row(part: Compared, *, primary: bool) -> tuple[str, ...]:
    name = part.metric.label + ("\nprimary" if primary else "")
    found = part.difference
    if found is None:
        return (name, *[ABSENT] * 5, part.why)
    cells = (shown(part.metric, found.a), shown(part.metric, found.b))
    with_ratio = (ABSENT, ABSENT) if found.ratio is None else (ratio(found.ratio.estimate), ratio_range(found))
    change = f"{signed(part.metric, found.difference.estimate)}\n{difference_range(part.metric, found)}"
    return (name, *cells, *with_ratio, change, part.verdict if primary else _mark(part))


def _mark(part: Compared) -> str:
    return "*" if part.corrected_p is not None and part.corrected_p < NOTABLE else ""


def _notes(found: Comparison) -> list[str]:
    lines = [f"left out, no evidence: {plain(line)}" for side in (found.a, found.b) for line in side.left_out]
    for name, value in found.a.about.items():
        other = found.b.about.get(name, "")
        if value != other and found.a.target == found.b.target:
            lines.append(f"differs: {name}: {plain(value)} against {plain(other)}")
    return lines


def to_json(found: Comparison) -> dict[str, Any]:
    """The whole comparison for machines; sides that are never ranked have no figures of their difference."""
    ranked = not found.not_ranked
    return {
        "a": _side(found, "a"),
        "b": _side(found, "b"),
        "verdict": found.verdict,
        "sentence": sentence(found),
        "practical": {"share": found.practical.share, "ms": found.practical.ms},
        "not_ranked": found.not_ranked,
        "rounds_needed": found.rounds_needed if ranked else None,
        "detectable": found.detectable if ranked else None,
        "primary": _part(found.primary) if ranked else None,
        "exploratory": [_part(part) for part in found.others] if ranked else [],
    }


def _side(found: Comparison, name: str) -> dict[str, Any]:
    side = found.a if name == "a" else found.b
    runs = [part.run for part in side.rounds]
    return {"label": side.label, "target": side.target, "badge": side.badge, "load": side.load,
            "runs": runs, "left_out": list(side.left_out)}  # fmt: skip


def _part(part: Compared) -> dict[str, Any]:
    found = part.difference
    head: dict[str, Any] = {"metric": part.metric.key, "verdict": part.verdict, "why": part.why}
    return {**head, "corrected_p": part.corrected_p} if found is None else {**head, **_figures(part, found)}


def _figures(part: Compared, found: Difference) -> Mapping[str, Any]:
    return {
        "corrected_p": part.corrected_p,
        "p": found.p,
        "confidence": part.confidence,
        "a": found.a,
        "b": found.b,
        "rounds": list(found.rounds),
        "paired": found.paired,
        "ratio": _interval(found.ratio),
        "difference": _interval(found.difference),
        "unit": part.unit,
        "caveat": part.caveat,
    }


def _interval(found: Interval | None) -> dict[str, float] | None:
    return None if found is None else {"estimate": found.estimate, "low": found.low, "high": found.high}


def summary_line(found: Comparison) -> str:
    """How many metrics of the exploratory kind differ after correction."""
    marked = sum(bool(_mark(part)) for part in found.others)
    return f"{count(marked)} of {count(len(found.others))} exploratory metrics differ after correction"
