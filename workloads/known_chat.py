"""What a database must say of one chat, as its only writer knows it: the executable meaning of "the right answer".

A write that was answered is certain. One whose outcome is unknown (it timed out, or the connection broke) permits both
states from then on, since the server may carry it out at any later time. One that was never sent permits none.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from enum import Enum
from itertools import pairwise
from typing import Final, NamedTuple

from workloads.identity import EPOCH
from workloads.operations import AppendMessage, ChatSummary, CreateChat, Message, RenameChat

_NO_MARK: Final = 0
_MICROSECOND: Final = timedelta(microseconds=1)
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
    """A broken rule: its name in every result, what was seen, and when the oldest write it lacks was acknowledged."""

    check: str
    detail: str
    since_ns: int = 0  # 0: no write explains it


def mark(position: int, role: str, content: str) -> int:
    """A 64-bit checksum of a message and its place; equal only within one process (Python salts it)."""
    return hash((position, role, content))


class KnownChat:
    """One chat: its row, and a checksum of each message at its position."""

    __slots__ = (
        "appended", "at", "born_ns", "born_us", "chat_id", "dropped", "first_new", "former_titles", "gone_ns", "marks",
        "maybe_at", "maybe_titles", "model_id", "presence", "title", "uncertain", "unsent",
    )  # fmt: skip

    def __init__(self, summary: ChatSummary, marks: array[int] | None = None) -> None:
        self.chat_id, self.title, self.model_id, self.at = summary
        self.marks: array[int] = array("q") if marks is None else marks
        self.first_new = len(self.marks)  # messages before it were loaded
        self.presence = Presence.HERE
        self.dropped = False  # the workload will not come back to it
        self.born_us, self.born_ns = _us(self.at), 0  # its first `at`, and when that was acknowledged; 0: loaded
        self.appended = array("q")  # of each new position: its `at`, and when it was acknowledged (0: it was not)
        self.former_titles: tuple[tuple[str, int], ...] = ()  # and when the title that replaced it was acknowledged
        self.gone_ns = 0  # when its deletion was acknowledged
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
        chat.born_ns = done_ns if fate is Fate.DONE else 0
        return chat

    def append(self, operation: AppendMessage, fate: Fate, done_ns: int) -> None:
        """A message was sent to a position, or was to be."""
        position = operation.position
        while len(self.marks) < position:
            self._leave_out(len(self.marks))
        if fate is Fate.NOT_SENT:
            self._leave_out(position)
            return
        self.marks.append(mark(position, operation.role, operation.content))
        self.appended.extend((_us(operation.at), done_ns if fate is Fate.DONE else 0))
        if fate is Fate.DONE:
            self.at = operation.at
        else:
            self.uncertain |= {position}
            self.maybe_at += (operation.at,)

    def _leave_out(self, position: int) -> None:
        self.unsent |= {position}
        self.marks.append(_NO_MARK)
        self.appended.extend((0, 0))

    def rename(self, operation: RenameChat, fate: Fate, done_ns: int) -> None:
        """The title was set, or was to be."""
        if fate is Fate.DONE:
            self.former_titles += ((self.title, done_ns),)
            self.title = operation.title
        elif fate is Fate.UNKNOWN:
            self.maybe_titles += (operation.title,)

    def delete(self, fate: Fate, done_ns: int) -> None:
        """The chat was deleted, or was to be."""
        self.dropped = True
        if fate is Fate.DONE:
            self.presence, self.gone_ns = Presence.GONE, done_ns
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

    def lacks_since(self, summary: ChatSummary) -> int:
        """When the oldest acknowledged write that a row lacks was acknowledged (ns); 0 for a row that never was so.

        Only for a row that does not `fit`, or one of a chat that is gone.
        """
        since = [self.gone_ns] if self.presence is Presence.GONE else []
        if summary.updated_at != self.at and summary.updated_at not in self.maybe_at:
            since.append(self._replaced_ns(summary.updated_at))
        if summary.title != self.title and summary.title not in self.maybe_titles:
            since.append(dict(self.former_titles).get(summary.title, 0))
        return min(since) if summary.model_id == self.model_id and since else 0

    def _versions(self) -> Iterator[tuple[int, int]]:
        """Each `at` the row had for certain (µs after `EPOCH`), and when it was acknowledged (ns)."""
        yield self.born_us, self.born_ns
        for index in range(0, len(self.appended), 2):
            if self.appended[index + 1]:
                yield self.appended[index], self.appended[index + 1]

    def _replaced_ns(self, at: datetime) -> int:
        """When the write after the one that set this `at` was acknowledged; 0 for an `at` that never was."""
        for (before_us, _), (_, acked_ns) in pairwise(self._versions()):
            if before_us == _us(at):
                return acked_ns
        return 0

    def unlisted_since(self, oldest: datetime | None) -> int:
        """When the first write that puts the chat on a page of the sidebar was acknowledged (ns); 0: it was loaded so.

        `oldest` is the page's last `updated_at`; None where the page has room.
        """
        if oldest is None:
            return self.born_ns
        return next((acked_ns for at_us, acked_ns in self._versions() if at_us > _us(oldest)), 0)

    def judge_messages(self, messages: Sequence[Message], last: int | None) -> Fault | None:
        """What is wrong with the chat's messages, or with its last ones; None when nothing is."""
        marks = self.marks
        if not (self.uncertain or self.unsent) and self.presence is Presence.HERE:
            wanted = marks if last is None or last >= len(marks) else marks[-last:]
            if array("q", map(hash, messages)) == wanted:
                return None
        elif self.presence is Presence.GONE:
            left = [message for message in messages if not self._may_land_late(message)]
            gone = Fault("deleted_chat", f"{len(left)} messages of a chat that is gone", self.gone_ns)
            return gone if left else None
        fault = _disorder(messages) or self._foreign(messages)
        if fault is None and self.presence is Presence.HERE:  # a deletion of unknown outcome may stop half-way
            fault = self._missing(messages, last)
        self.uncertain -= {message.position for message in messages}  # seen once, it must stay
        return fault

    def _may_land_late(self, message: Message) -> bool:
        """Whether a write of unknown outcome explains a message that comes after its chat was deleted."""
        return message.position in self.uncertain and hash(message) == self.marks[message.position]

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
        if lost[0] < newest:
            return Fault("gap", detail)
        return Fault("read_your_writes", detail, self._appended_ns(lost[0]))

    def _appended_ns(self, position: int) -> int:
        """When a message of this run was acknowledged; 0 for one that was loaded, or whose chat was put away."""
        index = 2 * (position - self.first_new) + 1
        return self.appended[index] if 0 < index < len(self.appended) else 0

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
        twice = next(position for position, times in Counter(positions).items() if times > 1)
        return Fault("duplicate", f"two messages at position {twice}")
    return None if positions == sorted(positions) else Fault("order", f"positions {positions[:6]} are not ascending")


def _us(at: datetime) -> int:
    return (at - EPOCH) // _MICROSECOND
