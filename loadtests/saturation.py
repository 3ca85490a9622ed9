"""The closed loop: one person a connection, working without a pause. For capacity only."""

from __future__ import annotations

import asyncio
from typing import Final

from loadtests.agenda import NEVER_NS
from loadtests.performer import OK, SKIPPED, Performer, Person
from loadtests.plan import Plan
from loadtests.stopwatch import now_ns
from targets.catalog import CATALOG
from workloads.workload import Workload

YIELD_NS: Final = 200_000
"""A target that never suspends must let the loop breathe: after so long a person without pause gives way."""

UNAVAILABLE_PAUSE_S: Final = 0.1


class Saturation:
    """This worker's people, each asking again as soon as it was answered, until `close_ns` on the stopwatch."""

    def __init__(self, plan: Plan, workload: Workload, performer: Performer, loop: asyncio.AbstractEventLoop) -> None:
        self.people = people_of(plan, workload)
        self.close_ns = NEVER_NS
        self.offered_turns = 0
        self._performer = performer
        self._loop = loop
        self._suspends = CATALOG[plan.target].server is not None  # it lets the loop run by itself

    def begin(self) -> None:
        """Everybody starts."""
        for person in self.people:
            task = self._loop.create_task(self._work(person))
            self._performer.tasks.add(task)
            task.add_done_callback(self._performer.ended)

    async def _work(self, person: Person) -> None:
        performer, suspends, task = self._performer, self._suspends, asyncio.current_task()
        yielded = now_ns()
        while (turn := person.take()) is not None:
            begin = now_ns()
            if begin >= self.close_ns:
                return
            if begin - yielded > YIELD_NS:
                await asyncio.sleep(0)
                yielded = begin = now_ns()
            self.offered_turns += 1
            outcome = await performer.perform(person, turn, begin, begin, task)
            if outcome == SKIPPED:
                await asyncio.sleep(0)
            elif outcome != OK:
                await asyncio.sleep(UNAVAILABLE_PAUSE_S)  # a dead database must not become a busy loop
            if suspends:
                yielded = person.free_ns


def people_of(plan: Plan, workload: Workload) -> list[Person]:
    """One person for each of this worker's connections."""
    numbers = range(plan.worker, plan.connections, plan.workers)
    return [Person(number, workload.turns(plan.seed, number)) for number in numbers]
