"""What a workload is: a pure, seeded stream of turns, and the data to load first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple, Protocol

from workloads.dataset import Dataset
from workloads.operations import Turn
from workloads.oracle import Oracle


class Arrival(NamedTuple):
    """A turn's due instant in a trace: seconds from the trace's first row (already divided by `--speed`)."""

    at_s: float
    person: int


class Workload(Protocol):
    """A pure function of (seed, person): the same turns on every database, for any number of workers."""

    @property
    def name(self) -> str: ...

    @property
    def parameters(self) -> Mapping[str, str | int | float | None]:
        """What a person chose, for the run folder."""

    @property
    def writes(self) -> bool:
        """Whether any operation changes data."""

    @property
    def mean_gap_s(self) -> float:
        """Mean human pause between a person's turns, in seconds, before any time scale; 0 when there is none."""

    @property
    def operations_per_turn(self) -> float:
        """Mean operations of one turn, for the line that says what to expect."""

    @property
    def max_people(self) -> int | None:
        """The largest number of people this workload has data for, or None for any number."""

    def turns(self, seed: int, person: int) -> Iterator[Turn]:
        """The turns of one person, in order; sequential and unending, except in a trace."""

    def dataset(self, seed: int) -> Dataset:
        """The data to load before the run."""

    def oracle(self, seed: int, eventual: frozenset[type]) -> Oracle:
        """What every reply must hold; `eventual` operations may show how things were."""

    def arrivals(self) -> Iterator[Arrival] | None:
        """A trace's own instants in order of time, or None when the workload has no clock of its own."""
