"""What a chat application asks of its database: one frozen class per operation, and the shape of each answer.

Every operation means the same on every target; `targets/memory.py` is the executable reference.
An operation about something that does not exist answers `None`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

PAGE_SIZE = 20
"""Chats in one page of the sidebar (vercel/ai-chatbot: 20)."""


class User(NamedTuple):
    """An account as the application's auth step needs it."""

    tenant_id: str
    user_id: str
    email: str
    name: str
    role_id: str


class Role(NamedTuple):
    """A named set of permissions of one tenant."""

    role_id: str
    name: str
    permissions: str  # JSON text, compared as it was stored


class Model(NamedTuple):
    """A language model a tenant may choose."""

    model_id: str
    provider: str


class ChatSummary(NamedTuple):
    """A line of the sidebar, and the chat's own row."""

    chat_id: str
    title: str
    model_id: str
    updated_at: datetime


class Message(NamedTuple):
    """One message; `position` counts from 0 within its chat, without gaps."""

    position: int
    role: str  # "user" or "assistant"
    content: str


@dataclass(frozen=True, slots=True)
class GetUser:
    """Read a user by id. Answers `User`, or None."""

    tenant_id: str
    user_id: str


@dataclass(frozen=True, slots=True)
class GetUserByEmail:
    """Read a user by e-mail address (log-in). Answers `User`, or None."""

    tenant_id: str
    email: str


@dataclass(frozen=True, slots=True)
class GetRole:
    """Read a role by id. Answers `Role`, or None."""

    tenant_id: str
    role_id: str


@dataclass(frozen=True, slots=True)
class ListModels:
    """List a tenant's models by id. Answers a tuple of `Model`; empty for an unknown tenant."""

    tenant_id: str


@dataclass(frozen=True, slots=True)
class ListChats:
    """List a user's chats, newest `updated_at` first, at most `PAGE_SIZE`. Answers a tuple of `ChatSummary`.

    Chats of equal `updated_at` come in ascending or descending id order, as the target's index has it.
    """

    tenant_id: str
    user_id: str


@dataclass(frozen=True, slots=True)
class GetChat:
    """Read one chat of a user (the ownership check). Answers `ChatSummary`, or None when it is not theirs."""

    tenant_id: str
    user_id: str
    chat_id: str


@dataclass(frozen=True, slots=True)
class ReadMessages:
    """Read a chat's messages, oldest first: all of them, or the last `last` only. Answers a tuple of `Message`."""

    tenant_id: str
    chat_id: str
    last: int | None = None


@dataclass(frozen=True, slots=True)
class AppendMessage:
    """Store a message at a position the owner knows, and set the chat's `updated_at` to `at`.

    Answers True; None when the chat does not exist. A position that is taken already is a conflict,
    and changes nothing.
    """

    tenant_id: str
    user_id: str
    chat_id: str
    position: int
    role: str
    content: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CreateChat:
    """Create an empty chat. Answers True; an id that is taken already is a conflict."""

    tenant_id: str
    user_id: str
    chat_id: str
    title: str
    model_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RenameChat:
    """Set a chat's title, leaving `updated_at` alone. Answers True; None when the chat does not exist."""

    tenant_id: str
    user_id: str
    chat_id: str
    title: str


@dataclass(frozen=True, slots=True)
class DeleteChat:
    """Delete a chat with all its messages. Answers True; None when the chat does not exist."""

    tenant_id: str
    user_id: str
    chat_id: str


Operation = (
    GetUser
    | GetUserByEmail
    | GetRole
    | ListModels
    | ListChats
    | GetChat
    | ReadMessages
    | AppendMessage
    | CreateChat
    | RenameChat
    | DeleteChat
)

Value = User | Role | ChatSummary | tuple[Model, ...] | tuple[ChatSummary, ...] | tuple[Message, ...] | bool | None


class Reply(NamedTuple):
    """What came back: the value, compared between targets, and the capacity units the database says it took.

    Units are DynamoDB read and write units (half units occur); 0 on databases that have none.
    """

    value: Value
    read_units: float = 0.0
    write_units: float = 0.0


NAMES: dict[type, str] = {
    GetUser: "get_user",
    GetUserByEmail: "get_user_by_email",
    GetRole: "get_role",
    ListModels: "list_models",
    ListChats: "list_chats",
    GetChat: "get_chat",
    ReadMessages: "read_messages",
    AppendMessage: "append_message",
    CreateChat: "create_chat",
    RenameChat: "rename_chat",
    DeleteChat: "delete_chat",
}
"""Operation class to its name in every result; the order is the operation's number in a packed sample."""

WRITES = frozenset({AppendMessage, CreateChat, RenameChat, DeleteChat})
"""Operations that change data."""


class Turn(NamedTuple):
    """One arrival: a person opens a chat or sends a message, a few operations one after the other.

    `gap_s` is the pause of this person between this turn's intended instant and the next one's, in seconds of
    real human time (before any `--time-scale`).
    """

    operations: tuple[Operation, ...]
    gap_s: float = 0.0
