"""Design D1: one table for the whole application, and how each entity stands in it as an item.

Every key begins with the tenant, since ids are unique within a tenant only. `updated_at` is ISO 8601 in UTC with
microseconds, of fixed width, so that the index sorts by time. Entities carry the attributes the application would
store beside those an operation answers, so that items have realistic sizes: user 300-600 bytes, role 0.2-2 KB,
model 0.5-1.5 KB, chat 300-500 bytes, message its content and about 300 bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from workloads.dataset import Dataset, StoredChat, StoredMessage, StoredModel, StoredRole
from workloads.operations import ChatSummary, Message, Model, Role, User

Item = dict[str, Any]
"""Attribute name to a typed value, as DynamoDB's JSON writes it: `{"PK": {"S": "..."}}`."""

INDEX = "GSI1"

FORMAT = 1
"""Raised when the layout changes, so that tables loaded by an older version are loaded anew."""

_SETTINGS = (
    '{"theme":"system","language":"en-GB","send_on_enter":true,"font_size":"medium","show_token_counts":false,'
    '"default_temperature":0.7,"sidebar":"expanded","notifications":{"email":false,"push":true}}'
)
_CONFIG = (
    '{"context_window":200000,"max_output_tokens":8192,"temperature":{"min":0,"max":1,"default":0.7},'
    '"capabilities":["chat","tools","vision","json_mode","streaming"],"pricing":{"currency":"USD",'
    '"input_per_million":3.0,"output_per_million":15.0,"cached_input_per_million":0.3},"limits":{"requests_per_minute":'
    '4000,"tokens_per_minute":400000},"description":"A general model for chat, analysis and code; answers in the '
    'language of the question and keeps to the system prompt of the workspace."}'
)
_JOINED = "2026-01-01T00:00:00.000000+00:00"


def table_definition(name: str) -> Item:
    """The body of `CreateTable`: keys PK and SK, GSI1 with the sidebar's attributes, on demand."""
    keys = ("PK", "SK", "GSI1PK", "GSI1SK")
    sidebar = {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["title", "model_id", "updated_at"]}
    return {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"} for key in keys],
        "KeySchema": _key_schema("PK", "SK"),
        "GlobalSecondaryIndexes": [
            {"IndexName": INDEX, "KeySchema": _key_schema("GSI1PK", "GSI1SK"), "Projection": sidebar}
        ],
    }


def _key_schema(partition: str, sort: str) -> list[dict[str, str]]:
    return [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}]


def key(partition: str, sort: str) -> Item:
    """The primary key of an item."""
    return {"PK": {"S": partition}, "SK": {"S": sort}}


def user_key(tenant_id: str, user_id: str) -> str:
    """Partition of a user's profile and of their chats, in the table and in the index."""
    return f"T#{tenant_id}#USER#{user_id}"


def email_key(tenant_id: str, email: str) -> str:
    """Index partition that finds a user by e-mail address."""
    return f"T#{tenant_id}#EMAIL#{email}"


def role_key(tenant_id: str, role_id: str) -> str:
    """Partition of a role."""
    return f"T#{tenant_id}#ROLE#{role_id}"


def models_key(tenant_id: str) -> str:
    """Partition of all models of a tenant."""
    return f"T#{tenant_id}#MODELS"


def messages_key(tenant_id: str, chat_id: str) -> str:
    """Partition of a chat's messages."""
    return f"T#{tenant_id}#CHAT#{chat_id}"


def message_sort(position: int) -> str:
    """Sort key of a message: zero-padded, so that text order is the order of positions."""
    return f"MSG#{position:010d}"


def chat_sort(chat_id: str) -> str:
    """Sort key of a chat within its owner's partition."""
    return f"CHAT#{chat_id}"


def instant(at: datetime) -> str:
    """A time as it is stored; `at` knows its zone."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def sidebar_sort(updated_at: str, chat_id: str) -> str:
    """Index sort key of a chat; the id settles the order of equal times."""
    return f"U#{updated_at}#{chat_id}"


def user_item(user: User) -> Item:
    """A user's profile, found by id and, through the index, by e-mail address."""
    return {
        **key(user_key(user.tenant_id, user.user_id), "PROFILE"),
        "GSI1PK": {"S": email_key(user.tenant_id, user.email)},
        "GSI1SK": {"S": "USER"},
        "user_id": {"S": user.user_id},
        "email": {"S": user.email},
        "name": {"S": user.name},
        "role_id": {"S": user.role_id},
        "settings": {"S": _SETTINGS},
        "created_at": {"S": _JOINED},
    }


def role_item(stored: StoredRole) -> Item:
    """A role of a tenant."""
    tenant_id, role = stored
    return {
        **key(role_key(tenant_id, role.role_id), "META"),
        "name": {"S": role.name},
        "permissions": {"S": role.permissions},
        "created_at": {"S": _JOINED},
    }


def model_item(stored: StoredModel) -> Item:
    """A model of a tenant, with the configuration an application keeps beside it."""
    tenant_id, model = stored
    return {
        **key(models_key(tenant_id), f"MODEL#{model.model_id}"),
        "model_id": {"S": model.model_id},
        "provider": {"S": model.provider},
        "config": {"S": _CONFIG},
        "enabled": {"BOOL": True},
    }


def chat_item(tenant_id: str, user_id: str, chat: ChatSummary, message_count: int = 0) -> Item:
    """A chat's own row, which is its line of the sidebar too."""
    owner, updated_at = user_key(tenant_id, user_id), instant(chat.updated_at)
    return {
        **key(owner, chat_sort(chat.chat_id)),
        "GSI1PK": {"S": owner},
        "GSI1SK": {"S": sidebar_sort(updated_at, chat.chat_id)},
        "title": {"S": chat.title},
        "model_id": {"S": chat.model_id},
        "updated_at": {"S": updated_at},
        "created_at": {"S": updated_at},
        "message_count": {"N": str(message_count)},
        "archived": {"BOOL": False},
    }


def message_item(tenant_id: str, chat_id: str, message: Message, at: datetime) -> Item:
    """A message, with the book-keeping an application stores beside its text."""
    tokens = str(len(message.content) // 4)
    return {
        **key(messages_key(tenant_id, chat_id), message_sort(message.position)),
        "message_id": {"S": f"{chat_id}-{message.position}"},
        "role": {"S": message.role},
        "content": {"S": message.content},
        "created_at": {"S": instant(at)},
        "status": {"S": "complete"},
        "usage": {"M": {"input_tokens": {"N": tokens}, "output_tokens": {"N": tokens}}},
        "attachments": {"L": []},
    }


def read_user(tenant_id: str, item: Item) -> User:
    """The user in a profile item; raises KeyError when it is not one."""
    return User(tenant_id, item["user_id"]["S"], item["email"]["S"], item["name"]["S"], item["role_id"]["S"])


def read_role(role_id: str, item: Item) -> Role:
    """The role in an item; raises KeyError when it is not one."""
    return Role(role_id, item["name"]["S"], item["permissions"]["S"])


def read_model(item: Item) -> Model:
    """The model in an item; raises KeyError when it is not one."""
    return Model(item["model_id"]["S"], item["provider"]["S"])


def read_chat(item: Item) -> ChatSummary:
    """The chat in an item of the table or the index; raises KeyError or ValueError when it is not one."""
    chat_id = item["SK"]["S"].removeprefix("CHAT#")
    updated_at = datetime.fromisoformat(item["updated_at"]["S"])
    return ChatSummary(chat_id, item["title"]["S"], item["model_id"]["S"], updated_at)


def read_message(item: Item) -> Message:
    """The message in an item; raises KeyError or ValueError when it is not one."""
    return Message(int(item["SK"]["S"].removeprefix("MSG#")), item["role"]["S"], item["content"]["S"])


def items(dataset: Dataset) -> Iterator[Item]:
    """Every item of the data to load, small entities first."""
    return chain(
        map(role_item, dataset.roles()),
        map(model_item, dataset.models()),
        map(user_item, dataset.users()),
        map(_stored_chat_item, dataset.chats()),
        map(_stored_message_item, dataset.messages()),
    )


def _stored_chat_item(stored: StoredChat) -> Item:
    return chat_item(stored.tenant_id, stored.user_id, stored.chat, stored.message_count)


def _stored_message_item(stored: StoredMessage) -> Item:
    return message_item(stored.tenant_id, stored.chat_id, stored.message, stored.at)
