"""One side of a comparison: the rounds of one target, what they are evidence about, the facts that must be equal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

from results.folder import RunFolder
from results.metric import samples_of, values_of
from results.refusal import Refusal
from results.scope import KINDS, model


@dataclass(frozen=True)
class Round:
    """What one valid run gave: the unit of evidence."""

    run: str  # its id
    started_utc: str
    experiment: str | None
    number: int | None  # within the experiment
    values: Mapping[str, float]  # by metric; absent where too few samples were taken
    samples: Mapping[str, int]  # by scope

    @property
    def place(self) -> tuple[str, int] | None:
        """What two runs share that were measured side by side; None outside an experiment."""
        return None if self.experiment is None or not self.number else (self.experiment, self.number)

    @property
    def session(self) -> str:
        """What shares a server's start and a stretch of time: the experiment, or the run itself."""
        return self.experiment or self.run

    @classmethod
    def of(cls, run: RunFolder) -> Round:
        """From a valid run."""
        found = run.part("experiment")
        number = found.get("round")
        experiment = str(found["id"]) if "id" in found else None
        at = number if isinstance(number, int) else None
        return cls(run.id, str(run.facts["started_utc"]), experiment, at, values_of(run), samples_of(run))


@dataclass(frozen=True)
class Side:
    """The rounds of one target as one side."""

    label: str  # as it is told to people: the target, or what they named
    target: str
    badge: str
    load: str  # the load model with its figure
    load_model: str
    facts: Mapping[str, str]  # what must be equal on both sides
    about: Mapping[str, str]  # what may differ, and is told when it does
    rounds: tuple[Round, ...]
    left_out: tuple[str, ...]  # runs that are no evidence, each with the reason
    remarks: tuple[str, ...] = ()  # what must be known of the rounds: overloaded, generator-bound

    @property
    def kind(self) -> str:
        """The sort of target: "database", "emulator" or "harness"."""
        return next(kind.name for kind in KINDS if self.badge in kind.badges)

    def values(self, key: str) -> list[float]:
        """A metric of each round that gives it."""
        return [found.values[key] for found in self.rounds if key in found.values]

    def samples(self, scope: str) -> int:
        """How often a scope occurred in all rounds."""
        return sum(found.samples.get(scope, 0) for found in self.rounds)


def make_side(label: str, runs: Sequence[RunFolder], allowed: Sequence[str] = ()) -> Side:
    """A side from runs of one target; raises Refusal where they were not measured alike in what is not `allowed`."""
    first, facts = runs[0], facts_of(runs[0])
    for run in runs:
        differing = [*differences(facts, facts_of(run), allowed), *differences(_own(first), _own(run))]
        if differing:
            raise Refusal(f"{run.id} was not measured like {first.id}: {'; '.join(differing)}: name them apart")
    _refuse_same_place(runs)
    return Side(
        label=label,
        target=first.target,
        badge=first.badge,
        load=model(first.load),
        load_model=first.load.model,
        facts=facts,
        about=_shared([_about(run) for run in runs]),
        rounds=tuple(Round.of(run) for run in evidence_of(runs)),
        left_out=tuple(_why(run) for run in runs if not _is_evidence(run)),
        remarks=_remarks(evidence_of(runs)),
    )


def evidence_of(runs: Sequence[RunFolder]) -> list[RunFolder]:
    """The runs that may be judged: valid, and not cut short by a person."""
    return [run for run in runs if _is_evidence(run)]


def _is_evidence(run: RunFolder) -> bool:
    return run.valid and run.end != "interrupted"


def _refuse_same_place(runs: Sequence[RunFolder]) -> None:
    places: dict[tuple[str, int], str] = {}
    for run in runs:
        place = Round.of(run).place
        if place is not None and places.setdefault(place, run.id) != run.id:
            raise Refusal(f"{run.id} and {places[place]} are both round {place[1]} of {place[0]}: copy the runs again")


def _remarks(runs: Sequence[RunFolder]) -> tuple[str, ...]:
    told = {
        "overloaded": "overloaded (it did not keep up, so its latency grows with the length of the run)",
        "generator_bound": "generator-bound (the harness was the limit, not the database)",
    }
    counts = {name: sum(run.totals.get(name) is True for run in runs) for name in told}
    return tuple(f"{counts[name]} of {len(runs)} rounds {text}" for name, text in told.items() if counts[name])


def _why(run: RunFolder) -> str:
    if not run.complete:
        return f"{run.id}: incomplete"
    if run.valid:
        return f"{run.id}: interrupted"
    return f"{run.id}: {'; '.join(reason.figure for reason in run.reasons) or 'invalid'}"


_FACTS: Final[Mapping[str, Callable[[RunFolder], str]]] = {
    "workload": lambda run: " ".join(_texts(run.part("workload"), "name", "fingerprint")),
    "dataset": lambda run: str(run.part("workload").get("dataset")),
    "load model": lambda run: " ".join(filter(None, (run.load.model, run.load.arrivals))),
    "rate": lambda run: model(run.load),
    "people": lambda run: str(run.load.users if run.load.model == "people" else run.load.people),
    "connections": lambda run: str(run.load.connections),
    "timeout": lambda run: f"{run.load.timeout_s} s",
    "workers": lambda run: str(run.load.workers),
    "warm-up": lambda run: _length(run, "warmup"),
    "window": lambda run: _length(run, "measured"),
    "server limits": lambda run: ", ".join(_limits(run)) or "none",
    "machine": lambda run: ", ".join(_texts(run.part("provenance"), "cpu_model", "cores", "memory_gb")),
}
"""What must be equal before two sides may be compared, each as people read it."""

NEVER_DIFFERENT: Final = ("load model",)
"""Facts that nobody can allow to differ: an open and a closed loop ask different questions."""

EVERY_FACT: Final = tuple(_FACTS)
FACT_NAMES: Final = tuple(name for name in _FACTS if name not in NEVER_DIFFERENT)


def facts_of(run: RunFolder) -> dict[str, str]:
    """The facts that must be equal, by name."""
    return {name: read(run) for name, read in _FACTS.items()}


def _length(run: RunFolder, name: str) -> str:
    """A phase's length; nothing for a run that ended before its time, which says so itself."""
    length_s = sum(phase.length_s for phase in run.phases if phase.name == name)
    return f"{length_s:.0f} s" if run.end == "planned" else ""


def _own(run: RunFolder) -> dict[str, str]:
    """What rounds of one side share besides, and two sides need not."""
    target, server = run.part("target"), _mapping(run.part("target").get("server"))
    named = {name: str(target.get(name)) for name in ("badge", "driver", "provider")}
    version = next((server[name] for name in ("version", "server_version") if name in server), "")
    return {**named, "server version": str(version), "settings": str(_mapping(target.get("facts")).get("settings", ""))}


def _limits(run: RunFolder) -> list[str]:
    facts = run.part("target").get("facts")
    known = facts if isinstance(facts, Mapping) else {}
    return [f"{name} {known[name]}" for name in ("cpus", "memory") if name in known]


def _texts(part: Mapping[str, Any], *names: str) -> list[str]:
    return [str(part.get(name)) for name in names]


def _about(run: RunFolder) -> dict[str, str]:
    """What is no reason to refuse: it may be the very thing that is tried."""
    target, made = run.part("target"), run.part("provenance")
    return {
        "driver": str(target.get("driver")),
        "provider": str(target.get("provider")),
        "server": ", ".join(f"{name}={value}" for name, value in _mapping(target.get("server")).items()),
        "settings": str(_mapping(target.get("facts")).get("settings", "")),
        "git revision": str(made.get("git_revision")),
        "python": str(made.get("python")),
        "packages": ", ".join(f"{name} {value}" for name, value in _mapping(made.get("packages")).items()),
        "kernel": str(made.get("kernel")),
    }


def _mapping(found: object) -> Mapping[str, Any]:
    return found if isinstance(found, Mapping) else {}


def _shared(found: Sequence[Mapping[str, str]]) -> dict[str, str]:
    return {name: "; ".join(dict.fromkeys(part[name] for part in found)) for name in found[0]}


def differences(a: Mapping[str, str], b: Mapping[str, str], allowed: Sequence[str] = ()) -> list[str]:
    """The facts that differ and are not allowed to, with both values; an empty one is not known, and no difference."""
    names = [name for name in {**a, **b} if name not in allowed]
    pairs = [(name, a.get(name, "unknown"), b.get(name, "unknown")) for name in names]
    return [f"{name} {first} against {second}" for name, first, second in pairs if first != second and first and second]


def check_allowed(names: Sequence[str]) -> tuple[str, ...]:
    """The facts that a person allows to differ, by full name; raises Refusal for what nobody can allow."""
    for name in names:
        if name not in FACT_NAMES:
            near = get_close_matches(name, FACT_NAMES, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"it is one of {', '.join(FACT_NAMES)}"
            raise Refusal(f"--allow-different {name!r} is nothing that may differ: {hint}")
    return tuple(names)
