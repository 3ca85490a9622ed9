"""A baseline: several rounds of each target in one small file to commit, with the facts they were measured under."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from hdrh.histogram import HdrHistogram

from results.decision.side import EVERY_FACT, Round, Side, evidence_of, make_side
from results.decision.sides import by_target
from results.folder import BADGES, RunFolder
from results.histogram import Counts, from_hdr, to_hdr
from results.interval_log import UNDECODABLE
from results.metric import every_metric
from results.plausible import LARGEST
from results.pool import pool
from results.refusal import Refusal

FORMAT: Final = 1
KIND: Final = "dbverdict baseline"
LEAST_ROUNDS: Final = 2
"""One round says nothing of the noise from round to round."""


class NoBaseline(Exception):
    """The named baseline does not exist: exit code 5, never a pass."""


@dataclass(frozen=True)
class Baseline:
    """The reference: one side a target, and each span's histogram (ns) over all its rounds."""

    created_utc: str
    sides: tuple[Side, ...]
    histograms: Mapping[str, Mapping[str, Counts]]  # by target; "turn.response", "get_user.service", ...

    def side(self, target: str) -> Side | None:
        """The rounds of a target; None when it was not measured."""
        return next((side for side in self.sides if side.target == target), None)


def make_baseline(runs: Sequence[RunFolder], target: str | None = None) -> Baseline:
    """From valid rounds; raises Refusal where a target has fewer than two, or where rounds were not measured alike."""
    groups = by_target(runs, target, "what was named")
    sides = tuple(make_side(f"{name} (baseline)", found) for name, found in groups.items())
    _refuse_wrong_answers(runs)
    for side in sides:
        if len(side.rounds) < LEAST_ROUNDS:
            why = f" ({'; '.join(side.left_out)})" if side.left_out else ""
            raise Refusal(
                f"{side.target} has {len(side.rounds)} valid rounds{why}: a baseline needs {LEAST_ROUNDS} or more, "
                "better 5, since it holds the noise between them: measure with --rounds 5"
            )
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return Baseline(now, sides, {name: _histograms(found) for name, found in groups.items()})


def _refuse_wrong_answers(runs: Sequence[RunFolder]) -> None:
    for run in runs:
        for limit in run.limits:
            if limit.get("name") == "integrity" and limit.get("ok") is not True:
                raise Refusal(f"{run.id} gave wrong answers ({limit.get('value')}): nothing to hold others against")


def _histograms(runs: Sequence[RunFolder]) -> dict[str, Counts]:
    valid = pool(evidence_of(runs))
    found = {"turn.response": valid.response_of("turn")}
    for name in valid.operations:
        found[f"{name}.response"] = valid.response_of(name)
        found[f"{name}.service"] = valid.service_of(name)
    return {name: counts for name, counts in found.items() if counts.total}


def save(baseline: Baseline, path: Path) -> None:
    """Write the file whole, by replacing it; raises Refusal where it cannot be written."""
    content = {
        "format": FORMAT,
        "kind": KIND,
        "created_utc": baseline.created_utc,
        "sides": [_side_to_json(side, baseline.histograms[side.target]) for side in baseline.sides],
    }
    partial = path.with_name(path.name + ".part")
    try:
        partial.write_text(json.dumps(content, indent=0, ensure_ascii=False) + "\n", encoding="utf-8")
        os.replace(partial, path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise Refusal(f"cannot write {path}: {error.strerror}") from error


def _side_to_json(side: Side, histograms: Mapping[str, Counts]) -> dict[str, Any]:
    keys = [metric.key for metric in every_metric() if side.values(metric.key)]
    return {
        "target": side.target,
        "badge": side.badge,
        "load": side.load,
        "load_model": side.load_model,
        "facts": dict(side.facts),
        "about": dict(side.about),
        "rounds": [[found.run, found.started_utc, found.experiment, found.number] for found in side.rounds],
        "samples": [dict(found.samples) for found in side.rounds],
        "values": {key: [_short(found.values.get(key)) for found in side.rounds] for key in keys},
        "histograms_ns": {name: to_hdr(counts).encode().decode() for name, counts in histograms.items()},
    }


def _short(value: float | None) -> float | None:
    """Six digits: more than a histogram of three tells apart."""
    return None if value is None else float(f"{value:.6g}")


def read(path: Path) -> Baseline:
    """The baseline at `path`; raises NoBaseline when there is none, Refusal for a file that is no baseline."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise NoBaseline(
            f"there is no baseline {path}: make one with `dbverdict baseline save RUNS --out {path}`"
        ) from error
    except OSError as error:
        raise Refusal(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise Refusal(f"{path} is cut short or no JSON: restore it, or save the baseline anew") from error
    if not isinstance(content, dict) or content.get("kind") != KIND:
        raise Refusal(f"{path} is no baseline: name a file that `dbverdict baseline save` wrote")
    if content.get("format") != FORMAT:
        raise Refusal(f"{path}: format {content.get('format')!r}; this dbverdict reads {FORMAT}: save it anew")
    try:
        return _from_json(content)
    except (KeyError, AttributeError, *UNDECODABLE) as error:
        raise Refusal(f"{path} was changed and cannot be read: restore it, or save the baseline anew") from error


def _from_json(content: Mapping[str, Any]) -> Baseline:
    sides = tuple(_side_from_json(found) for found in content["sides"])
    if not sides or len({side.target for side in sides}) < len(sides):
        raise ValueError("no targets, or one twice")
    if any(len(side.rounds) < LEAST_ROUNDS or set(side.facts) != set(EVERY_FACT) for side in sides):
        raise ValueError("too few rounds, or other facts")
    histograms = {
        found["target"]: {
            name: from_hdr(HdrHistogram.decode(payload)) for name, payload in found["histograms_ns"].items()
        }
        for found in content["sides"]
    }
    return Baseline(str(content["created_utc"]), sides, histograms)


def _side_from_json(found: Mapping[str, Any]) -> Side:
    rounds = [
        Round(
            str(run),
            str(started),
            _text_or_none(experiment),
            _whole_or_none(number),
            {key: _number(values[at]) for key, values in found["values"].items() if values[at] is not None},
            {str(scope): _count(count) for scope, count in found["samples"][at].items()},
        )
        for at, (run, started, experiment, number) in enumerate(found["rounds"])
    ]
    return Side(
        label=f"{found['target']} (baseline)",
        target=str(found["target"]),
        badge=_badge(found["badge"]),
        load=str(found["load"]),
        load_model=str(found["load_model"]),
        facts={str(name): str(value) for name, value in found["facts"].items()},
        about={str(name): str(value) for name, value in found["about"].items()},
        rounds=tuple(rounds),
        left_out=(),
    )


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LARGEST:
        raise TypeError("a value is no number")
    return float(value)


def _badge(value: object) -> str:
    if value not in BADGES:
        raise ValueError("no badge")
    return str(value)


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= LARGEST:
        raise TypeError("a count is no number")
    return value


def _text_or_none(value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise TypeError("an experiment is no text")
    return value


def _whole_or_none(value: object) -> int | None:
    return None if value is None else _count(value)
