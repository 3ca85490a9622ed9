"""Were the answers right? Every reply is held against what the workload knows that a strict reader must see.

The checks run after a turn's samples are stamped, in the order of its operations, so they see the state each reply saw:
only a chat's owner writes to it, one operation after the other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple

from workloads.identity import EPOCH
from workloads.known import Known
from workloads.known_chat import Fate, Fault, KnownChat, Presence, judge_cold
from workloads.ledger import Ledger, ReadBack
from workloads.operations import (
    NAMES,
    PAGE_SIZE,
    AppendMessage,
    ChatSummary,
    CreateChat,
    DeleteChat,
    GetChat,
    GetRole,
    GetUser,
    GetUserByEmail,
    ListChats,
    ListModels,
    Message,
    Operation,
    ReadMessages,
    RenameChat,
    User,
)
from workloads.population import Person
from workloads.stored import StoredData

EXAMPLES: Final = 10
"""So many broken rules are kept word for word; all are counted."""

_DONE: Final = Fate.DONE  # looking up an enum's member takes as long as a check

_RECENT: Final = frozenset({"read_your_writes", "deleted_chat", "list_misses_chat", "row"})
"""What an eventual read may do by choice: show how things were."""


class Step(NamedTuple):
    """An operation that was sent: what came back, what is known of it, and its instants (ns)."""

    value: Any
    fate: Fate
    sent_ns: int
    done_ns: int


class Home(NamedTuple):
    """Where a person is at home: their user's number, and the stored chat that they alone write to."""

    user: int
    owned_chat: int | None


def home_of(person: Person) -> Home:
    """A person of the population, at home."""
    return Home(person.user_index, person.owned_chat)


class _Mind:
    """What one person knows: their chats, oldest first."""

    __slots__ = ("chats", "known_chats", "live", "number", "tenant_id", "user")

    def __init__(self, number: int, home: Home, known: Known) -> None:
        self.number = number
        self.user = home.user
        self.chats: dict[str, KnownChat] = {}
        self.live = 0  # chats that the workload may come back to
        self.known_chats = known.chat_numbers(home.user)
        self.tenant_id = known.tenant_id(home.user)
        if home.owned_chat is not None:
            chat = known.chat(home.user, home.owned_chat)
            self.chats[chat.chat_id] = chat
            self.live = 1


class Oracle:
    """Checks the replies of one engine's people, and keeps what must be read back after the run.

    `eventual` names the operations that are eventual by choice: what they miss is staleness, told to `on_age` as
    (person, instant of the read, age) in ns, and no fault. `kept` is how many of a person's latest chats the workload
    comes back to; None where it may come back to any.
    """

    def __init__(
        self,
        stored: StoredData,
        home: Callable[[int], Home],
        eventual: frozenset[type],
        kept: int | None = None,
    ) -> None:
        self._known = Known(stored)
        self._home = home
        self._eventual = eventual
        self._kept = kept
        self._minds: dict[int, _Mind] = {}
        self._ledger = Ledger()
        self._judges: dict[type, Callable[[_Mind, Any, Any], Fault | None]] = {
            GetUser: self._user,
            GetUserByEmail: self._user,
            GetRole: self._role,
            ListModels: self._models,
            ListChats: self._list,
            GetChat: self._row,
            ReadMessages: self._messages,
        }
        self.on_age: Callable[[int, int, int], None] = lambda person, at_ns, age_ns: None
        self.replies = 0
        self.unknown_writes = 0
        self.faults: Counter[str] = Counter()
        self.examples: list[dict[str, Any]] = []

    def meet(self, person: int) -> _Mind:
        """Learn where a person is at home; best done before the load, since it takes longer than a check."""
        mind = self._minds[person] = _Mind(person, self._home(person), self._known)
        return mind

    def check(self, person: int, operations: Sequence[Operation], steps: Sequence[Step]) -> None:
        """Take one turn, issued or not: `steps` are of its first operations, the others were never sent."""
        mind = self._minds.get(person) or self.meet(person)
        sent = len(steps)
        self.replies += sent
        for operation, step in zip(operations, steps, strict=False):
            kind = type(operation)
            judge = self._judges.get(kind)
            if judge is None:
                self._write(mind, operation, step)
            elif step.fate is _DONE:
                fault = judge(mind, operation, step.value)
                if fault is not None or kind in self._eventual:
                    self._weigh(mind, operation, fault, step.sent_ns)
        if sent < len(operations):
            for operation in operations[sent:]:
                if type(operation) not in self._judges:
                    self._write(mind, operation, _NOT_SENT)

    def _weigh(self, mind: _Mind, operation: Operation, fault: Fault | None, sent_ns: int) -> None:
        if type(operation) in self._eventual and (fault is None or (fault.check in _RECENT and fault.since_ns)):
            self.on_age(mind.number, sent_ns, 0 if fault is None else max(sent_ns - fault.since_ns, 0))
        elif fault is not None:
            self._fail(mind.number, NAMES[type(operation)], fault, sent_ns, getattr(operation, "chat_id", None))

    def _fail(self, person: int, where: str, fault: Fault, at_ns: int, chat_id: str | None) -> None:
        self.faults[fault.check] += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(
                {
                    "check": fault.check,
                    "operation": where,
                    "person": person,
                    "chat_id": chat_id,
                    "detail": fault.detail,
                    "at_ns": at_ns,
                }
            )

    # --- reads -------------------------------------------------------------------------------------------------

    def _user(self, mind: _Mind, asked: GetUser | GetUserByEmail, found: User | None) -> Fault | None:
        if found is None:
            return Fault("row", "an account that was loaded is not there")
        if found.tenant_id != asked.tenant_id:
            return Fault("foreign", f"an account of tenant {found.tenant_id}, asked for one of {asked.tenant_id}")
        wanted = asked.user_id if isinstance(asked, GetUser) else asked.email
        return None if self._known.is_user(found, wanted) else Fault("row", f"{found!r} is not {wanted}")

    def _role(self, mind: _Mind, asked: GetRole, found: object) -> Fault | None:
        expected = self._known.roles[asked.tenant_id, asked.role_id]
        return None if found == expected else Fault("row", f"role {asked.role_id} is not as it was loaded")

    def _models(self, mind: _Mind, asked: ListModels, found: object) -> Fault | None:
        if found == self._known.models:
            return None
        return Fault("row", f"the models of tenant {asked.tenant_id} are not as they were loaded")

    def _row(self, mind: _Mind, asked: GetChat, found: ChatSummary | None) -> Fault | None:
        chat = mind.chats.get(asked.chat_id)
        if chat is None:
            return None
        if found is None:
            lost = Fault("lost_chat", "a chat that was acknowledged is not there")
            return lost if chat.presence is Presence.HERE else None
        if chat.presence is Presence.GONE:
            return Fault("deleted_chat", "the row of a chat that is gone", chat.lacks_since(found))
        if found.chat_id != asked.chat_id:
            return Fault("foreign", f"the row of chat {found.chat_id}")
        return None if chat.fits(found) else _old_row(chat, found)

    def _messages(self, mind: _Mind, asked: ReadMessages, found: tuple[Message, ...]) -> Fault | None:
        chat = mind.chats.get(asked.chat_id)
        if chat is not None:
            return chat.judge_messages(found, asked.last)
        number = mind.known_chats.get(asked.chat_id)
        if number is None or asked.last is not None:
            return None
        return judge_cold(self._known.marks(mind.user, number, asked.chat_id), found)

    def _list(self, mind: _Mind, asked: ListChats, found: tuple[ChatSummary, ...]) -> Fault | None:
        if len(found) > PAGE_SIZE or any(later.updated_at > sooner.updated_at for sooner, later in pairwise(found)):
            return Fault("list_order", f"{len(found)} chats that are not the newest first, {PAGE_SIZE} at most")
        listed = {summary.chat_id for summary in found}
        if len(listed) < len(found):
            return Fault("duplicate", "a chat stands in the list twice")
        stale: list[Fault] = []
        for summary in found:
            chat = mind.chats.get(summary.chat_id)
            if chat is None:
                if not self._is_of(mind, summary):
                    return Fault("foreign", f"chat {summary.chat_id} is not this user's")
            elif chat.presence is Presence.GONE:
                since_ns = chat.lacks_since(summary)
                stale.append(Fault("deleted_chat", f"the list shows chat {chat.chat_id}, which is gone", since_ns))
            elif not chat.fits(summary):
                stale.append(_old_row(chat, summary))
        oldest = found[-1].updated_at if len(found) == PAGE_SIZE else None
        stale += [
            Fault("list_misses_chat", f"the list lacks chat {chat.chat_id}", chat.unlisted_since(oldest))
            for chat in mind.chats.values()
            if chat.chat_id not in listed
            and chat.presence is Presence.HERE
            and (oldest is None or min((chat.at, *chat.maybe_at)) > oldest)
        ]
        return min(stale, key=lambda fault: fault.since_ns) if stale else None

    def _is_of(self, mind: _Mind, summary: ChatSummary) -> bool:
        """Whether a chat of somebody else belongs to the same user: a loaded one, or one written by their people."""
        if summary.chat_id in mind.known_chats:
            return True
        at = summary.updated_at
        return at >= EPOCH and self._known.wrote(at.microsecond, mind.user)

    # --- writes ------------------------------------------------------------------------------------------------

    def _write(self, mind: _Mind, operation: Any, step: Step) -> None:
        fate = step.fate
        if fate is Fate.DONE and step.value is None:
            fate = Fate.UNKNOWN  # "no such chat": a fault only if there is one
        if fate is Fate.UNKNOWN:
            self.unknown_writes += 1
        if isinstance(operation, CreateChat):
            self._keep(mind, KnownChat.created(operation, fate, step.done_ns))
            return
        chat = mind.chats.get(operation.chat_id)
        if chat is None:
            return
        if step.value is None and step.fate is Fate.DONE and chat.presence is Presence.HERE:
            fault = Fault("lost_chat", "a chat that was acknowledged is not there")
            self._fail(mind.number, NAMES[type(operation)], fault, step.sent_ns, chat.chat_id)
        if isinstance(operation, AppendMessage):
            chat.append(operation, fate, step.done_ns)
        elif isinstance(operation, RenameChat):
            chat.rename(operation, fate, step.done_ns)
        elif isinstance(operation, DeleteChat):
            mind.live -= 1
            chat.delete(fate, step.done_ns)

    def _keep(self, mind: _Mind, chat: KnownChat) -> None:
        """A new chat; what the workload will not come back to is put away."""
        mind.chats[chat.chat_id] = chat
        mind.live += 1
        while self._kept is not None and mind.live > self._kept:
            oldest = mind.chats.pop(next(iter(mind.chats)))
            self._ledger.add(mind.number, oldest)
            mind.live -= not oldest.dropped

    # --- after the run -----------------------------------------------------------------------------------------

    def to_read_back(self) -> Iterator[tuple[int, KnownChat, ReadMessages | GetChat]]:
        """Every chat that was written to, with the read that shows it; of one that is gone the row, too."""
        for mind in self._minds.values():
            for chat in mind.chats.values():
                self._ledger.add(mind.number, chat)
            mind.chats.clear()
        for person, chat in self._ledger:
            mind = self._minds[person]
            yield person, chat, ReadMessages(mind.tenant_id, chat.chat_id)
            if chat.presence is Presence.GONE:
                yield person, chat, GetChat(mind.tenant_id, self._known.user_id(mind.user), chat.chat_id)

    def report(self, start_ns: int) -> dict[str, Any]:
        """What was found, in plain values; instants are seconds from `start_ns`."""
        return {
            "replies": self.replies,
            "faults": dict(self.faults),
            "examples": [
                {"at_s": (example["at_ns"] - start_ns) / 1e9} | {k: v for k, v in example.items() if k != "at_ns"}
                for example in self.examples
            ],
            "unknown_writes": self.unknown_writes,
        }

    def judge_read_back(
        self, found: ReadBack, person: int, chat: KnownChat, messages: Sequence[Message], at_ns: int
    ) -> None:
        """Count what one chat holds, and note what it does not."""
        found.judge(chat, messages)
        fault = chat.judge_messages(messages, None)
        if fault is not None:
            check = "lost_append" if fault.check in ("gap", "read_your_writes") else fault.check
            self._fail(person, "read_back", Fault(check, fault.detail), at_ns, chat.chat_id)

    def judge_gone(self, person: int, chat: KnownChat, row: ChatSummary | None, at_ns: int) -> None:
        """The row of a chat that is gone must not be there."""
        if row is not None:
            fault = Fault("deleted_chat", "the row of a chat that is gone")
            self._fail(person, "read_back", fault, at_ns, chat.chat_id)


_NOT_SENT: Final = Step(None, Fate.NOT_SENT, 0, 0)


def _old_row(chat: KnownChat, found: ChatSummary) -> Fault:
    return Fault("row", f"chat {chat.chat_id} shows {found[1:]}, not the latest write", chat.lacks_since(found))
