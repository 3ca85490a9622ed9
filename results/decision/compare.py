"""`dbverdict compare`: sides from paths, each judged against the first, the verdict before the tables."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from results.decision.comparison import Comparison, Practical, compare_sides
from results.decision.comparison_sheet import comparison_sheet, summary_line, to_json
from results.decision.experiment_answer import shared
from results.decision.side import check_allowed
from results.decision.sides import read_pairs
from results.decision.verdict_text import headline, sentence
from results.sheet import plain
from results.table import render_sheet
from results.validity import INVALID, PASS


def compare_paths(
    paths: Sequence[Path],
    primary: str | None,
    practical: Practical,
    target: str | None,
    allow_different: Sequence[str],
) -> list[Comparison]:
    """Every comparison that the paths ask for; raises Refusal."""
    pairs = read_pairs(paths, target, check_allowed(allow_different))
    confidence = shared(len(pairs))
    return [compare_sides(a, b, primary, practical, confidence) for a, b in pairs]


def show(found: Sequence[Comparison], console: Console) -> None:
    """The verdicts first, then the tables."""
    for part in found:
        console.print(Text(f"{headline(part)}: {plain(sentence(part))}", style="bold"), soft_wrap=True)
    for part in found:
        if not part.not_ranked:
            render_sheet(comparison_sheet(part), console)
            console.print(Text(f"  {summary_line(part)}.", style="dim"))
        else:
            show_apart(part, console)


def show_apart(part: Comparison, console: Console) -> None:
    """Both sides' own figures, one below the other, without ratios: they are never ranked."""
    for side in (part.a, part.b):
        known = [(label, side.values(key)) for label, key in _APART.items()]
        figures = ", ".join(f"{label} {min(v):.3g} to {max(v):.3g} ms" for label, v in known if v)
        console.print(
            f"  {plain(side.label)} ({side.badge}), {len(side.rounds)} rounds: {figures or 'no figures'}",
            soft_wrap=True,
        )


_APART = {"turn response p50": "turns.response_p50_ms", "p99": "turns.response_p99_ms"}


def as_json(found: Sequence[Comparison]) -> str:
    """All comparisons for machines."""
    return json.dumps([to_json(part) for part in found], indent=1, ensure_ascii=False)


def exit_code(found: Sequence[Comparison]) -> int:
    """4 when a side has no evidence at all, else 0: a verdict is an answer, not a failure (`gate` decides)."""
    return PASS if all(part.a.rounds and part.b.rounds for part in found) else INVALID
