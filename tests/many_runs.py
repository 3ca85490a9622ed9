"""Run folders in numbers: a few real ones are written, then copied with other facts and figures, which is fast."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from results.sample import OPERATION_NAMES
from tests.run_folders import LAG, OPERATIONS, Synthetic, write_run

TARGETS = (
    Synthetic("postgres", rate=120.0),
    Synthetic("postgres-pooled", median_ms=0.75, rate=120.0, seed=2),
    Synthetic("dynamodb-local", "emulator", 1.4, rate=120.0, seed=3, metered=True),
)
ROUNDS = 4
STARTED = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
FILES = ("response.hlog", "service.hlog", "intervals.csv")


@dataclass(frozen=True)
class Pattern:
    """A run to copy: its run.json and the bytes of its other files."""

    facts: dict[str, Any]
    files: dict[str, bytes]


def write_many(folder: Path, count: int) -> list[Path]:
    """Write `count` runs below `folder`, in experiments of three targets and four rounds, a day apart."""
    with TemporaryDirectory() as scratch:
        patterns = [_pattern(Path(scratch), run) for run in TARGETS]
    return [_write(folder, *place, patterns) for place in _places(count)]


def _places(count: int) -> Iterator[tuple[int, int, int]]:
    """Experiment, round and target of each run."""
    for at in range(count):
        experiment, within = divmod(at, ROUNDS * len(TARGETS))
        yield experiment, within // len(TARGETS) + 1, within % len(TARGETS)


def _pattern(folder: Path, run: Synthetic) -> Pattern:
    """A run with every operation there is: those that a synthetic turn lacks repeat one it has."""
    path = write_run(folder, run)
    facts = json.loads((path / "run.json").read_text(encoding="utf-8"))
    files = {name: (path / name).read_text(encoding="utf-8") for name in FILES}
    for at, name in enumerate(sorted(set(OPERATION_NAMES) - set(OPERATIONS))):
        source = list(OPERATIONS)[at % len(OPERATIONS)]
        facts["operations"][name] = copy.deepcopy(facts["operations"][source])
        for log in ("response.hlog", "service.hlog"):
            lines = [line for line in files[log].splitlines() if line.startswith(f"Tag={source},")]
            files[log] += "".join(f"{line.replace(source, name, 1)}\n" for line in lines)
    return Pattern(facts, {name: text.encode() for name, text in files.items()})


def _write(folder: Path, experiment: int, number: int, target: int, patterns: list[Pattern]) -> Path:
    pattern = patterns[target]
    random = np.random.default_rng([experiment, number, target])
    facts = copy.deepcopy(pattern.facts)
    started = STARTED + timedelta(days=experiment, minutes=number * 3 + target)
    stamp = started.strftime("%Y%m%dT%H%M%SZ")
    facts["id"] = f"{stamp}_chat_{facts['target']['name']}_{experiment:03x}{number:x}{target:02x}"
    facts["started_utc"] = started.strftime("%Y-%m-%dT%H:%M:%SZ")
    name = f"{(STARTED + timedelta(days=experiment)).strftime('%Y%m%dT%H%M%SZ')}_experiment_{experiment:06x}"
    facts["experiment"] = {"id": name, "round": number, "order": (number - 1) * len(TARGETS) + target + 1}
    facts["provenance"]["git_revision"] = f"{0xA11CE0 + experiment // 4 * 7919:012x}"
    _vary(facts, float(random.lognormal(0, 0.04)) * (1.15 if experiment >= 20 and target == 1 else 1.0), random)
    if random.random() < 0.03:
        facts["validity"] = {"valid": False, "reasons": [dict(LAG)]}
        facts["exit_code"] = 4
    path = folder / name / str(facts["id"])
    path.mkdir(parents=True)
    (path.parent / "experiment.json").write_text("{}", encoding="utf-8")
    (path / "run.json").write_text(json.dumps(facts), encoding="utf-8")
    for file, content in pattern.files.items():
        (path / file).write_bytes(content)
    return path


def _vary(facts: dict[str, Any], factor: float, random: np.random.Generator) -> None:
    """Other latencies, to the six decimals a run writes, and another throughput."""
    for part in (facts["turns"], *facts["operations"].values()):
        for span, values in part.items():
            if span.endswith("_ms"):
                other = factor * float(random.lognormal(0, 0.02))
                part[span] = {at: None if value is None else round(value * other, 6) for at, value in values.items()}
    facts["totals"]["throughput_turns"] *= float(random.lognormal(0, 0.005))


def write_capacity(folder: Path, target: str, badge: str, low: float, high: float) -> Path:
    """Write a capacity folder of seven steps, two of them with a run folder."""
    path = folder / f"20261124T090000Z_capacity_{target}_c0ffee"
    path.mkdir(parents=True)
    rates = [low / 8, low / 4, low / 2, low, low * 2, high, (low + high) / 2]
    steps = [_step(at, rate, low, rate <= low) for at, rate in enumerate(rates)]
    for at in (0, 1):
        run = write_run(path, Synthetic(target, badge, rate=rates[at], round=at + 3, seed=70 + at))
        facts = json.loads((run / "run.json").read_text(encoding="utf-8"))
        facts["experiment"] = {"id": path.name, "round": 1, "order": at + 1}
        (run / "run.json").write_text(json.dumps(facts), encoding="utf-8")
        steps[at]["run"] = run.name
    content = {
        "format": 1,
        "id": path.name,
        "status": "complete",
        "started_utc": "2026-11-24T09:00:00Z",
        "ended_utc": "2026-11-24T09:06:00Z",
        "target": {"name": target, "badge": badge},
        "workload": {"name": "chat", "fingerprint": "b5bb9d8014a0f9b1"},
        "load": {"connections": 16, "arrivals": "poisson", "people": 1000, "workers": 1},
        "slo": [
            {"scope": "turns", "figure": "response_p99_ms", "limit": 200.0},
            {"scope": "operations", "figure": "errors", "limit": 0.001},
        ],
        "steps": steps,
        "answer": {
            "low_turns": low,
            "high_turns": high,
            "kind": "interval",
            "stop": "slo_missed",
            "detail": f"{target} holds the limits at {low:g} turns/s and misses them at {high:g}.",
        },
        "provenance": {"git_revision": "0123456"},
    }
    (path / "capacity.json").write_text(json.dumps(content), encoding="utf-8")
    return path


def _step(at: int, rate: float, low: float, holds: bool) -> dict[str, Any]:
    return {
        "run": None,
        "phase": "bracket" if at < 5 else "bisect",
        "rate_turns": rate,
        "achieved_turns": min(rate, low * 1.05),
        "achieved_ops": min(rate, low * 1.05) * 6.8,
        "valid": True,
        "holds": holds,
        "why": "limits held" if holds else "turn response p99 above 200 ms",
        "turn_p50_ms": 5.0 + (rate / low) ** 2,
        "turn_p99_ms": 20.0 + 90 * (rate / low) ** 2 if rate <= low else 320.0 * rate / low,
        "errors": 0.0,
    }
