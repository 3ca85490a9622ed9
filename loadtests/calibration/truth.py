"""The truth about a case: what was to happen, from the schedule and from the delays that were really given."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Instants = NDArray[np.int64]


class Due(NamedTuple):
    """A turn of the schedule: its intended instant (ns after the start) and whose it is."""

    intended: int
    person: int


def responses_ns(schedule: Sequence[Due], connections: int, served: Callable[[int], int]) -> Instants:
    """Each turn's response if nothing but queueing took time: people are serial, connections few, first come first.

    `served` says when a request sent at an instant is done; it is called in the order of sending.
    """
    turns: dict[int, deque[int]] = {}
    for index, due in enumerate(schedule):
        turns.setdefault(due.person, deque()).append(index)
    ready = [(schedule[mine[0]].intended, mine[0]) for mine in turns.values()]
    heapq.heapify(ready)
    lanes = [0] * connections  # when each connection is free
    response = np.zeros(len(schedule), np.int64)
    while ready:
        free, index = heapq.heappop(ready)
        intended, person = schedule[index]
        done = served(max(free, lanes[0]))
        heapq.heapreplace(lanes, done)
        response[index] = done - intended
        mine = turns[person]
        mine.popleft()
        if mine:  # the next turn of this person waits for the end of this one
            heapq.heappush(ready, (max(schedule[mine[0]].intended, done), mine[0]))
    return response


def given(delays_ns: Iterable[int]) -> Callable[[int], int]:
    """Serves the requests with these delays, in order."""
    delay = iter(delays_ns)
    return lambda sent: sent + next(delay)


def window(schedule: Sequence[Due], open_ns: int, close_ns: int) -> slice:
    """The turns whose intended instants lie in the measured window; the schedule is in order of time."""
    instants = np.array([due.intended for due in schedule])
    first, last = np.searchsorted(instants, (open_ns, close_ns))
    return slice(int(first), int(last))
