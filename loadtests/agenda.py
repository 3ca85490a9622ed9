"""Whose turn is due when, in each load model: the engine asks for the next instant and for what is due."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from typing import Protocol

from loadtests.performer import Person
from loadtests.plan import Plan
from loadtests.schedule import arrivals, residual_gap_s
from workloads.operations import Turn
from workloads.workload import Arrival, Workload

NEVER_NS = 1 << 62

Begin = Callable[[Person, int, Turn], None]
Later = Callable[[Callable[[], object]], object]
"""Has something done once what is due has begun: the event loop's `call_soon`."""


class Agenda(Protocol):
    """What the engine's alarm asks."""

    people: list[Person]

    def start(self, start: int) -> None:
        """The run's start instant on the stopwatch, once it is known."""

    def next_ns(self) -> int:
        """When the next turn is due, on the stopwatch; `NEVER_NS` when none is."""

    def begin_due(self, now: int) -> int:
        """Begin every turn due by `now`; answers how many."""

    def set_people(self, count: int, now: int) -> None:
        """From now on there are so many people on this worker (the people model only)."""


class PeopleAgenda:
    """Each Locust user is a person: a residual gap first, then gaps from intended to intended instant."""

    def __init__(self, plan: Plan, workload: Workload, begin: Begin, later: Later) -> None:
        self._plan = plan
        self._workload = workload
        self._begin = begin
        self._later = later
        self._ns_per_human_s = 1e9 / plan.time_scale
        self._due: list[tuple[int, int]] = []  # heap of (instant, index into `people`)
        self._count = 0
        self._asleep: list[int] = []  # people who left while their next turn was due later
        self.people: list[Person] = []

    def start(self, start: int) -> None:
        """People come when Locust says so."""

    def set_people(self, count: int, now: int) -> None:
        for index in [index for index in self._asleep if index < count]:
            self._asleep.remove(index)
            heapq.heappush(self._due, (now + self._residual_ns(index), index))
        self._count = count
        for index in range(len(self.people), count):
            number = self._plan.worker + index * self._plan.workers
            self.people.append(Person(number, self._workload.turns(self._plan.seed, number)))
            heapq.heappush(self._due, (now + self._residual_ns(index), index))

    def _residual_ns(self, index: int) -> int:
        return int(residual_gap_s(self._plan.seed, self.people[index].number) * self._ns_per_human_s)

    def next_ns(self) -> int:
        return self._due[0][0] if self._due else NEVER_NS

    def begin_due(self, now: int) -> int:
        begun: list[Person] = []
        while self._due and self._due[0][0] <= now:
            intended, index = heapq.heappop(self._due)
            if index >= self._count:
                self._asleep.append(index)
                continue
            person = self.people[index]
            turn = person.take()
            if turn is not None:
                heapq.heappush(self._due, (intended + int(turn.gap_s * self._ns_per_human_s), index))
                self._begin(person, intended, turn)
                begun.append(person)
        return _think(begun, self._later)


class RateAgenda:
    """Arrivals at instants of their own; Locust's users are placeholders."""

    def __init__(self, plan: Plan, workload: Workload, begin: Begin, later: Later) -> None:
        self._plan = plan
        self._workload = workload
        self._begin = begin
        self._later = later
        self._start = 0
        self._arrivals: Iterator[Arrival] = arrivals(plan, workload)
        self.people: list[Person] = []
        self._by_number: dict[int, Person] = {}
        for number in everyone(plan, workload):
            self._person(number)  # before the start: a person takes longer to make than a turn may lag
        self._next = next(self._arrivals, None)

    def start(self, start: int) -> None:
        self._start = start

    def set_people(self, count: int, now: int) -> None:
        """Nothing changes: the rate alone decides."""

    def next_ns(self) -> int:
        return NEVER_NS if self._next is None else self._start + int(self._next.at_s * 1e9)

    def begin_due(self, now: int) -> int:
        begun: list[Person] = []
        while self._next is not None and (due := self._start + int(self._next.at_s * 1e9)) <= now:
            person = self._person(self._next.person)
            turn = person.take()
            if turn is not None:
                self._begin(person, due, turn)
                begun.append(person)
            self._next = next(self._arrivals, None)
        return _think(begun, self._later)

    def _person(self, number: int) -> Person:
        person = self._by_number.get(number)
        if person is None:
            person = self._by_number[number] = Person(number, self._workload.turns(self._plan.seed, number))
            self.people.append(person)
        return person


def _think(begun: list[Person], later: Later) -> int:
    """Have everyone who began make up their next turn, once all have begun: thinking would make the others late."""

    def think() -> None:
        for person in begun:
            person.think()

    if begun:
        later(think)
    return len(begun)


def everyone(plan: Plan, workload: Workload) -> list[int]:
    """The people of this worker to whom arrivals may belong: 0 … P-1, or those in the trace."""
    trace = workload.arrivals()
    numbers = range(plan.people) if trace is None else sorted({arrival.person for arrival in trace})
    return [number for number in numbers if number % plan.workers == plan.worker]
