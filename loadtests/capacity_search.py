"""Where to measure next, and what the measurements say: the search for the highest rate at which an SLO holds.

Pure: `next_step` and `answer` look at the steps so far and nothing else, so a search can be followed, interrupted and
told again from its file. The rules:

- A *step* is one run. Where nothing can be said of it (invalid, too few turns) it is made again, at most twice; the
  *measurement* that results held, missed, or is unknown.
- **Bracket**: from the start rate, times 2 while it holds, half while it does not, never below the lowest rate at
  which a window holds enough turns. **Bisect**: the geometric mean of the highest rate that mostly held and the next
  above it, until they are nearer than the resolution. **Edge**: both ends of the answer are measured again, the one
  with fewer measurements first, until each has three.
- The answer is [the highest rate, below the upper end, at which *every* measurement held; the lowest rate at which
  *at least half* of the measurements missed]; an unknown measurement counts against both. A rate in between where
  repeats disagree is neither: it widens the interval. When repeats move an end, the new end is measured three times
  too, after the gap that has opened was bisected.
- An unknown rate is no end of the interval: it bounds the search, not the answer. When nothing above the lower end
  was seen to miss, the lowest unknown rate is measured once more, since a busy minute may have passed; after that the
  answer is a lower bound only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from results.capacity.folder import EXHAUSTED, INTERRUPTED, Answer, Step
from results.figures import rate as rate_figure

TRIES: Final = 3
"""How often a step is made at most until something can be said of it."""

MOST_STEPS: Final = 40
"""After so many runs the search ends with what it has."""


@dataclass(frozen=True)
class Bounds:
    """How the search goes: rates in turns a second."""

    start_turns: float
    lowest_turns: float
    resolution: float = 0.10
    repeats: int = 3
    most_steps: int = MOST_STEPS


@dataclass(frozen=True)
class Planned:
    """What to measure next, and why."""

    rate_turns: float
    phase: str  # "bracket", "bisect" or "edge"


@dataclass(frozen=True)
class Rate:
    """What the measurements at one rate came to."""

    turns: float
    held: int = 0
    missed: int = 0
    unknown: int = 0

    @property
    def count(self) -> int:
        """How often it was measured."""
        return self.held + self.missed + self.unknown

    @property
    def silent(self) -> bool:
        """Whether no measurement said anything."""
        return self.held + self.missed == 0

    @property
    def always_held(self) -> bool:
        """Whether it mostly held and nothing speaks against it."""
        return self.mostly_held and self.missed == 0

    @property
    def mostly_held(self) -> bool:
        """Whether more than half of the measurements held."""
        return self.held > self.missed + self.unknown

    @property
    def mostly_missed(self) -> bool:
        """Whether at least half of the measurements missed: where they balance, the cautious reading stands."""
        return 0 < self.missed >= self.held + self.unknown


Measure = Callable[[Planned], Step | None]
"""Makes one run; None when the search has to end."""


def search(measure: Measure, bounds: Bounds, tell: Callable[[Sequence[Step]], None]) -> tuple[Step, ...]:
    """Measure until nothing is left to learn or `measure` answers None; `tell` hears of every step."""
    steps: list[Step] = []
    while (planned := next_step(steps, bounds)) is not None:
        step = measure(planned)
        if step is None:
            break
        steps.append(step)
        tell(steps)
    return tuple(steps)


def next_step(steps: Sequence[Step], bounds: Bounds) -> Planned | None:
    """What to measure next; None at the end."""
    if len(steps) >= bounds.most_steps:
        return None
    if not steps:
        return Planned(rounded(max(bounds.start_turns, bounds.lowest_turns)), "bracket")
    if _open(steps):
        return Planned(steps[-1].rate_turns, steps[-1].phase)
    rates = rates_of(steps)
    begun = [rate for rate in rates if 1 < rate.count < bounds.repeats and not rate.silent]
    return (None if begun else _narrower(rates, bounds)) or _edge(rates, begun, bounds)


def _open(steps: Sequence[Step]) -> bool:
    """Whether the last measurement has no result and may have another try."""
    tries = 0
    for step in reversed(steps):
        if step.rate_turns != steps[-1].rate_turns or step.holds is not None:
            break
        tries += 1
    return tries % TRIES != 0


def rates_of(steps: Sequence[Step]) -> list[Rate]:
    """Every rate with its measurements, in order of rate."""
    found: dict[float, Rate] = {}
    for turns, holds in _measurements(steps):
        rate = found.get(turns, Rate(turns))
        if holds is None:
            found[turns] = replace(rate, unknown=rate.unknown + 1)
        elif holds:
            found[turns] = replace(rate, held=rate.held + 1)
        else:
            found[turns] = replace(rate, missed=rate.missed + 1)
    return [found[turns] for turns in sorted(found)]


def _measurements(steps: Sequence[Step]) -> Iterator[tuple[float, bool | None]]:
    """The rate and the result of each; a measurement that is still open is none."""
    tries = 0
    for at, step in enumerate(steps):
        tries = 1 if at == 0 or steps[at - 1].rate_turns != step.rate_turns else tries + 1
        if step.holds is not None or tries == TRIES:
            yield step.rate_turns, step.holds
            tries = 0


def ends(rates: Sequence[Rate]) -> tuple[Rate | None, Rate | None]:
    """The two ends of the interval, as the module's rule says."""
    high = next((rate for rate in rates if rate.mostly_missed), None)
    below = [rate for rate in rates if rate.always_held and (high is None or rate.turns < high.turns)]
    return (below[-1] if below else None), high


def _narrower(rates: Sequence[Rate], bounds: Bounds) -> Planned | None:
    """A rate that widens the bracket or halves it; None when it is narrow enough, or cannot be had."""
    low, high = ends(rates)
    lowest = rounded(bounds.lowest_turns)
    if low is None and rates[0].turns > lowest:
        return Planned(max(rounded(rates[0].turns / 2), lowest), "bracket")
    held = [rate for rate in rates if rate.mostly_held and (high is None or rate.turns < high.turns)]
    if not held:
        return None
    if held[-1] is rates[-1]:
        return Planned(rounded(2 * held[-1].turns), "bracket")
    return _halved(rates, held[-1], bounds) or (_halved(rates, low, bounds) if low is not None else None)


def _halved(rates: Sequence[Rate], below: Rate, bounds: Bounds) -> Planned | None:
    """The middle of the gap above a rate; None where it is narrow enough."""
    above = next(rate.turns for rate in rates if rate.turns > below.turns)
    middle = rounded(math.sqrt(below.turns * above))
    wide = above / below.turns > 1 + bounds.resolution and below.turns < middle < above
    return Planned(middle, "bisect") if wide else None


def _edge(rates: Sequence[Rate], begun: Sequence[Rate], bounds: Bounds) -> Planned | None:
    """The end, or the rate whose repeats have begun, that was measured least; None when each has its repeats."""
    low, high = ends(rates)
    wanted = [rate for rate in (*begun, low, high) if rate is not None and rate.count < bounds.repeats]
    if high is None and bounds.repeats > 1:
        wanted += [rate for rate in rates if rate.silent and (low is None or rate.turns > low.turns)][:1]
        wanted = [rate for rate in wanted if not rate.silent or rate.count == 1]
    if not wanted:
        return None
    return Planned(min(wanted, key=lambda rate: (rate.count, rate.turns)).turns, "edge")


def rounded(turns: float) -> float:
    """A rate to three digits: what is asked for should be readable."""
    return float(f"{turns:.3g}")


def answer(steps: Sequence[Step], bounds: Bounds, name: str, *, interrupted: bool = False) -> Answer:
    """What the steps say; `name` is the target as the sentence calls it."""
    rates = rates_of(steps)
    low, high = ends(rates)
    unknown = [rate.turns for rate in rates if rate.silent]
    cause = _cause(steps, high, [turns for turns in unknown if low is None or turns > low.turns])
    kind = "none" if low is None else "lower_bound" if high is None else "interval"
    stop = INTERRUPTED if interrupted or cause is None else str(cause.stop)
    parts = [f"{name} {_found(low, high, cause)}", *_doubts(rates, low, high)]
    if interrupted:
        parts.append("the search was interrupted")
    elif next_step(steps, replace(bounds, most_steps=len(steps) + 1)) is not None:
        parts.append(f"the search is not at its end after {len(steps)} runs")
    detail = "; ".join(parts) + "."
    return Answer(low.turns if low else None, high.turns if high else None, kind, stop, detail)


def _cause(steps: Sequence[Step], high: Rate | None, unknown: Sequence[float]) -> Step | None:
    """The step that tells why the rate goes no higher: the mildest miss at the upper end, else an unknown one."""
    if high is not None:
        missed = [step for step in steps if step.rate_turns == high.turns and step.holds is False]
        return min(missed, key=lambda step: step.turn_p99_ms or math.inf)
    silent = [step for step in steps if step.rate_turns in unknown and step.stop == EXHAUSTED]
    return min(silent, key=lambda step: step.rate_turns, default=None)


def _found(low: Rate | None, high: Rate | None, cause: Step | None) -> str:
    why = f": {cause.why}" if cause is not None else ""
    if low is None and high is None:
        return f"could not be measured{why}"
    if low is None and high is not None:
        return f"misses the SLO at {rate_figure(high.turns)} turns/s, the lowest rate tried{why}"
    assert low is not None
    holds = f"holds the SLO at {rate_figure(low.turns)} turns/s"
    if high is not None:
        return f"{holds} and misses it at {rate_figure(high.turns)} turns/s{why}"
    if cause is None:
        return f"{holds}; no higher rate was seen to miss it"
    return (
        f"{holds}: a lower bound, since the load generator could not measure "
        f"{rate_figure(cause.rate_turns)} turns/s{why}; a quieter or larger machine would tell more"
    )


def _doubts(rates: Sequence[Rate], low: Rate | None, high: Rate | None) -> Iterator[str]:
    """Rates where measurements disagree, and those inside the interval of which nothing is known."""
    for rate in rates:
        if rate.held and rate.missed:
            yield (
                f"at {rate_figure(rate.turns)} turns/s {rate.missed} of {rate.held + rate.missed} measurements missed"
            )
        inside = low is not None and high is not None and low.turns < rate.turns < high.turns
        if inside and rate.silent:
            yield f"nothing is known of {rate_figure(rate.turns)} turns/s, where the harness failed"
