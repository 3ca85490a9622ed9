"""After the load: is every append that was acknowledged still there, once? Read through the run's own connections."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Final, cast

from loadtests.lanes import Lane, LaneGone, Pool
from loadtests.stopwatch import now_ns
from targets.protocol import SetupError, TargetError
from workloads.known_chat import KnownChat
from workloads.ledger import ReadBack
from workloads.operations import ChatSummary, GetChat, Message, ReadMessages, Reply
from workloads.oracle import Oracle

LIMIT_S: Final = 60.0
"""Reading back ends after so long; the chats that are left are counted as not read."""

_TRIES: Final = 3
_PAUSE_S: Final = 0.15  # longer than a lane refuses work after a failed attempt to connect
_READ_S: Final = 20.0
_WATCH_S: Final = 0.5
_NOT_AFTER: Final = {
    "interrupted": "interrupted",
    "budget": "the budget is spent",
    "bug": "the run ended with a fault",
    "engine_died": "an engine died",
    "lane_died": "the lane process died",
    "worker_lost": "a worker was lost",
}

Chats = Iterator[tuple[int, KnownChat, ReadMessages | GetChat]]


async def read_back(
    oracle: Oracle, pool: Pool, reason: str, say: Callable[[ReadBack], None], enough: Callable[[], str] = lambda: ""
) -> ReadBack:
    """Read every chat that was written to, until the time is up or `enough` gives the reason of a stop.

    `say` is called about twice a second, whatever the database does, so that nobody thinks us lost.
    """
    found = ReadBack()
    chats = oracle.to_read_back()
    if reason in _NOT_AFTER:
        found.note = f"not read back: {_NOT_AFTER[reason]}"
    else:
        reading = asyncio.gather(*(_read_all(oracle, found, chats, lane) for lane in pool.lanes))
        if not await _finished(reading, lambda: say(found), enough):
            why = _NOT_AFTER.get(enough(), f"{LIMIT_S:.0f} s had passed")
            found.note = f"not all read back: {why}"
    found.not_read += sum(1 for _ in chats)
    return found


async def _finished(reading: asyncio.Future[list[None]], say: Callable[[], None], enough: Callable[[], str]) -> bool:
    """Wait for the reading, or break it off; answers whether it came to its end."""
    until = now_ns() + int(LIMIT_S * 1e9)
    while not reading.done():
        await asyncio.wait((reading,), timeout=_WATCH_S)
        say()
        if not reading.done() and (enough() or now_ns() > until):
            reading.cancel()
            await asyncio.wait((reading,))
            if not reading.cancelled():
                reading.exception()  # looked at, so that nobody is told of it
            return False
    reading.result()  # raises what was not expected
    return True


async def _read_all(oracle: Oracle, found: ReadBack, chats: Chats, lane: Lane) -> None:
    """One lane's part: the lanes take chats from one list until it ends."""
    for person, chat, operation in chats:
        try:
            reply = await _read(lane, operation, found)
        except asyncio.CancelledError:
            lane.discard()
            found.not_read += 1
            raise
        if reply is None:
            found.not_read += 1
        elif isinstance(operation, GetChat):
            oracle.judge_gone(person, chat, cast("ChatSummary | None", reply.value), now_ns())
        else:
            oracle.judge_read_back(found, person, chat, cast("tuple[Message, ...]", reply.value or ()), now_ns())
        await asyncio.sleep(0)  # a target that never suspends must let the others speak


async def _read(lane: Lane, operation: ReadMessages | GetChat, found: ReadBack) -> Reply | None:
    for _ in range(_TRIES):
        try:
            reply = await asyncio.wait_for(lane.execute(operation), _READ_S)
        except (TargetError, TimeoutError, SetupError, LaneGone) as error:
            lane.discard()
            found.note = f"some chats could not be read: {error or 'no answer'}".replace("\n", " ")
            await asyncio.sleep(_PAUSE_S)
            continue
        found.read_units += reply.read_units
        return reply
    return None
