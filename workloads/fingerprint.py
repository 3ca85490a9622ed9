"""A short name for a stream of operations: equal fingerprints mean that two runs asked for the same things."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from itertools import islice

from workloads.operations import Operation, Turn
from workloads.workload import Workload

OPERATIONS = 10_000
"""Operations that go into a fingerprint; fewer when a trace has fewer."""

PERSONS = 100
"""Persons whose turns are taken in rotation when the workload has no instants of its own."""


def fingerprint(workload: Workload, seed: int) -> str:
    """16 hex digits over the first 10,000 operations; it depends on the workload and the seed and nothing else."""
    digest = sha256()
    for operation in islice(_operations(workload, seed), OPERATIONS):
        digest.update(repr(operation).encode())
        digest.update(b"\n")
    return digest.hexdigest()[:16]


def _operations(workload: Workload, seed: int) -> Iterator[Operation]:
    streams: dict[int, Iterator[Turn]] = {}
    for person in _order(workload):
        if person not in streams:
            streams[person] = workload.turns(seed, person)
        turn = next(streams[person], None)
        if turn is not None:
            yield from turn.operations


def _order(workload: Workload) -> Iterator[int]:
    """Whose turn it is: the trace's order, or the first persons in rotation."""
    arrivals = workload.arrivals()
    if arrivals is not None:
        yield from (arrival.person for arrival in arrivals)
        return
    persons = min(PERSONS, workload.max_people or PERSONS)
    while True:
        yield from range(persons)
