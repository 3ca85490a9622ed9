"""What is PostgreSQL's own: the mark, loading, transactions, and the errors a person or a run meets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from targets.catalog import CATALOG, TargetOptions
from targets.postgres import PostgresConnection, PostgresTarget
from targets.protocol import Conflict, SetupError, TimedOut, Unavailable
from tests.contract import ACME, ANN, BOB, EMPTY, TALK, TinyDataset, answer, at, on_uvloop, open_connection, within
from workloads.dataset import StoredMessage
from workloads.operations import AppendMessage, CreateChat, DeleteChat, GetUser, ReadMessages

if TYPE_CHECKING:
    Session = asyncpg.Connection[asyncpg.Record]

POSTGRES = CATALOG["postgres"]
PREFIX = "dbverdict_pg_"
SCHEMA = "dbverdict_pg_chat"
HELLO = AppendMessage(ACME, ANN, EMPTY, 0, "user", "Hello", at(50))
OIDS = f"SELECT '{SCHEMA}.messages'::regclass::oid"


def _target(url: str, timeout_s: float = 5.0) -> PostgresTarget:
    return PostgresTarget(TargetOptions(url=url, prefix=PREFIX, timeout_s=timeout_s))


def _url(url: str, *, user: str = "", database: str = "", query: str = "") -> str:
    """The server's URL with another log-in, database or setting."""
    parts = urlsplit(url)
    netloc = f"{user}@{parts.hostname}:{parts.port}" if user else parts.netloc
    return urlunsplit((parts.scheme, netloc, database or parts.path, query, ""))


@asynccontextmanager
async def _somebody_else(url: str) -> AsyncIterator[Session]:
    """A session that is not dbverdict's, on a database without our schema; leaves it so."""
    session: Session = await asyncpg.connect(url)
    clean = f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE"
    await session.execute(clean)
    try:
        yield session
    finally:
        await session.execute(clean)
        await session.close()


@pytest.mark.parametrize("comment", ["NULL", "'the chat team''s'", "'dbverdicts are not ours'"])
@on_uvloop
async def test_a_schema_of_our_name_without_our_mark_is_refused_and_left_alone(postgres_url: str, comment: str) -> None:
    async with _somebody_else(postgres_url) as session:
        await session.execute(f"CREATE SCHEMA {SCHEMA}; COMMENT ON SCHEMA {SCHEMA} IS {comment}")
        await session.execute(f"CREATE TABLE {SCHEMA}.users AS SELECT 42 AS answer")
        target = _target(postgres_url)
        with pytest.raises(SetupError, match=f"{SCHEMA} at .* was not made by dbverdict"):
            await target.prepare(TinyDataset())
        with pytest.raises(SetupError, match=f"{SCHEMA} at .* was not made by dbverdict"):
            await target.drop()
        assert await session.fetchval(f"SELECT answer FROM {SCHEMA}.users") == 42


@on_uvloop
async def test_drop_removes_the_schema_and_nothing_else(postgres_url: str) -> None:
    async with _somebody_else(postgres_url) as session:
        others = "SELECT array_agg(nspname ORDER BY nspname)::text FROM pg_namespace WHERE nspname !~ '^pg_'"
        before = await session.fetchval(others)
        target = _target(postgres_url)
        await target.prepare(TinyDataset())
        assert SCHEMA in await session.fetchval(others)
        await target.drop()
        assert await session.fetchval(others) == before


@on_uvloop
async def test_a_table_of_somebody_else_in_our_schema_stops_drop_and_prepare(postgres_url: str) -> None:
    async with _somebody_else(postgres_url) as session:
        target = _target(postgres_url)
        await target.prepare(TinyDataset())
        await session.execute(f"CREATE TABLE {SCHEMA}.theirs AS SELECT 42 AS answer")
        for refused in (target.drop(), target.prepare(TinyDataset())):
            with pytest.raises(SetupError, match="move what dbverdict did not make out of the schema"):
                await refused
        assert await session.fetchval(f"SELECT answer FROM {SCHEMA}.theirs") == 42
        assert await session.fetchval(f"SELECT count(*) FROM {SCHEMA}.users") == 3


@on_uvloop
async def test_clean_data_stay_and_dirty_data_are_loaded_anew(postgres_url: str) -> None:
    async with _somebody_else(postgres_url) as session:
        target, oids = _target(postgres_url), []
        for will_be_written in (False, True, False, False):
            await target.prepare(TinyDataset(will_be_written))
            oids.append(await session.fetchval(OIDS))
        assert oids[0] == oids[1] != oids[2] == oids[3]


@on_uvloop
async def test_a_prepare_that_ended_before_its_end_is_done_again(postgres_url: str) -> None:
    async with _somebody_else(postgres_url) as session:
        target = _target(postgres_url)
        await target.prepare(TinyDataset(will_be_written=False))
        loaded = await session.fetchval(OIDS)
        await session.execute(f"""COMMENT ON SCHEMA {SCHEMA} IS 'dbverdict {{"state": "loading"}}'""")
        await target.prepare(TinyDataset(will_be_written=False))
        assert await session.fetchval(OIDS) != loaded


class _Torn(TinyDataset):
    """A dataset whose generator fails in the middle of the messages."""

    def messages(self) -> Iterator[StoredMessage]:
        yield next(super().messages())
        raise RuntimeError("torn")


@on_uvloop
async def test_a_load_that_fails_leaves_what_stood_there(postgres_url: str) -> None:
    async with _somebody_else(postgres_url) as session:
        target = _target(postgres_url)
        with pytest.raises(RuntimeError, match="torn"):
            await target.prepare(_Torn())
        assert await session.fetchval("SELECT count(*) FROM pg_namespace WHERE nspname = $1", SCHEMA) == 0
        await target.prepare(TinyDataset())
        with pytest.raises(RuntimeError, match="torn"):
            await target.prepare(_Torn())
        assert await session.fetchval(f"SELECT count(*) FROM {SCHEMA}.messages") == 8


@on_uvloop
async def test_two_may_prepare_at_once(postgres_url: str) -> None:
    async with _somebody_else(postgres_url) as session:
        await within(30, asyncio.gather(*[_target(postgres_url).prepare(TinyDataset()) for _ in range(3)]))
        assert await session.fetchval(f"SELECT count(*) FROM {SCHEMA}.chats") == 26


@on_uvloop
async def test_the_schema_has_the_keys_and_indexes_of_p1(postgres_url: str) -> None:
    async with _somebody_else(postgres_url) as session:
        await _target(postgres_url).prepare(TinyDataset())
        rows = await session.fetch("SELECT indexdef FROM pg_indexes WHERE schemaname = $1", SCHEMA)
        assert sorted(row["indexdef"].split(" ON ")[1].removeprefix(f"{SCHEMA}.") for row in rows) == [
            "chats USING btree (tenant_id, id)",
            "chats USING btree (tenant_id, user_id, updated_at DESC, id)",
            "messages USING btree (tenant_id, chat_id, seq)",
            "models USING btree (tenant_id, id)",
            "roles USING btree (tenant_id, id)",
            "tenants USING btree (id)",
            "users USING btree (tenant_id, id)",
            "users USING btree (tenant_id, lower(email))",
        ]
        assert await session.fetchval(f"SELECT count(*) FROM {SCHEMA}.tenants") == 2


@on_uvloop
async def test_the_server_prepares_each_statement_once_a_connection(postgres_url: str) -> None:
    async with _somebody_else(postgres_url):
        target = _target(postgres_url)
        await target.prepare(TinyDataset())
        connection = cast(PostgresConnection, await open_connection(POSTGRES, target))
        for _ in range(10):
            await connection.execute(GetUser(ACME, ANN))
        query = "SELECT generic_plans + custom_plans FROM pg_prepared_statements WHERE name = 'get_user'"
        assert await connection._session.fetchval(query) == 10
        await connection.close()


@on_uvloop
async def test_a_refused_append_stores_nothing_and_the_session_goes_on(postgres_url: str) -> None:
    async with _somebody_else(postgres_url) as session:
        target = _target(postgres_url)
        await target.prepare(TinyDataset())
        connection = await open_connection(POSTGRES, target)
        bobs = AppendMessage(ACME, BOB, EMPTY, 0, "user", "not mine", at(50))
        assert await answer(connection, bobs) is None
        assert await answer(connection, ReadMessages(ACME, EMPTY)) == ()
        assert await answer(connection, AppendMessage(ACME, ANN, TALK, 5, "user", "taken", at(50))) is Conflict
        assert await answer(connection, HELLO) is True
        count = f"SELECT message_count FROM {SCHEMA}.chats WHERE id = $1"
        assert [await session.fetchval(count, chat) for chat in (EMPTY, TALK)] == [1, 6]
        await connection.close()


@on_uvloop
async def test_an_id_that_is_no_uuid_is_missing_and_cannot_be_created(postgres_url: str) -> None:
    async with _somebody_else(postgres_url):
        target = _target(postgres_url)
        await target.prepare(TinyDataset())
        connection = await open_connection(POSTGRES, target)
        assert await answer(connection, ReadMessages(ACME, "no-uuid")) == ()
        assert await answer(connection, DeleteChat(ACME, ANN, "no-uuid")) is None
        with pytest.raises(asyncpg.DataError):
            await connection.execute(CreateChat(ACME, ANN, "no-uuid", "T", "model-a", at(50)))
        assert await answer(connection, HELLO) is True
        await connection.close()


@on_uvloop
async def test_an_abandoned_append_leaves_nothing_behind(postgres_url: str) -> None:
    async with _somebody_else(postgres_url) as session:
        target = _target(postgres_url)
        await target.prepare(TinyDataset())
        connection = await open_connection(POSTGRES, target)
        async with session.transaction():
            await session.execute(f"SELECT 1 FROM {SCHEMA}.chats WHERE id = $1 FOR UPDATE", EMPTY)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(connection.execute(HELLO), 0.2)
            connection.abort()
        fresh = await open_connection(POSTGRES, target)
        assert await within(10, answer(fresh, HELLO)) is True  # waits for the server's roll-back, if need be
        assert await answer(fresh, ReadMessages(ACME, EMPTY)) == ((0, "user", "Hello"),)
        await fresh.close()


@on_uvloop
async def test_a_lock_time_out_of_the_server_is_timed_out_and_the_session_goes_on(postgres_url: str) -> None:
    async with _somebody_else(postgres_url) as session:
        target = _target(_url(postgres_url, query="lock_timeout=50ms"))
        await target.prepare(TinyDataset())
        connection = await open_connection(POSTGRES, target)
        async with session.transaction():
            await session.execute(f"SELECT 1 FROM {SCHEMA}.chats WHERE id = $1 FOR UPDATE", EMPTY)
            with pytest.raises(TimedOut):
                await connection.execute(HELLO)
        assert await answer(connection, HELLO) is True
        await connection.close()


@on_uvloop
async def test_a_session_the_server_ended_is_unavailable(postgres_url: str) -> None:
    async with _somebody_else(postgres_url) as session:
        target = _target(postgres_url)
        await target.prepare(TinyDataset())
        connection = await open_connection(POSTGRES, target)
        ended = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'dbverdict'"
        assert await session.fetchval(ended) is True
        for operation in (GetUser(ACME, ANN), HELLO):
            with pytest.raises(Unavailable):
                await connection.execute(operation)
        await connection.close()


@on_uvloop
async def test_the_server_states_its_durability(postgres_url: str) -> None:
    async with _somebody_else(postgres_url) as session:
        target = _target(postgres_url)
        await target.prepare(TinyDataset())
        facts = await target.describe()
        assert facts["server_version"] == await session.fetchval("SHOW server_version")
        assert (facts["fsync"], facts["synchronous_commit"], facts["isolation"]) == ("on", "on", "read committed")
        assert (facts["checkpoint"], facts["data"]) == ("done", "dirty")


@on_uvloop
async def test_a_role_with_few_rights_gets_along_or_a_cure(postgres_url: str) -> None:
    async with _somebody_else(postgres_url) as session:
        name = str(await session.fetchval("SELECT current_database()"))
        await session.execute("CREATE ROLE dbverdict_poor LOGIN PASSWORD 'p' CONNECTION LIMIT 1")
        try:
            target = _target(_url(postgres_url, user="dbverdict_poor:p"))
            with pytest.raises(SetupError, match="grant the role CREATE on the database"):
                await target.prepare(TinyDataset())
            await session.execute(f'GRANT CREATE ON DATABASE "{name}" TO dbverdict_poor')
            await target.prepare(TinyDataset())
            assert (await target.describe())["checkpoint"] == "not permitted"
            connection = await open_connection(POSTGRES, target)
            with pytest.raises(Unavailable, match="too many connections"):
                await target.connect()
            await connection.close()
            await target.drop()
        finally:
            await session.execute("DROP OWNED BY dbverdict_poor CASCADE; DROP ROLE dbverdict_poor")


@on_uvloop
async def test_connecting_before_preparing_names_the_cure(postgres_url: str) -> None:
    async with _somebody_else(postgres_url):
        with pytest.raises(SetupError, match="prepare the target first"):
            await _target(postgres_url).connect()


@on_uvloop
async def test_a_wrong_log_in_or_database_is_named_without_the_password(postgres_url: str) -> None:
    user = urlsplit(postgres_url).username
    with pytest.raises(SetupError, match="refused the log-in: correct the user") as refused:
        await _target(_url(postgres_url, user=f"{user}:hunter2")).connect()
    assert "hunter2" not in str(refused.value)
    with pytest.raises(SetupError, match="has no database 'nowhere': create it"):
        await _target(_url(postgres_url, database="/nowhere")).prepare(TinyDataset())


@on_uvloop
async def test_a_server_that_is_not_there_is_named() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    target = _target(f"postgresql://u:hunter2@127.0.0.1:{port}/d", timeout_s=0.2)
    with pytest.raises(Unavailable, match=f"127.0.0.1:{port}"):  # it accepts and says nothing
        await within(10, target.connect())
    listener.close()
    with pytest.raises(SetupError, match=f"cannot reach PostgreSQL at 127.0.0.1:{port}: .*; start it") as refused:
        await within(10, target.prepare(TinyDataset()))
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("url", ["", "localhost:5432", "mysql://u:hunter2@h/d", "postgresql://u:hunter2@h:port/d"])
def test_an_unusable_url_is_refused_with_the_form_to_write(url: str) -> None:
    with pytest.raises(SetupError, match="write postgresql://user:password@host:port/database") as refused:
        _target(url)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("prefix", ["", "Chat_", "1_", "a-b", 'x"; DROP SCHEMA public; --', "a" * 32, "a\n"])
def test_a_prefix_that_would_need_quoting_is_refused(prefix: str) -> None:
    with pytest.raises(SetupError, match="lower-case letters"):
        PostgresTarget(TargetOptions(url="postgresql://u@h/d", prefix=prefix))
