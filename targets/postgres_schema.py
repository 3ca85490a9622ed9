"""Schema P1: one row a message. The tables, their indexes, and the mark that says they are ours; plain SQL text.

Three columns differ from the published P1, so that every target gives the same answer for the same data:
`roles.permissions` is `json`, which keeps the text as it was stored (`jsonb` rewrites spaces and key order);
`models.id` sorts by its bytes; `messages.id` has a default, a version 4 UUID made by the server.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal
from urllib.parse import urlsplit

from targets.protocol import SetupError
from workloads.dataset import Dataset

LAYOUT = 1
"""Raised when the tables change: data of another layout are loaded anew."""

TABLES: dict[str, str] = {
    "tenants": "id uuid NOT NULL, name text NOT NULL, plan text, created_at timestamptz DEFAULT now()",
    "roles": "tenant_id uuid NOT NULL, id uuid NOT NULL, name text NOT NULL, permissions json NOT NULL",
    "users": "tenant_id uuid NOT NULL, id uuid NOT NULL, email text NOT NULL, name text, role_id uuid NOT NULL,"
    " settings jsonb, created_at timestamptz DEFAULT now()",
    "models": 'tenant_id uuid NOT NULL, id text COLLATE "C" NOT NULL, provider text, config jsonb, enabled bool',
    "chats": "tenant_id uuid NOT NULL, id uuid NOT NULL, user_id uuid NOT NULL, title text, model_id text,"
    " message_count int DEFAULT 0, archived bool DEFAULT false, created_at timestamptz DEFAULT now(),"
    " updated_at timestamptz DEFAULT now()",
    "messages": "tenant_id uuid NOT NULL, chat_id uuid NOT NULL, seq int NOT NULL,"
    " id uuid NOT NULL DEFAULT gen_random_uuid(), role text NOT NULL, content text, parts jsonb,"
    " attachments jsonb, model_id text, usage jsonb, status text, created_at timestamptz DEFAULT now()",
}
"""Table to its columns."""

_PRIMARY_KEYS = {
    "tenants": "id",
    "roles": "tenant_id, id",
    "users": "tenant_id, id",
    "models": "tenant_id, id",
    "chats": "tenant_id, id",
    "messages": "tenant_id, chat_id, seq",
}

QUERIES: dict[str, str] = {
    "get_user": "SELECT tenant_id, id, email, name, role_id FROM {s}.users WHERE tenant_id = $1 AND id = $2",
    "get_user_by_email": "SELECT tenant_id, id, email, name, role_id FROM {s}.users"
    " WHERE tenant_id = $1 AND lower(email) = $2",
    "get_role": "SELECT id, name, permissions FROM {s}.roles WHERE tenant_id = $1 AND id = $2",
    "list_models": "SELECT id, provider FROM {s}.models WHERE tenant_id = $1 ORDER BY id",
    "list_chats": "SELECT id, title, model_id, updated_at FROM {s}.chats"
    " WHERE tenant_id = $1 AND user_id = $2 ORDER BY updated_at DESC, id LIMIT {page_size}",
    "get_chat": "SELECT id, title, model_id, updated_at FROM {s}.chats"
    " WHERE tenant_id = $1 AND id = $2 AND user_id = $3",
    "read_all": "SELECT seq, role, content FROM {s}.messages WHERE tenant_id = $1 AND chat_id = $2 ORDER BY seq",
    "read_last": "SELECT seq, role, content FROM {s}.messages"
    " WHERE tenant_id = $1 AND chat_id = $2 ORDER BY seq DESC LIMIT $3",
    "insert_message": "INSERT INTO {s}.messages (tenant_id, chat_id, seq, role, content, created_at)"
    " VALUES ($1, $2, $3, $4, $5, $6)",
    "touch_chat": "UPDATE {s}.chats SET updated_at = $4, message_count = message_count + 1"
    " WHERE tenant_id = $1 AND id = $2 AND user_id = $3 RETURNING 1",
    "create_chat": "INSERT INTO {s}.chats (tenant_id, user_id, id, title, model_id, created_at, updated_at)"
    " VALUES ($1, $2, $3, $4, $5, $6, $6)",
    "rename_chat": "UPDATE {s}.chats SET title = $4 WHERE tenant_id = $1 AND id = $2 AND user_id = $3 RETURNING 1",
    "delete_chat": "DELETE FROM {s}.chats WHERE tenant_id = $1 AND id = $2 AND user_id = $3 RETURNING 1",
    "delete_messages": "DELETE FROM {s}.messages WHERE tenant_id = $1 AND chat_id = $2",
}
"""Statement name to SQL; `{s}` is the schema. Prepared once on every connection."""

State = Literal["loading", "clean", "dirty", "unknown"]
_SIGN = "dbverdict"


def schema_name(prefix: str) -> str:
    """The schema that holds our tables; raises `SetupError` for a prefix that would need quoting."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,30}", prefix):
        raise SetupError(
            f"prefix {prefix!r} cannot be used: take up to 31 lower-case letters, digits and _, a letter first"
        )
    return f"{prefix}chat"


def read_address(url: str) -> tuple[str, str]:
    """`host:port` and database of a URL, for messages (never the password); raises `SetupError`."""
    form = "write postgresql://user:password@host:port/database"
    try:
        parts = urlsplit(url)
        port = parts.port or 5432
    except ValueError as error:
        raise SetupError(f"the PostgreSQL URL cannot be read: {form}") from error
    if parts.scheme not in ("postgresql", "postgres"):
        raise SetupError(f"the target postgres needs a URL: {form}")
    return f"{parts.hostname or 'localhost'}:{port}", parts.path.lstrip("/")


@dataclass(frozen=True)
class Mark:
    """What a comment on the schema says: that it is ours, which data it holds, and whether they are as loaded."""

    state: State
    fingerprint: str = ""
    layout: int = LAYOUT
    checkpoint: str = "not yet"

    def holds(self, fingerprint: str) -> bool:
        """Whether a run with this dataset can start without loading."""
        return (self.state, self.fingerprint, self.layout) == ("clean", fingerprint, LAYOUT)

    def now(self, state: State, checkpoint: str) -> Mark:
        """The same data in another state."""
        return replace(self, state=state, checkpoint=checkpoint)

    def comment(self) -> str:
        """The comment's text, as `parse_mark` reads it."""
        return f"{_SIGN} {json.dumps(asdict(self))}"


def parse_mark(comment: str | None) -> Mark | None:
    """The mark in a schema's comment; None when the schema is not ours, state `unknown` when another version's."""
    if comment is None or comment.split(maxsplit=1)[:1] != [_SIGN]:
        return None
    try:
        return Mark(**json.loads(comment.removeprefix(_SIGN)))
    except (ValueError, TypeError):
        return Mark("unknown")


def set_mark(schema: str, mark: Mark) -> str:
    """SQL that writes the mark."""
    text = mark.comment().replace("'", "''")
    return f"COMMENT ON SCHEMA {schema} IS '{text}'"


def create_tables(schema: str) -> str:
    """SQL that makes the schema, marked as loading, and its tables without any index."""
    tables = [f"CREATE TABLE {schema}.{name} ({columns})" for name, columns in TABLES.items()]
    return "; ".join([f"CREATE SCHEMA {schema}", set_mark(schema, Mark("loading")), *tables])


def create_indexes(schema: str) -> str:
    """SQL that makes P1's keys and indexes; run after loading, which is quicker and leaves them dense."""
    keys = [f"ALTER TABLE {schema}.{name} ADD PRIMARY KEY ({key})" for name, key in _PRIMARY_KEYS.items()]
    indexes = [
        f"CREATE UNIQUE INDEX users_email ON {schema}.users (tenant_id, lower(email))",
        f"CREATE INDEX chats_sidebar ON {schema}.chats (tenant_id, user_id, updated_at DESC, id)",
    ]
    return "; ".join(keys + indexes)


def drop_tables(schema: str) -> str:
    """SQL that removes our tables by name; fails as a whole if the schema holds another's."""
    names = ", ".join(f"{schema}.{name}" for name in TABLES)
    return f"DROP TABLE IF EXISTS {names}; DROP SCHEMA {schema}"


def vacuum_tables(schema: str) -> str:
    """SQL that makes the statistics and visibility maps a table in use would have."""
    return f"VACUUM (ANALYZE) {', '.join(f'{schema}.{name}' for name in TABLES)}"


def table_rows(dataset: Dataset) -> Iterator[tuple[str, str, Iterable[tuple[Any, ...]]]]:
    """Table, its columns, and its rows made while they are sent."""
    tenants = sorted({role.tenant_id for role in dataset.roles()} | {user.tenant_id for user in dataset.users()})
    yield "tenants", "id name", ((tenant_id, "Tenant") for tenant_id in tenants)
    yield "roles", "tenant_id id name permissions", ((tenant_id, *role) for tenant_id, role in dataset.roles())
    yield "users", "tenant_id id email name role_id", dataset.users()
    yield "models", "tenant_id id provider", ((tenant_id, *model) for tenant_id, model in dataset.models())
    chats = (
        (tenant_id, user_id, chat.chat_id, chat.title, chat.model_id, count, chat.updated_at, chat.updated_at)
        for tenant_id, user_id, chat, count in dataset.chats()
    )
    yield "chats", "tenant_id user_id id title model_id message_count created_at updated_at", chats
    messages = ((tenant_id, chat_id, *message, at) for tenant_id, chat_id, message, at in dataset.messages())
    yield "messages", "tenant_id chat_id seq role content created_at", messages
