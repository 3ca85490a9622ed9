"""A short name for a stream of operations: equal fingerprints mean that two runs asked for the same things."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b, sha256
from itertools import islice

from workloads.operations import Operation, Turn
from workloads.workload import Workload

OPERATIONS = 10_000
"""Operations that go into a fingerprint; fewer when a trace has fewer."""

ISSUED_MODULUS = 1 << 64

PERSONS = 100
"""Persons whose turns are taken in rotation when the workload has no instants of its own."""


def fingerprint(workload: Workload, seed: int) -> str:
    """16 hex digits over the first 10,000 operations; it depends on the workload and the seed and nothing else."""
    digest = sha256()
    for operation in islice(_operations(workload, seed), OPERATIONS):
        digest.update(repr(operation).encode())
        digest.update(b"\n")
    return digest.hexdigest()[:16]


def issued(turns_taken: Iterable[tuple[int, int]]) -> int:
    """What was asked for, from (person, turns taken) pairs, as a number below 2^64; several workers' are added.

    A person's turns are a sequential stream, so their number says which they were. Modulo `ISSUED_MODULUS`.
    """
    digests = (blake2b(f"{person}/{turns}".encode(), digest_size=8).digest() for person, turns in turns_taken if turns)
    return sum(int.from_bytes(digest, "big") for digest in digests) % ISSUED_MODULUS


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
