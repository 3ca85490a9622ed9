"""After the load: is every append that was acknowledged still there, once? Read through the run's own connections."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Final

from loadtests.lanes import Lane, LaneGone, Pool
from loadtests.stopwatch import now_ns
from targets.protocol import SetupError, TargetError
from workloads.known_chat import KnownChat
from workloads.ledger import ReadBack
from workloads.operations import ReadMessages
from workloads.oracle import Oracle

LIMIT_S: Final = 60.0
"""Reading back ends after so long; the chats that are left are counted as not read."""

_TRIES: Final = 3
_PAUSE_S: Final = 0.15  # longer than a lane refuses work after a failed attempt to connect
_READ_S: Final = 20.0
_SAY_EVERY_NS: Final = 1_000_000_000
_NOT_AFTER: Final = {
    "interrupted": "interrupted",
    "budget": "the budget is spent",
    "bug": "the run ended with a fault",
    "engine_died": "an engine died",
    "lane_died": "the lane process died",
    "worker_lost": "a worker was lost",
}

Chats = Iterator[tuple[int, KnownChat, ReadMessages]]


async def read_back(oracle: Oracle, pool: Pool, reason: str, say: Callable[[], None]) -> ReadBack:
    """Read every chat that was written to; `say` is called about once a second, so that nobody thinks us lost."""
    found = ReadBack()
    chats = oracle.to_read_back()
    if reason in _NOT_AFTER:
        found.note = f"not read back: {_NOT_AFTER[reason]}"
    else:
        reader = _Reader(oracle, found, chats, say)
        await asyncio.gather(*(reader.work(lane) for lane in pool.lanes))
    left = sum(1 for _ in chats)
    found.not_read += left
    if left and not found.note:
        found.note = f"not all read back: {LIMIT_S:.0f} s had passed"
    return found


class _Reader:
    """Lanes that take chats from one list until it ends or the time is up."""

    def __init__(self, oracle: Oracle, found: ReadBack, chats: Chats, say: Callable[[], None]) -> None:
        self._oracle = oracle
        self._found = found
        self._chats = chats
        self._say = say
        self._until = now_ns() + int(LIMIT_S * 1e9)
        self._said = now_ns()

    async def work(self, lane: Lane) -> None:
        while (now := now_ns()) < self._until:
            if now - self._said > _SAY_EVERY_NS:
                self._said = now
                self._say()
            chat = next(self._chats, None)
            if chat is None:
                return
            await self._read(lane, *chat)
            await asyncio.sleep(0)  # a target that never suspends must let the others speak

    async def _read(self, lane: Lane, person: int, chat: KnownChat, operation: ReadMessages) -> None:
        for _ in range(_TRIES):
            try:
                reply = await asyncio.wait_for(lane.execute(operation), _READ_S)
            except (TargetError, TimeoutError, SetupError, LaneGone) as error:
                lane.discard()
                self._found.note = f"some chats could not be read: {error or 'no answer'}".replace("\n", " ")
                await asyncio.sleep(_PAUSE_S)
                continue
            self._found.read_units += reply.read_units
            self._oracle.judge_read_back(self._found, person, chat, reply.value or (), now_ns())  # type: ignore[arg-type]
            return
        self._found.not_read += 1
