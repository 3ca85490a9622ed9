"""What a database must say of one chat, as its only writer knows it: the executable meaning of "the right answer".

A write that was answered is certain. One whose outcome is unknown (it timed out, or the connection broke) permits both
states from then on, since the server may carry it out at any later time. One that was never sent permits none.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import Enum
from typing import Final, NamedTuple

from workloads.operations import AppendMessage, ChatSummary, CreateChat, Message, RenameChat

_NO_MARK: Final = 0
_NOWHERE: Final[frozenset[int]] = frozenset()  # shared: most chats never see a failure


class Presence(Enum):
    """Whether the chat must be there."""

    HERE = "here"
    MAYBE = "maybe"
    GONE = "gone"


class Fate(Enum):
    """What is known of an operation that the workload asked for."""

    DONE = "done"
    UNKNOWN = "unknown"
    NOT_SENT = "not sent"


class Fault(NamedTuple):
    """A broken rule: its name in every result, what was seen, and since when the write it lacks was acknowledged."""

    check: str
    detail: str
    since_ns: int = 0  # 0: no write explains it


def mark(position: int, role: str, content: str) -> int:
    """A 64-bit checksum of a message and its place; equal only within one process (Python salts it)."""
    return hash((position, role, content))


class KnownChat:
    """One chat: its row, and a checksum of each message at its position."""

    __slots__ = (
        "acked_ns", "at", "chat_id", "dropped", "first_new", "marks", "maybe_at", "maybe_titles", "model_id",
        "presence", "title", "uncertain", "unsent",
    )  # fmt: skip

    def __init__(self, summary: ChatSummary, marks: array[int] | None = None) -> None:
        self.chat_id, self.title, self.model_id, self.at = summary
        self.marks: array[int] = array("q") if marks is None else marks
        self.first_new = len(self.marks)  # messages before it were loaded
        self.presence = Presence.HERE
        self.dropped = False  # the workload will not come back to it
        self.acked_ns = 0  # when the last write was acknowledged; 0: loaded
        self.maybe_at: tuple[datetime, ...] = ()  # instants of writes whose outcome is unknown
        self.maybe_titles: tuple[str, ...] = ()
        self.uncertain = _NOWHERE  # positions that may be there or not
        self.unsent = _NOWHERE  # positions that nobody wrote

    # --- writes ------------------------------------------------------------------------------------------------

    @classmethod
    def created(cls, operation: CreateChat, fate: Fate, done_ns: int) -> KnownChat:
        """A chat of this run."""
        chat = cls(ChatSummary(operation.chat_id, operation.title, operation.model_id, operation.at))
        chat.presence = {Fate.DONE: Presence.HERE, Fate.UNKNOWN: Presence.MAYBE, Fate.NOT_SENT: Presence.GONE}[fate]
        chat.acked_ns = done_ns
        return chat

    def append(self, operation: AppendMessage, fate: Fate, done_ns: int) -> None:
        """A message was sent to a position, or was to be."""
        position = operation.position
        while len(self.marks) < position:
            self.unsent |= {len(self.marks)}
            self.marks.append(_NO_MARK)
        if fate is Fate.NOT_SENT:
            self.unsent |= {position}
            self.marks.append(_NO_MARK)
            return
        self.marks.append(mark(position, operation.role, operation.content))
        if fate is Fate.DONE:
            self.at, self.acked_ns = operation.at, done_ns
        else:
            self.uncertain |= {position}
            self.maybe_at += (operation.at,)

    def rename(self, operation: RenameChat, fate: Fate, done_ns: int) -> None:
        """The title was set, or was to be."""
        if fate is Fate.DONE:
            self.title, self.acked_ns = operation.title, done_ns
        elif fate is Fate.UNKNOWN:
            self.maybe_titles += (operation.title,)

    def delete(self, fate: Fate, done_ns: int) -> None:
        """The chat was deleted, or was to be."""
        self.dropped = True
        if fate is Fate.DONE:
            self.presence, self.acked_ns = Presence.GONE, done_ns
        elif fate is Fate.UNKNOWN:
            self.presence = Presence.MAYBE

    # --- reads -------------------------------------------------------------------------------------------------

    def fits(self, summary: ChatSummary) -> bool:
        """Whether a row shows the chat as it is."""
        return (
            (summary.updated_at == self.at or summary.updated_at in self.maybe_at)
            and (summary.title == self.title or summary.title in self.maybe_titles)
            and summary.model_id == self.model_id
        )

    def judge_messages(self, messages: Sequence[Message], last: int | None) -> Fault | None:
        """What is wrong with the chat's messages, or with its last ones; None when nothing is."""
        marks = self.marks
        if not (self.uncertain or self.unsent) and self.presence is Presence.HERE:
            wanted = marks if last is None or last >= len(marks) else marks[-last:]
            if array("q", map(hash, messages)) == wanted:
                return None
        elif self.presence is Presence.GONE:
            gone = Fault("deleted_chat", f"{len(messages)} messages of a chat that is gone", self.acked_ns)
            return gone if messages else None
        elif not messages and self.presence is Presence.MAYBE:
            return None
        fault = _disorder(messages) or self._foreign(messages) or self._missing(messages, last)
        self.uncertain -= {message.position for message in messages}  # seen once, it must stay
        return fault

    def _foreign(self, messages: Iterable[Message]) -> Fault | None:
        for message in messages:
            position = message.position
            if not 0 <= position < len(self.marks) or position in self.unsent:
                return Fault("foreign", f"a message at position {position} that nobody wrote")
            if hash(message) != self.marks[position]:
                return Fault("content", f"the message at position {position} is not the one that was written")
        return None

    def _missing(self, messages: Sequence[Message], last: int | None) -> Fault | None:
        """A gap has messages after it; without them the newest write is what was not read."""
        if last is not None and len(messages) > last:
            return Fault("order", f"{len(messages)} messages instead of the last {last}")
        seen = {message.position for message in messages}
        begin = messages[0].position if last is not None and len(messages) == last else 0
        lost = [position for position in range(begin, len(self.marks)) if position not in seen and self.sure(position)]
        if not lost:
            return None
        newest = max(seen, default=-1)
        detail = f"no message at position {lost[0]} of 0…{len(self.marks) - 1} ({len(lost)} missing)"
        return Fault("gap", detail) if lost[0] < newest else Fault("read_your_writes", detail, self.acked_ns)

    def sure(self, position: int) -> bool:
        """Whether a message must be there: it was loaded, or its write was acknowledged."""
        return position not in self.uncertain and position not in self.unsent


def judge_cold(marks: array[int], messages: Sequence[Message]) -> Fault | None:
    """What is wrong with a stored chat of another writer, who may have added messages that only they know."""
    stored = len(marks)
    if array("q", map(hash, messages[:stored])) == marks:
        return _disorder(messages) if len(messages) > stored else None
    fault = _disorder(messages)
    if fault is not None:
        return fault
    for position, (message, expected) in enumerate(zip(messages, marks, strict=False)):
        if message.position != position:
            return Fault("gap", f"no message at position {position} of a stored chat")
        if hash(message) != expected:
            return Fault("content", f"the message at position {position} is not the one that was stored")
    return Fault("gap", f"{len(messages)} messages of a stored chat of {stored}")


def _disorder(messages: Sequence[Message]) -> Fault | None:
    positions = [message.position for message in messages]
    if len(set(positions)) < len(positions):
        twice = next(position for position in positions if positions.count(position) > 1)
        return Fault("duplicate", f"two messages at position {twice}")
    return None if positions == sorted(positions) else Fault("order", f"positions {positions[:6]} are not ascending")
