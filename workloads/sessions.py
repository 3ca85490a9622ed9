"""Which requests of a trace belong to one chat, and to whom: neither format says so itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from workloads.traces import Trace, TraceRow

BLOCK_TOKENS = 512
"""Tokens in one prefix block of the Mooncake trace."""

SHARED_BLOCKS = 1
"""Blocks that tell chats nothing: the system prompt of about 890 tokens fills the first block of every request."""


class TraceTurn(NamedTuple):
    """One request as a turn of a chat: its instant, its person, its chat, and the tokens new in it."""

    at_s: float
    person: int
    chat: int
    user_tokens: int
    answer_tokens: int


class _Open:
    """A chat that may go on: what it has said so far, in tokens."""

    __slots__ = ("chat", "tokens")

    def __init__(self, chat: int, tokens: int) -> None:
        self.chat = chat
        self.tokens = tokens


def turns_of(trace: Trace, people: int) -> Iterator[TraceTurn]:
    """The trace's requests as turns of chats of `people` persons, in order of time."""
    return _azure_turns(trace.rows, people) if trace.format == "azure" else _mooncake_turns(trace.rows, people)


def _azure_turns(rows: tuple[TraceRow, ...], people: int) -> Iterator[TraceTurn]:
    """Row i is person i mod people; more context than their open chat holds continues it, less begins another."""
    open_chats: dict[int, _Open] = {}
    chats = 0
    for i, row in enumerate(rows):
        person = i % people
        current = open_chats.get(person)
        if current is None or row.context_tokens <= current.tokens:
            current = open_chats[person] = _Open(chats, 0)
            chats += 1
        yield _turn(row, person, current)


def _mooncake_turns(rows: tuple[TraceRow, ...], people: int) -> Iterator[TraceTurn]:
    """A request continues the chat whose full blocks are the longest proper beginning of its own.

    Requests are found again within the trace only, so turns a chat are a lower bound.
    """
    open_chats: dict[tuple[int, ...], _Open] = {}
    chats = 0
    for row in rows:
        full = row.blocks[: row.context_tokens // BLOCK_TOKENS]
        beginning = _longest_beginning(row, full, open_chats)
        if beginning is None:
            current = _Open(chats, 0)
            chats += 1
        else:
            current = open_chats.pop(beginning)
        yield _turn(row, current.chat % people, current)
        if len(full) > SHARED_BLOCKS:
            open_chats[full] = current


def _longest_beginning(
    row: TraceRow, full: tuple[int, ...], open_chats: dict[tuple[int, ...], _Open]
) -> tuple[int, ...] | None:
    for length in range(len(full), SHARED_BLOCKS, -1):
        chat = open_chats.get(full[:length])
        if chat is not None and row.context_tokens > chat.tokens:
            return full[:length]
    return None


def _turn(row: TraceRow, person: int, current: _Open) -> TraceTurn:
    """The next turn of a chat: what the context holds beyond the chat so far is the new message."""
    user_tokens = max(1, row.context_tokens - current.tokens)
    current.tokens = max(row.context_tokens, 1) + row.generated_tokens
    return TraceTurn(row.at_s, person, current.chat, user_tokens, row.generated_tokens)
