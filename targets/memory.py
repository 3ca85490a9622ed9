"""The reference meaning of every operation, as a dict: what each target must answer is written here, once.

Where `None` could mean two things: an operation on one row answers None when the row is missing or is not
theirs; an operation that lists answers an empty tuple. A chat belongs to one user of one tenant, and only that
user may read its row, append to it, rename or delete it. E-mail addresses are in lower case,
in the data and in the question.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from targets.catalog import TargetOptions
from targets.protocol import Conflict
from workloads.dataset import Dataset
from workloads.operations import (
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
    Model,
    Operation,
    ReadMessages,
    RenameChat,
    Reply,
    Role,
    User,
    Value,
)


@dataclass
class _Chat:
    """A chat with all its messages by position."""

    summary: ChatSummary
    messages: dict[int, Message] = field(default_factory=dict)

    def touch(self, at: datetime) -> None:
        self.summary = self.summary._replace(updated_at=at)

    def rename(self, title: str) -> None:
        self.summary = self.summary._replace(title=title)


@dataclass
class _State:
    """Everything stored, keyed as the application asks for it."""

    users: dict[tuple[str, str], User] = field(default_factory=dict)  # tenant, user
    emails: dict[tuple[str, str], User] = field(default_factory=dict)  # tenant, address
    roles: dict[tuple[str, str], Role] = field(default_factory=dict)  # tenant, role
    models: dict[str, list[Model]] = field(default_factory=dict)  # tenant
    chats: dict[tuple[str, str], dict[str, _Chat]] = field(default_factory=dict)  # tenant, owner -> chat
    owners: dict[tuple[str, str], str] = field(default_factory=dict)  # tenant, chat -> owner

    def chat(self, tenant_id: str, user_id: str, chat_id: str) -> _Chat | None:
        return self.chats.get((tenant_id, user_id), {}).get(chat_id)

    def add_chat(self, tenant_id: str, user_id: str, summary: ChatSummary) -> None:
        if (tenant_id, summary.chat_id) in self.owners:
            raise Conflict(f"chat {summary.chat_id} exists already")
        self.owners[tenant_id, summary.chat_id] = user_id
        self.chats.setdefault((tenant_id, user_id), {})[summary.chat_id] = _Chat(summary)


def _load(dataset: Dataset) -> _State:
    """A fresh state that holds the dataset's rows."""
    state = _State()
    for stored in dataset.roles():
        state.roles[stored.tenant_id, stored.role.role_id] = stored.role
    for tenant_id, model in dataset.models():
        state.models.setdefault(tenant_id, []).append(model)
    for user in dataset.users():
        state.users[user.tenant_id, user.user_id] = user
        state.emails[user.tenant_id, user.email] = user
    for tenant_id, user_id, summary, _count in dataset.chats():
        state.add_chat(tenant_id, user_id, summary)
    for tenant_id, chat_id, message, _at in dataset.messages():
        chat = state.chats[tenant_id, state.owners[tenant_id, chat_id]][chat_id]
        chat.messages[message.position] = message
    return state


class MemoryConnection:
    """One lane; every connection of a target shares its state."""

    def __init__(self, state: _State) -> None:
        self._state = state
        self._answers: dict[type, Callable[[Any], Value]] = {
            GetUser: self._get_user,
            GetUserByEmail: self._get_user_by_email,
            GetRole: self._get_role,
            ListModels: self._list_models,
            ListChats: self._list_chats,
            GetChat: self._get_chat,
            ReadMessages: self._read_messages,
            AppendMessage: self._append_message,
            CreateChat: self._create_chat,
            RenameChat: self._rename_chat,
            DeleteChat: self._delete_chat,
        }

    async def execute(self, operation: Operation) -> Reply:
        """Answer without suspending, so that every operation is atomic; raises `Conflict`."""
        return Reply(self._answers[type(operation)](operation))

    async def close(self) -> None:
        """Nothing to give back."""

    def abort(self) -> None:
        """Nothing to break off."""

    def _get_user(self, ask: GetUser) -> User | None:
        return self._state.users.get((ask.tenant_id, ask.user_id))

    def _get_user_by_email(self, ask: GetUserByEmail) -> User | None:
        return self._state.emails.get((ask.tenant_id, ask.email))

    def _get_role(self, ask: GetRole) -> Role | None:
        return self._state.roles.get((ask.tenant_id, ask.role_id))

    def _list_models(self, ask: ListModels) -> tuple[Model, ...]:
        return tuple(sorted(self._state.models.get(ask.tenant_id, ())))

    def _list_chats(self, ask: ListChats) -> tuple[ChatSummary, ...]:
        summaries = [chat.summary for chat in self._state.chats.get((ask.tenant_id, ask.user_id), {}).values()]
        summaries.sort(key=lambda summary: summary.updated_at, reverse=True)
        return tuple(summaries[:PAGE_SIZE])

    def _get_chat(self, ask: GetChat) -> ChatSummary | None:
        chat = self._state.chat(ask.tenant_id, ask.user_id, ask.chat_id)
        return None if chat is None else chat.summary

    def _read_messages(self, ask: ReadMessages) -> tuple[Message, ...]:
        owner = self._state.owners.get((ask.tenant_id, ask.chat_id))
        chat = None if owner is None else self._state.chat(ask.tenant_id, owner, ask.chat_id)
        if chat is None:
            return ()
        positions = sorted(chat.messages)
        wanted = positions if ask.last is None else positions[max(0, len(positions) - ask.last) :]
        return tuple(chat.messages[position] for position in wanted)

    def _append_message(self, ask: AppendMessage) -> bool | None:
        chat = self._state.chat(ask.tenant_id, ask.user_id, ask.chat_id)
        if chat is None:
            return None
        if ask.position in chat.messages:
            raise Conflict(f"position {ask.position} of chat {ask.chat_id} is taken")
        chat.messages[ask.position] = Message(ask.position, ask.role, ask.content)
        chat.touch(ask.at)
        return True

    def _create_chat(self, ask: CreateChat) -> bool:
        summary = ChatSummary(ask.chat_id, ask.title, ask.model_id, ask.at)
        self._state.add_chat(ask.tenant_id, ask.user_id, summary)
        return True

    def _rename_chat(self, ask: RenameChat) -> bool | None:
        chat = self._state.chat(ask.tenant_id, ask.user_id, ask.chat_id)
        if chat is None:
            return None
        chat.rename(ask.title)
        return True

    def _delete_chat(self, ask: DeleteChat) -> bool | None:
        if self._state.chat(ask.tenant_id, ask.user_id, ask.chat_id) is None:
            return None
        del self._state.chats[ask.tenant_id, ask.user_id][ask.chat_id]
        del self._state.owners[ask.tenant_id, ask.chat_id]
        return True


class MemoryTarget:
    """The application's data in one process's memory; they vanish with it."""

    def __init__(self, options: TargetOptions) -> None:
        self._options = options
        self._state = _State()
        self._clean_fingerprint: str | None = None

    async def prepare(self, dataset: Dataset) -> None:
        """Load the dataset afresh, unless it stands here unwritten."""
        if self._clean_fingerprint != dataset.fingerprint:
            self._state = _load(dataset)
        self._clean_fingerprint = None if dataset.will_be_written else dataset.fingerprint

    async def connect(self) -> MemoryConnection:
        """A lane to the shared state; never fails."""
        return MemoryConnection(self._state)

    async def describe(self) -> Mapping[str, str]:
        """What stands in a run's provenance."""
        return {"storage": "a dict in the engine's memory", "durability": "none", "consistency": "strict"}

    async def drop(self) -> None:
        """Forget everything."""
        self._state = _State()
        self._clean_fingerprint = None
