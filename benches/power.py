"""What `compare` finds at the noise that repeated runs of one target really had: `python -m benches.power RUNS`.

Takes the rounds of each target below RUNS (an experiment), whose spread is the noise of measuring the same thing
again, and simulates experiments with that noise: how often a change is found, and how often nothing is called one.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from results.decision.comparison import BETTER, WORSE, Practical, verdict_of
from results.decision.inference import compare
from results.decision.side import Side, make_side
from results.decision.sides import by_target
from results.metric import find_metric
from results.search import load_runs

METRICS = ("turns.response_p50_ms", "turns.response_p99_ms")
CHANGES = (1.0, 1.1, 1.25, 1.5)
ROUNDS = (3, 5, 10, 20)
CASES = 1_000


def found_share(key: str, noise: float, change: float, rounds: int) -> float:
    """How often a change is called one, in paired experiments of so many rounds."""
    random, metric = np.random.default_rng(20261124), find_metric(key)
    found = 0
    for _ in range(CASES):
        a = 20.0 * np.exp(random.normal(0, noise, rounds))
        b = 20.0 * change * np.exp(random.normal(0, noise, rounds))
        found += verdict_of(metric, compare(list(a), list(b), paired=True), Practical()) in (BETTER, WORSE)
    return found / CASES


def report(side: Side) -> None:
    for key in METRICS:
        values = side.values(key)
        if len(values) < 3:
            print(f"{side.target} {key}: {len(values)} rounds give it, 3 are needed")
            continue
        noise = float(np.std(np.log(values), ddof=1))
        print(
            f"\n{side.target}, {find_metric(key).label}: noise {noise:.1%} from round to round ({len(values)} rounds)"
        )
        print("| change |" + "".join(f" {rounds} rounds |" for rounds in ROUNDS))
        print("|---:|" + "---:|" * len(ROUNDS))
        for change in CHANGES:
            cells = [f" {found_share(key, noise, change, rounds):.0%} |" for rounds in ROUNDS]
            print(f"| {change - 1:.0%} |" + "".join(cells))


def main(arguments: Sequence[str]) -> int:
    if len(arguments) != 1:
        print("python -m benches.power RUNS: the folder of an experiment with several rounds", file=sys.stderr)
        return 2
    runs = load_runs([Path(arguments[0])])
    for name, found in by_target(runs, None, arguments[0]).items():
        report(make_side(name, found))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
