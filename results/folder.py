"""A run folder as its readers see it: typed, frozen, checked once, with errors of one line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from results.histogram import Counts
from results.interval_log import IntervalLogError, read_interval_log
from results.plausible import implausible, no_constant
from results.refusal import Refusal

FORMAT: Final = 1
"""The format of run.json that this version reads."""

BADGES: Final = ("self-hosted", "managed", "emulator", "harness")

_INTERVAL_COLUMNS: Final = ("second", "phase", "operation", "offered", "done", "failed", "p50_ms", "p99_ms", "max_ms")

_SHAPE: Final[Mapping[str, type]] = {
    "id": str,
    "status": str,
    "started_utc": str,
    "target": dict,
    "target.name": str,
    "target.badge": str,
    "workload": dict,
    "workload.name": str,
    "workload.fingerprint": str,
    "load": dict,
    "load.model": str,
    "phases": list,
    "validity": dict,
    "validity.reasons": list,
    "totals": dict,
    "turns": dict,
    "operations": dict,
    "limits": list,
}


class RunFormatError(Refusal):
    """A folder that cannot be read as a run; one line that names the folder and the cure."""


@dataclass(frozen=True)
class Percentiles:
    """One span of one operation in milliseconds; None where too few samples were taken to say."""

    p50: float | None = None
    p90: float | None = None
    p99: float | None = None
    p999: float | None = None
    max: float | None = None

    @classmethod
    def of(cls, values: object) -> Percentiles:
        """From a `{P}` of run.json or from `histogram.summary_ms`; anything absent is None."""
        found = values if isinstance(values, Mapping) else {}
        return cls(*(number(found.get(name)) for name in ("p50", "p90", "p99", "p999", "max")))


@dataclass(frozen=True)
class Load:
    """How the load was made; runs of different loads are never compared."""

    model: str  # "people", "rate" or "saturate"
    rate_turns: float | None  # a second
    arrivals: str | None
    users: int | None
    people: int | None
    connections: int | None
    time_scale: float | None
    timeout_s: float | None
    workers: int | None

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Load:
        """From the `load` part of run.json."""
        arrivals = values.get("arrivals")
        return cls(
            model=str(values["model"]),
            rate_turns=number(values.get("rate_turns")),
            arrivals=None if arrivals is None else str(arrivals),
            users=_whole(values.get("users")),
            people=_whole(values.get("people")),
            connections=_whole(values.get("connections")),
            time_scale=number(values.get("time_scale")),
            timeout_s=number(values.get("timeout_s")),
            workers=_whole(values.get("workers")),
        )


@dataclass(frozen=True)
class Phase:
    """A part of a run, in seconds from its start instant; an end that is not known yet is None."""

    name: str  # "ramp", "warmup", "measured" or "drain"
    start_s: float | None
    end_s: float | None

    @property
    def length_s(self) -> float:
        """How long it lasted; 0 while it is not known."""
        return 0.0 if self.start_s is None or self.end_s is None else self.end_s - self.start_s


@dataclass(frozen=True)
class Reason:
    """Why a run is not evidence: the rule, the figure that broke it, the remedy."""

    rule: str
    figure: str
    remedy: str


@dataclass(frozen=True)
class RunFolder:
    """One run as it was written: run.json, both histogram logs added up over the measured window, the intervals."""

    path: Path
    facts: Mapping[str, Any]
    service: Mapping[str, Counts]  # ns by tag: an operation's name, or name.outcome
    response: Mapping[str, Counts]
    intervals: pd.DataFrame

    @property
    def id(self) -> str:
        """The run's name."""
        return str(self.facts["id"])

    @property
    def complete(self) -> bool:
        """Whether the run reached its end; a killed one did not."""
        return bool(self.facts["status"] == "complete")

    @property
    def valid(self) -> bool:
        """Whether the measurement was sound; an incomplete run was never judged."""
        return self.complete and self.facts["validity"].get("valid") is True

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Why the run is not evidence, as its writer judged it."""
        return tuple(
            Reason(*(str(reason.get(part, "")) for part in ("rule", "figure", "remedy")))
            for reason in self.facts["validity"]["reasons"]
            if isinstance(reason, Mapping)
        )

    @property
    def target(self) -> str:
        """The name of the design that was measured."""
        return str(self.facts["target"]["name"])

    @property
    def badge(self) -> str:
        """What its figures are evidence about: "self-hosted", "managed", "emulator" or "harness"."""
        return str(self.facts["target"]["badge"])

    @property
    def load(self) -> Load:
        """How the load was made."""
        return Load.of(self.facts["load"])

    @property
    def phases(self) -> tuple[Phase, ...]:
        """The phases in order."""
        return tuple(
            Phase(str(phase.get("name", "")), number(phase.get("start_s")), number(phase.get("end_s")))
            for phase in self.facts["phases"]
            if isinstance(phase, Mapping)
        )

    @property
    def measured_s(self) -> float:
        """The length of the measured window; 0 while it is not known."""
        return sum(phase.length_s for phase in self.phases if phase.name == "measured")

    @property
    def totals(self) -> Mapping[str, Any]:
        """The `totals` part of run.json."""
        return self.part("totals")

    @property
    def operations(self) -> Mapping[str, Mapping[str, Any]]:
        """The operations that occurred, by name."""
        return {name: figures for name, figures in self.part("operations").items() if isinstance(figures, Mapping)}

    @property
    def round(self) -> int | None:
        """Which repetition of its experiment this is, from 1; None for a run on its own."""
        return _whole(self.part("experiment").get("round"))

    @property
    def end(self) -> str:
        """Why the run ended: "planned", "interrupted", ...; "" while unknown."""
        return str(self.part("end").get("reason") or "")

    @property
    def limits(self) -> tuple[Mapping[str, Any], ...]:
        """The limits the run was held to: name, limit, value and ok."""
        found = self.facts.get("limits")
        return tuple(limit for limit in found if isinstance(limit, Mapping)) if isinstance(found, list) else ()

    def part(self, name: str) -> Mapping[str, Any]:
        """A section of run.json; empty where it is absent or null."""
        found = self.facts.get(name)
        return found if isinstance(found, Mapping) else {}

    def total(self, name: str) -> float | None:
        """A number of `totals`; None where it is absent."""
        return number(self.totals.get(name))

    def percentiles(self, operation: str, span: str) -> Percentiles:
        """A span ("response", "queue", "lag", "wait", "service") of an operation or of "turn", as run.json has it."""
        figures = self.part("turns") if operation == "turn" else self.operations.get(operation, {})
        return Percentiles.of(figures.get(f"{span}_ms"))


def number(value: object) -> float | None:
    """A JSON number; None for anything else."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _whole(value: object) -> int | None:
    found = number(value)
    return None if found is None else round(found)


def load(path: Path) -> RunFolder:
    """Read the run folder `path`; raises RunFormatError, in one line, for whatever is not one."""
    facts = _read_facts(path)
    may_be_cut = facts["status"] != "complete"
    run = RunFolder(
        path=path,
        facts=facts,
        service=_read_log(path / "service.hlog", may_be_cut),
        response=_read_log(path / "response.hlog", may_be_cut),
        intervals=_read_intervals(path / "intervals.csv", may_be_cut),
    )
    if run.complete:
        _check_histograms(run)
    return run


def _check_histograms(run: RunFolder) -> None:
    """The log and run.json count the same samples; else one of them was cut or changed."""
    for name, part in (("turn", run.part("turns")), *run.operations.items()):
        logged = sum(counts.total for tag, counts in run.response.items() if tag.split(".")[0] == name)
        if logged != part.get("count"):
            raise RunFormatError(
                f"{run.path}/response.hlog holds {logged:,} samples of {name}, run.json counts {part.get('count')}: "
                "one of them was cut or changed; copy the run folder again"
            )


def _read_facts(path: Path) -> dict[str, Any]:
    if not path.is_dir():
        raise RunFormatError(f"{path} does not exist: name a run folder")
    try:
        facts = json.loads((path / "run.json").read_text(encoding="utf-8"), parse_constant=no_constant)
    except FileNotFoundError as error:
        raise RunFormatError(f"{path} has no run.json: name a folder that a run has written") from error
    except OSError as error:
        raise RunFormatError(f"{path}/run.json cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise RunFormatError(f"{path}/run.json is cut short or no JSON ({error}): copy the folder again") from error
    if not isinstance(facts, dict):
        raise RunFormatError(f"{path}/run.json is not the description of a run: name a folder that a run has written")
    _check_format(path, facts)
    _check_shape(path, facts)
    if wrong := implausible(facts):
        raise RunFormatError(f"{path}/run.json: {wrong} cannot be true: the file was changed; copy it again")
    return facts


def _check_format(path: Path, facts: Mapping[str, Any]) -> None:
    if facts.get("format") != FORMAT:
        raise RunFormatError(
            f"{path}: format {facts.get('format')!r}; this dbverdict reads {FORMAT}: "
            "report it with the version that wrote it"
        )


def _check_shape(path: Path, facts: Mapping[str, Any]) -> None:
    for key, kind in _SHAPE.items():
        value: Any = facts
        for name in key.split("."):
            value = value.get(name)
        if not isinstance(value, kind):
            raise RunFormatError(f"{path}/run.json: {key} is not {_KINDS[kind]}: the file was changed; copy it again")
    if facts["target"]["badge"] not in BADGES:
        badge = facts["target"]["badge"]
        raise RunFormatError(f"{path}/run.json: target.badge is {badge!r}, none of {', '.join(BADGES)}")


_KINDS: Final[Mapping[type, str]] = {str: "a text", dict: "a table", list: "a list"}


def _read_log(path: Path, may_be_cut: bool) -> Mapping[str, Counts]:
    try:
        return read_interval_log(path, may_be_cut=may_be_cut)
    except IntervalLogError as error:
        raise RunFormatError(str(error)) from error
    except OSError as error:
        if may_be_cut:
            return {}
        raise RunFormatError(f"{path} cannot be read ({error.strerror}): copy the run folder again") from error


def _read_intervals(path: Path, may_be_cut: bool) -> pd.DataFrame:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        if not may_be_cut:
            raise RunFormatError(f"{path} cannot be read ({error.strerror}): copy the run folder again") from error
        text = ""
    lines = text.splitlines()
    if text and not text.endswith("\n"):
        lines.pop()
    if not lines and may_be_cut:
        return pd.DataFrame(columns=list(_INTERVAL_COLUMNS))
    if not text.endswith("\n") and not may_be_cut:
        raise RunFormatError(f"{path} is cut short: copy the run folder again, or measure again")
    return _parse_intervals(path, lines)


def _parse_intervals(path: Path, lines: list[str]) -> pd.DataFrame:
    header = lines[0].split(",")
    rows = [line.split(",") for line in lines[1:]]
    if not set(_INTERVAL_COLUMNS) <= set(header) or any(len(row) != len(header) for row in rows):
        raise RunFormatError(f"{path} is not the interval table of a run: copy the run folder again")
    table = pd.DataFrame(rows, columns=header)
    try:
        for column in header:
            if column not in ("phase", "operation"):
                table[column] = pd.to_numeric(table[column].replace("", None))
    except ValueError as error:
        raise RunFormatError(f"{path} holds what is not a number ({error}): copy the run folder again") from error
    return table
