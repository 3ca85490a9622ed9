"""What a capacity search found: every step, and the interval in which the SLO ceases to hold; one file, typed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from results.figures import ms, share
from results.folder import BADGES, number
from results.metric import FIGURES, TURNS, Metric
from results.refusal import Refusal
from results.slo import Slo, shown

FORMAT: Final = 1
"""The format of capacity.json that this version writes and reads."""

FILE: Final = "capacity.json"

OPERATIONS: Final = "operations"
"""The scope of a limit on every operation: on a percentile of each by itself, on the errors of all together."""

SLO_MISSED, SATURATED, EXHAUSTED, INTERRUPTED = "slo_missed", "database_saturated", "generator_exhausted", "interrupted"
STOPS: Final = (SLO_MISSED, SATURATED, EXHAUSTED, INTERRUPTED)
KINDS: Final = ("interval", "lower_bound", "none")
PHASES: Final = ("bracket", "bisect", "edge")


@dataclass(frozen=True)
class Limit:
    """One limit of the SLO; always the most that is allowed."""

    scope: str  # "turns", an operation, or "operations"
    figure: str  # as in dbverdict.toml, without a suffix
    limit: float  # in the figure's unit

    @classmethod
    def of(cls, slo: Slo) -> Limit:
        """The same limit as dbverdict.toml gave it."""
        return cls(slo.metric.scope, slo.metric.figure.name, slo.limit)

    @property
    def label(self) -> str:
        """What it limits, for people."""
        figure = FIGURES[self.figure]
        if self.scope != OPERATIONS:
            return Metric(self.scope, figure).label
        return f"each operation's {figure.label}" if figure.is_latency else f"{figure.label} of operations"

    @property
    def text(self) -> str:
        """The whole limit for people: "turn response p99 at most 200 ms"."""
        return f"{self.label} at most {self.value(self.limit)}"

    def value(self, value: float) -> str:
        """A value of its figure with the unit."""
        return shown(Metric(TURNS if self.scope == OPERATIONS else self.scope, FIGURES[self.figure]), value)


@dataclass(frozen=True)
class Step:
    """One run of the search at one rate; `holds` is None where nothing can be said."""

    run: str | None  # the run folder's name
    phase: str
    rate_turns: float  # offered, a second
    achieved_turns: float | None
    achieved_ops: float | None
    valid: bool
    holds: bool | None
    why: str
    turn_p50_ms: float | None
    turn_p99_ms: float | None
    errors: float | None  # a fraction of the operations
    stop: str | None = None  # what kept it from holding: one of STOPS

    @property
    def verdict(self) -> str:
        """Whether it held, in a word."""
        return "unknown" if self.holds is None else "holds" if self.holds else "MISSED"

    @property
    def told(self) -> str:
        """The step in one line."""
        achieved = "" if self.achieved_turns is None else f", {self.achieved_turns:,.1f} turns/s done"
        p99 = "" if self.turn_p99_ms is None else f", turn p99 {ms(self.turn_p99_ms)} ms"
        errors = f", errors {share(self.errors)}" if self.errors else ""
        return f"{self.verdict}{achieved}{p99}{errors}" + (f" ({self.why})" if self.why else "")


@dataclass(frozen=True)
class Answer:
    """The interval in turns a second: every measurement at `low_turns` held, most at `high_turns` missed."""

    low_turns: float | None
    high_turns: float | None
    kind: str  # one of KINDS
    stop: str  # one of STOPS
    detail: str


@dataclass(frozen=True)
class Capacity:
    """A capacity search as its file tells it; it may be incomplete."""

    id: str
    status: str  # "complete" or "incomplete"
    started_utc: str
    ended_utc: str | None
    target: str
    badge: str
    workload: Mapping[str, Any]
    load: Mapping[str, Any]
    slo: tuple[Limit, ...]
    steps: tuple[Step, ...]
    answer: Answer
    provenance: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """The content of capacity.json."""
        content = asdict(self)
        content["target"] = {"name": content["target"], "badge": content.pop("badge")}
        return {"format": FORMAT, **content}


def load_capacity(folder: Path) -> Capacity:
    """Read the capacity.json of `folder`; raises Refusal, in one line, for whatever is not one."""
    path = folder / FILE
    content = _read(path)
    if content.get("format") != FORMAT:
        raise Refusal(
            f"{path}: format {content.get('format')!r}; this dbverdict reads {FORMAT}: "
            "report it with the version that wrote it"
        )
    try:
        return _parse(content)
    except (KeyError, TypeError, ValueError) as error:
        what = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise Refusal(f"{path} is no capacity search ({what}): the file was changed; copy it again") from error


def _read(path: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Refusal(f"{path} cannot be read ({error.strerror}): name the folder of a capacity search") from error
    except ValueError as error:
        raise Refusal(f"{path} is cut short or no JSON ({error}): copy the folder again") from error
    if not isinstance(content, Mapping):
        raise Refusal(f"{path} is not the description of a capacity search: name the folder of one")
    return content


def _parse(content: Mapping[str, Any]) -> Capacity:
    target, answer = _table(content, "target"), _table(content, "answer")
    ended = content.get("ended_utc")
    return Capacity(
        id=_text(content, "id"),
        status=_one_of(content, "status", ("complete", "incomplete")),
        started_utc=_text(content, "started_utc"),
        ended_utc=None if ended is None else str(ended),
        target=_text(target, "name"),
        badge=_one_of(target, "badge", BADGES),
        workload=_table(content, "workload"),
        load=_table(content, "load"),
        slo=tuple(_limit(part) for part in _list(content, "slo")),
        steps=tuple(_step(part) for part in _list(content, "steps")),
        answer=Answer(
            low_turns=number(answer.get("low_turns")),
            high_turns=number(answer.get("high_turns")),
            kind=_one_of(answer, "kind", KINDS),
            stop=_one_of(answer, "stop", STOPS),
            detail=_text(answer, "detail"),
        ),
        provenance=_table(content, "provenance"),
    )


def _limit(part: Mapping[str, Any]) -> Limit:
    return Limit(_text(part, "scope"), _one_of(part, "figure", tuple(FIGURES)), _number(part, "limit"))


def _step(part: Mapping[str, Any]) -> Step:
    run, holds, stop = part.get("run"), part.get("holds"), part.get("stop")
    return Step(
        run=None if run is None else str(run),
        phase=_one_of(part, "phase", PHASES),
        rate_turns=_number(part, "rate_turns"),
        achieved_turns=number(part.get("achieved_turns")),
        achieved_ops=number(part.get("achieved_ops")),
        valid=part["valid"] is True,
        holds=holds if isinstance(holds, bool) else None,
        why=_text(part, "why"),
        turn_p50_ms=number(part.get("turn_p50_ms")),
        turn_p99_ms=number(part.get("turn_p99_ms")),
        errors=number(part.get("errors")),
        stop=None if stop is None else _one_of(part, "stop", STOPS),
    )


def _table(content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    if not isinstance(content[name], Mapping):
        raise ValueError(f"{name} is not a table")
    return dict(content[name])


def _list(content: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = content[name]
    if not isinstance(found, list) or not all(isinstance(part, Mapping) for part in found):
        raise ValueError(f"{name} is not a list of tables")
    return found


def _text(content: Mapping[str, Any], name: str) -> str:
    if not isinstance(content[name], str):
        raise ValueError(f"{name} is not a text")
    return str(content[name])


def _number(content: Mapping[str, Any], name: str) -> float:
    found = number(content[name])
    if found is None:
        raise ValueError(f"{name} is not a number")
    return found


def _one_of(content: Mapping[str, Any], name: str, known: tuple[str, ...]) -> str:
    found = _text(content, name)
    if found not in known:
        raise ValueError(f"{name} is {found!r}, none of {', '.join(known)}")
    return found
