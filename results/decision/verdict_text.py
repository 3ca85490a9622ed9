"""A comparison in sentences: the verdict first, then what it rests on and what it could have shown."""

from __future__ import annotations

from results.decision.comparison import BETTER, INCONCLUSIVE, NO_DIFFERENCE, NOT_RANKED, WORSE, Compared, Comparison
from results.decision.inference import MOST_ROUNDS, Difference
from results.figures import share
from results.metric import Metric
from results.slo import shown


def sentence(found: Comparison) -> str:
    """The verdict and its evidence, in one or two sentences."""
    metric, primary = found.primary.metric, found.primary
    a, b = found.a.label, found.b.label
    if found.not_ranked:
        return f"{b} is not ranked against {a}: {found.not_ranked}"
    if primary.difference is None:
        return f"inconclusive: {metric.label} of {b} against {a}: {primary.why}."
    told = {
        BETTER: f"{b} is better than {a}",
        WORSE: f"{b} is worse than {a}",
        NO_DIFFERENCE: f"{b} and {a} do not differ by more than {_size(found)}",
        INCONCLUSIVE: f"inconclusive whether {b} and {a} differ by more than {_size(found)}",
    }[primary.verdict]
    parts = [f"{told}: {metric.label} {measured(metric, primary.difference)}; {_rounds(primary)}"]
    if primary.why:
        parts.append(primary.why)
    elif primary.verdict == INCONCLUSIVE:
        parts += prospect(found)
    parts += [f"{side.label}: {remark}" for side in (found.a, found.b) for remark in side.remarks]
    return ". ".join([*parts, *([primary.caveat] if primary.caveat else [])]) + "."


def _size(found: Comparison) -> str:
    floor = found.practical.floor(found.primary.metric)
    return share(found.practical.share) + (f" and {shown(found.primary.metric, floor)}" if floor else "")


def measured(metric: Metric, found: Difference) -> str:
    """Both values, the ratio with its interval, and the difference."""
    values = f"{shown(metric, found.b)} against {shown(metric, found.a)}"
    if found.ratio is None:
        return f"{values}, difference {signed(metric, found.difference.estimate)} ({difference_range(metric, found)})"
    return f"{values}, ratio {ratio(found.ratio.estimate)} ({ratio_range(found)})"


def ratio(value: float) -> str:
    """A ratio to three digits, as in 1.05 or 12.3."""
    return f"{value:.3g}" if value >= 10 or value < 0.1 else f"{value:.2f}"


def ratio_range(found: Difference) -> str:
    """The interval of the ratio."""
    return "" if found.ratio is None else f"{ratio(found.ratio.low)} to {ratio(found.ratio.high)}"


def signed(metric: Metric, value: float) -> str:
    """A difference with its sign and unit."""
    return f"{'+' if value > 0 else '−' if value < 0 else ''}{shown(metric, abs(value))}"


def difference_range(metric: Metric, found: Difference) -> str:
    """The interval of the difference."""
    return f"{signed(metric, found.difference.low)} to {signed(metric, found.difference.high)}"


def _rounds(found: Compared) -> str:
    if found.difference is None:
        return ""
    a, b = found.difference.rounds
    if found.difference.paired:
        return f"{a} paired {found.unit}"
    return f"{b} against {a} {found.unit}" if a != b else f"{a} {found.unit} each"


def prospect(found: Comparison) -> list[str]:
    """What this evidence could have shown, and what would settle it; nothing where neither can be said."""
    seen, needed, primary = found.detectable, found.rounds_needed, found.primary
    if seen is None or primary.difference is None:
        return []
    size = share(seen) if primary.difference.ratio is not None else shown(primary.metric, seen)
    enough = f"about {needed} {primary.unit} a side" if needed else f"more than {MOST_ROUNDS:,} {primary.unit}"
    return [f"This evidence could have shown a difference of {size} (with 80 % probability); {enough} would settle it"]


def headline(found: Comparison) -> str:
    """The verdict in capitals, for a terminal's first line."""
    return {NOT_RANKED: "NOT RANKED", NO_DIFFERENCE: "NO DIFFERENCE"}.get(found.verdict, found.verdict.upper())
