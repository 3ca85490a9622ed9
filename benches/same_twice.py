"""A/A: the same target twice, round by round. How large a difference does noise alone make here?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import stdev

from rich.console import Console

from benches.ratio import Measure, Reading, figure, ratios
from benches.sides import Bench, harness
from targets.server import Server

ROUNDS = 10
_LOAD = ("--rate", "150", "--workload", "chat", "--stored-users", "200", "--people", "200")


def play(bench: Bench, server: Server, say: Console) -> tuple[list[Reading], list[Reading]]:
    """Ten rounds of chat on one PostgreSQL, A A' A' A …, each round with arrivals of its own."""
    sides: tuple[list[Reading], list[Reading]] = ([], [])
    for number in range(1, ROUNDS + 1):
        side = harness("postgres", server, *_LOAD, "--seed", str(number))
        for at in (0, 1) if number % 2 else (1, 0):
            reading = side(bench)
            sides[at].append(reading)
            say.print(
                f"A/A, round {number}, {'AB'[at]}: p50 {reading.p50_ms} ms, p99 {reading.p99_ms} ms {reading.warning}"
            )
    return sides


def findings(sides: tuple[Sequence[Reading], Sequence[Reading]], measures: dict[str, Measure]) -> list[str]:
    """A line a measure: the ratio of the same thing to itself, and the noise of one round."""
    lines = []
    for name, measure in measures.items():
        found = ratios(sides[0], sides[1], measure)
        if found is None:
            lines.append(f"{name}: a round had too few samples")
            continue
        each = [math.log(a / b) for a, b in zip(_values(sides[0], measure), _values(sides[1], measure), strict=True)]
        noise = stdev(each) / math.sqrt(2)  # of one side: the difference of two has twice the variance
        lines.append(
            f"{name}: ratio of A to A {found.text()}; noise of one round {figure(100 * noise)} % (sd of the log)"
        )
    return lines


def _values(readings: Sequence[Reading], measure: Measure) -> list[float]:
    return [value for reading in readings if (value := measure(reading)) is not None]
