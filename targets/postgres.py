"""PostgreSQL with schema P1 through asyncpg: prepared statements, one server round trip per statement.

Appending is an explicit transaction of four round trips, `BEGIN; INSERT; UPDATE; COMMIT`, because that is what an
application's ORM or query layer sends. One statement with a data-modifying CTE would be as atomic in one round
trip: a faster setting, so it would be a catalog entry of its own and not a silent default.
Deleting a chat is `BEGIN; DELETE chat; DELETE messages; COMMIT` for the same reason.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import asyncpg

from targets.catalog import TargetOptions
from targets.postgres_errors import asks_for_impossible_id, cure_of, outcome_of
from targets.postgres_schema import (
    QUERIES,
    Mark,
    create_indexes,
    create_tables,
    drop_tables,
    parse_mark,
    read_address,
    schema_name,
    set_mark,
    table_rows,
    vacuum_tables,
)
from targets.protocol import SetupError, TargetError, Unavailable
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
)

if TYPE_CHECKING:
    from asyncpg.prepared_stmt import PreparedStatement

    Session = asyncpg.Connection[asyncpg.Record]
    Statement = PreparedStatement[asyncpg.Record]

_DONE = Reply(True)
_MISSING = Reply(None)
_LISTS = (ListModels, ListChats, ReadMessages)

_DRIVER_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
_CLOSE_LIMIT_S = 0.5
_LOCK_LIMIT_S = 60

_SETTINGS = "server_version fsync synchronous_commit full_page_writes shared_buffers wal_level max_connections"


def _outcome(error: Exception, connection_closed: bool) -> TargetError | None:
    """The error as the seam knows it; None for a bug of ours."""
    kind = outcome_of(error.sqlstate or "") if isinstance(error, asyncpg.PostgresError) else None
    if kind is not None:
        return kind(str(error))
    return Unavailable(str(error)) if connection_closed or isinstance(error, OSError) else None


def _user(row: asyncpg.Record) -> User:
    return User(str(row[0]), str(row[1]), row[2], row[3], str(row[4]))


def _chat(row: asyncpg.Record) -> ChatSummary:
    return ChatSummary(str(row[0]), row[1], row[2], row[3])


async def _checkpoint(session: Session) -> str:
    """Write out what loading dirtied, so that the run does not pay for it, where the role may."""
    try:
        await session.execute("CHECKPOINT")
    except asyncpg.InsufficientPrivilegeError:
        return "not permitted"
    return "done"


async def _say_goodbye(session: Session) -> None:
    try:
        await session.close(timeout=_CLOSE_LIMIT_S)
    except _DRIVER_ERRORS:
        session.terminate()


class PostgresConnection:
    """One lane: a server session and its prepared statements."""

    def __init__(self, session: Session, statements: Mapping[str, Statement]) -> None:
        self._session = session
        self._statements = statements
        self._one_user = statements["get_user"].fetchrow
        self._answers: dict[type, Callable[[Any], Awaitable[Reply]]] = {
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
        """Run one operation; raises a `TargetError`. After a cancellation only `abort` may follow."""
        try:
            return await self._answers[type(operation)](operation)
        except _DRIVER_ERRORS as error:
            outcome = _outcome(error, self._session.is_closed())
            if outcome is not None:
                raise outcome from error
            if isinstance(error, asyncpg.DataError) and asks_for_impossible_id(operation):
                return Reply(()) if isinstance(operation, _LISTS) else _MISSING
            raise

    async def close(self) -> None:
        """Say goodbye to the server, for at most half a second, else break off; never raises for a gone server."""
        await _say_goodbye(self._session)

    def abort(self) -> None:
        """Break the connection off at once, whatever it is doing; the server rolls back what was open."""
        self._session.terminate()

    async def _get_user(self, ask: GetUser) -> Reply:
        row = await self._one_user(ask.tenant_id, ask.user_id)
        return _MISSING if row is None else Reply(_user(row))

    async def _get_user_by_email(self, ask: GetUserByEmail) -> Reply:
        row = await self._statements["get_user_by_email"].fetchrow(ask.tenant_id, ask.email)
        return _MISSING if row is None else Reply(_user(row))

    async def _get_role(self, ask: GetRole) -> Reply:
        row = await self._statements["get_role"].fetchrow(ask.tenant_id, ask.role_id)
        return _MISSING if row is None else Reply(Role(str(row[0]), row[1], row[2]))

    async def _list_models(self, ask: ListModels) -> Reply:
        rows = await self._statements["list_models"].fetch(ask.tenant_id)
        return Reply(tuple(map(Model._make, rows)))

    async def _list_chats(self, ask: ListChats) -> Reply:
        rows = await self._statements["list_chats"].fetch(ask.tenant_id, ask.user_id)
        return Reply(tuple(map(_chat, rows)))

    async def _get_chat(self, ask: GetChat) -> Reply:
        row = await self._statements["get_chat"].fetchrow(ask.tenant_id, ask.chat_id, ask.user_id)
        return _MISSING if row is None else Reply(_chat(row))

    async def _read_messages(self, ask: ReadMessages) -> Reply:
        if ask.last is None:
            rows = await self._statements["read_all"].fetch(ask.tenant_id, ask.chat_id)
        else:
            newest_first = await self._statements["read_last"].fetch(ask.tenant_id, ask.chat_id, ask.last)
            rows = newest_first[::-1]
        return Reply(tuple(map(Message._make, rows)))

    async def _append_message(self, ask: AppendMessage) -> Reply:
        return await self._in_transaction(self._insert_and_touch, ask)

    async def _insert_and_touch(self, ask: AppendMessage) -> bool:
        message = (ask.tenant_id, ask.chat_id, ask.position, ask.role, ask.content, ask.at)
        await self._statements["insert_message"].fetch(*message)
        touched = await self._statements["touch_chat"].fetchval(ask.tenant_id, ask.chat_id, ask.user_id, ask.at)
        return touched is not None

    async def _create_chat(self, ask: CreateChat) -> Reply:
        row = (ask.tenant_id, ask.user_id, ask.chat_id, ask.title, ask.model_id, ask.at)
        await self._statements["create_chat"].fetch(*row)
        return _DONE

    async def _rename_chat(self, ask: RenameChat) -> Reply:
        rename = self._statements["rename_chat"]
        renamed = await rename.fetchval(ask.tenant_id, ask.chat_id, ask.user_id, ask.title)
        return _MISSING if renamed is None else _DONE

    async def _delete_chat(self, ask: DeleteChat) -> Reply:
        return await self._in_transaction(self._delete_with_messages, ask)

    async def _delete_with_messages(self, ask: DeleteChat) -> bool:
        deleted = await self._statements["delete_chat"].fetchval(ask.tenant_id, ask.chat_id, ask.user_id)
        if deleted is not None:
            await self._statements["delete_messages"].fetch(ask.tenant_id, ask.chat_id)
        return deleted is not None

    async def _in_transaction(self, work: Callable[[Any], Awaitable[bool]], ask: Operation) -> Reply:
        """Commit when the work found its chat, else roll back; an error rolls back, so that the session can go on."""
        await self._session.execute("BEGIN")
        try:
            found = await work(ask)
            await self._session.execute("COMMIT" if found else "ROLLBACK")
        except (asyncpg.PostgresError, asyncpg.InterfaceError):
            if not self._session.is_closed():
                await self._session.execute("ROLLBACK")
            raise
        return _DONE if found else _MISSING


class PostgresTarget:
    """PostgreSQL at `options.url`, everything of ours in the schema `<prefix>chat`."""

    def __init__(self, options: TargetOptions) -> None:
        self._url = options.url
        self._where, self._database = read_address(options.url)
        self._timeout_s = options.timeout_s
        self._schema = schema_name(options.prefix)

    async def prepare(self, dataset: Dataset) -> None:
        """Load the dataset, unless it stands there unwritten; then checkpoint. One prepare at a time, by a lock."""
        async with self._administration() as session:
            mark = await self._mark(session)
            if mark is None or not mark.holds(dataset.fingerprint):
                await self._load(session, dataset, replace_ours=mark is not None)
            done = Mark("dirty" if dataset.will_be_written else "clean", dataset.fingerprint)
            await session.execute(set_mark(self._schema, done.now(done.state, await _checkpoint(session))))

    async def connect(self) -> PostgresConnection:
        """Open a session and prepare its statements, within the time limit."""
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._connect()
        except TimeoutError as error:
            raise Unavailable(f"PostgreSQL at {self._where} did not answer in {self._timeout_s} s") from error

    async def describe(self) -> Mapping[str, str]:
        """Version, durability and isolation as the server states them, and what stands in our schema."""
        session = await self._open()
        try:
            facts = {
                name: str(await session.fetchval("SELECT current_setting($1)", name)) for name in _SETTINGS.split()
            }
            facts["isolation"] = str(await session.fetchval("SELECT current_setting('default_transaction_isolation')"))
            mark = await self._mark(session) or Mark("unknown")
        except _DRIVER_ERRORS as error:
            raise Unavailable(f"PostgreSQL at {self._where}: {error}") from error
        finally:
            await _say_goodbye(session)
        append = "BEGIN; INSERT; UPDATE; COMMIT (4 round trips)"
        return facts | {"append": append, "data": mark.state, "checkpoint": mark.checkpoint}

    async def drop(self) -> None:
        """Remove our schema; refuses one without our mark, or with objects that are not ours."""
        async with self._administration() as session:
            if await self._mark(session) is not None:
                async with session.transaction():
                    await session.execute(drop_tables(self._schema))

    async def _connect(self) -> PostgresConnection:
        session = await self._open()
        try:
            prepared = {
                name: await session.prepare(sql.format(s=self._schema, page_size=PAGE_SIZE), name=name)
                for name, sql in QUERIES.items()
            }
        except (asyncpg.InvalidSchemaNameError, asyncpg.UndefinedTableError) as error:
            session.terminate()
            raise SetupError(f"no data in {self._schema} at {self._where}: prepare the target first") from error
        except _DRIVER_ERRORS as error:
            session.terminate()
            raise Unavailable(str(error)) from error
        except asyncio.CancelledError:
            session.terminate()
            raise
        return PostgresConnection(session, prepared)

    async def _open(self, **settings: str) -> Session:
        """A bare session, without the driver's statement cache: ours have names, else each call would prepare anew."""
        try:
            return await asyncpg.connect(
                self._url,
                timeout=self._timeout_s,
                statement_cache_size=0,
                server_settings={"application_name": "dbverdict", **settings},
            )
        except (asyncpg.InvalidPasswordError, asyncpg.InvalidAuthorizationSpecificationError) as error:
            cure = "correct the user and the password in the URL"
            raise SetupError(f"PostgreSQL at {self._where} refused the log-in: {cure}") from error
        except asyncpg.InvalidCatalogNameError as error:
            cure = "create it, or name another one in the URL"
            raise SetupError(f"PostgreSQL at {self._where} has no database {self._database!r}: {cure}") from error
        except asyncpg.ClientConfigurationError as error:
            raise SetupError(f"the PostgreSQL URL cannot be used: {error}") from error
        except _DRIVER_ERRORS as error:
            reason = str(error) or type(error).__name__
            raise Unavailable(f"cannot reach PostgreSQL at {self._where}: {reason}") from error

    @asynccontextmanager
    async def _administration(self) -> AsyncIterator[Session]:
        """A session that holds our advisory lock; what the server refuses becomes a `SetupError` with its cure."""
        limits = {"lock_timeout": f"{_LOCK_LIMIT_S}s", "statement_timeout": "0", "synchronous_commit": "on"}
        try:
            session = await self._open(**limits)
        except Unavailable as error:
            raise SetupError(f"{error}; start it, or correct the URL") from error
        try:
            await session.execute("SELECT pg_advisory_lock(hashtextextended($1, 0))", self._schema)
            yield session
        except _DRIVER_ERRORS as error:
            broken = session.is_closed() or isinstance(error, OSError)
            code = error.sqlstate if isinstance(error, asyncpg.PostgresError) else "08" if broken else None
            cure = cure_of(code or "")
            if cure is None:
                raise
            raise SetupError(f"PostgreSQL at {self._where}, schema {self._schema}: {error}; {cure}") from error
        finally:
            await _say_goodbye(session)

    async def _mark(self, session: Session) -> Mark | None:
        """Our mark; None when there is no such schema. Raises `SetupError` for a schema that is not ours."""
        query = "SELECT obj_description(oid, 'pg_namespace') AS comment FROM pg_namespace WHERE nspname = $1"
        row = await session.fetchrow(query, self._schema)
        mark = None if row is None else parse_mark(row["comment"])
        if row is not None and mark is None:
            cure = "rename that schema, or choose another prefix"
            raise SetupError(f"schema {self._schema} at {self._where} was not made by dbverdict: {cure}")
        return mark

    async def _load(self, session: Session, dataset: Dataset, replace_ours: bool) -> None:
        """Replace our schema by a new one in one transaction, so that a failure leaves things as they were."""
        async with session.transaction():
            if replace_ours:
                await session.execute(drop_tables(self._schema))
            await session.execute(create_tables(self._schema))
            for table, columns, rows in table_rows(dataset):
                names = columns.split()
                await session.copy_records_to_table(table, schema_name=self._schema, columns=names, records=rows)
            await session.execute(create_indexes(self._schema))
        await session.execute(vacuum_tables(self._schema))
