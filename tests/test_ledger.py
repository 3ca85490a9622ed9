"""The ledger of acknowledged appends: nothing is lost, whether it is in memory, in its file, or partly in both."""

from __future__ import annotations

import resource
from array import array
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from workloads.identity import EPOCH, uuid_text
from workloads.known_chat import KnownChat, Presence
from workloads.ledger import Ledger
from workloads.operations import ChatSummary

pytestmark = pytest.mark.fast

CHATS = 6000
"""At 40 bytes and more a chat, several times what is written out at once."""


def chat(number: int) -> KnownChat:
    """A chat of a few messages; every tenth was deleted."""
    known = KnownChat(ChatSummary(uuid_text(1, "chat", number), "a title", "a model", EPOCH))
    known.marks = array("q", range(number, number + 1 + number % 5))
    known.presence = Presence.GONE if number % 10 == 0 else Presence.HERE
    return known


def fill(ledger: Ledger) -> None:
    for number in range(CHATS):
        ledger.add(number, chat(number))


def is_whole(ledger: Ledger) -> bool:
    kept = [(person, found.chat_id, found.marks, found.presence) for person, found in ledger]
    wanted = [(number, chat(number)) for number in range(CHATS)]
    return kept == [
        (number, known.chat_id, array("q") if known.presence is Presence.GONE else known.marks, known.presence)
        for number, known in wanted
    ]


@contextmanager
def files_end_at(size_bytes: int) -> Iterator[None]:
    """No file of this process grows beyond so many bytes: what a full disk does, for a moment."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_what_was_written_out_comes_back_in_order_and_more_may_follow() -> None:
    ledger = Ledger()
    fill(ledger)
    assert ledger.in_memory_bytes < 1 << 16
    assert is_whole(ledger)
    assert is_whole(ledger)  # a second look finds the same


@pytest.mark.parametrize("size_bytes", [0, 100_000])
def test_where_the_disk_is_full_the_rest_stays_in_memory(size_bytes: int) -> None:
    ledger = Ledger()
    with files_end_at(size_bytes):
        fill(ledger)
    assert ledger.in_memory_bytes > 1 << 16
    assert is_whole(ledger)
