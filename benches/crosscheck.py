"""PostgreSQL's own account of each statement beside our service times: is the rest only the way there and back?"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from benches.sides import Bench, harness
from results.folder import load
from results.histogram import Counts, highest_value_of
from targets.postgres_schema import QUERIES, schema_name
from targets.server import Server
from workloads.operations import PAGE_SIZE

_LOAD = ("--rate", "100", "--workload", "chat", "--stored-users", "200", "--people", "200", "--no-oracle")
_STATEMENTS = {
    "get_user": ("get_user",),
    "get_user_by_email": ("get_user_by_email",),
    "get_role": ("get_role",),
    "list_models": ("list_models",),
    "list_chats": ("list_chats",),
    "get_chat": ("get_chat",),
    "append_message": ("BEGIN", "insert_message", "touch_chat", "COMMIT"),
    "delete_chat": ("BEGIN", "delete_chat", "delete_messages", "COMMIT"),
    "create_chat": ("create_chat",),
    "rename_chat": ("rename_chat",),
}
"""Operations and the statements one of them runs, each once; `read_messages` runs one of two."""


@dataclass(frozen=True)
class Line:
    """One operation: our mean service, the server's mean execution, and the round trips it takes."""

    operation: str
    count: int
    service_ms: float
    server_ms: float
    round_trips: int

    @property
    def per_trip_ms(self) -> float:
        """What is left a round trip: loopback, protocol, parsing and binding, driver, our stamps."""
        return (self.service_ms - self.server_ms) / self.round_trips


def compare(bench: Bench, server: Server) -> list[Line]:
    """Chat on PostgreSQL, then both accounts of it, most frequent first. The server must have pg_stat_statements."""
    asyncio.run(_query(server.url, "CREATE EXTENSION IF NOT EXISTS pg_stat_statements"))
    before = set(bench.folder.glob("*/run.json"))
    asyncio.run(_query(server.url, "SELECT pg_stat_statements_reset()"))
    harness("postgres", server, *_LOAD)(bench)
    (run,) = set(bench.folder.glob("*/run.json")) - before
    rows = asyncio.run(
        _query(server.url, "SELECT query, calls, total_exec_time FROM pg_stat_statements WHERE calls > 10")
    )
    spent = {shape(str(row["query"])): (int(row["calls"]), float(row["total_exec_time"])) for row in rows}
    return lines(run.parent, spent)


async def _query(url: str, sql: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url)
    try:
        return list(await connection.fetch(sql))
    finally:
        await connection.close()


def shape(sql: str) -> str:
    """A statement without its constants, which pg_stat_statements shows as parameters, numbered anew."""
    return re.sub(r"\$?\b\d+\b", "?", sql)


def lines(run_folder: Path, spent: Mapping[str, tuple[int, float]]) -> list[Line]:
    """Bring both accounts together; `spent` is calls and total execution time in ms, by statement shape."""
    service = load(run_folder).service
    schema = schema_name("dbverdict_")
    texts = {name: shape(sql.format(s=schema, page_size=PAGE_SIZE)) for name, sql in QUERIES.items()}

    def means(names: tuple[str, ...]) -> list[float]:
        found = [spent[text] for name in names if (text := texts.get(name, name)) in spent]
        return [total / calls for calls, total in found]

    found = []
    for operation, names in _STATEMENTS.items():
        if operation in service and len(each := means(names)) == len(names):
            mine = service[operation]
            found.append(Line(operation, mine.total, mean_ms(mine), sum(each), len(names)))
    reads = [spent[texts[name]] for name in ("read_all", "read_last") if texts[name] in spent]
    if "read_messages" in service and reads:
        mine = service["read_messages"]
        mean = sum(total for _, total in reads) / sum(calls for calls, _ in reads)
        found.append(Line("read_messages", mine.total, mean_ms(mine), mean, 1))
    return sorted(found, key=lambda line: -line.count)


def mean_ms(counts: Counts) -> float:
    """The mean of a histogram, within its resolution of a thousandth."""
    values = [highest_value_of(bucket) for bucket in counts.buckets.tolist()]
    return float(sum(value * number for value, number in zip(values, counts.counts.tolist(), strict=True))) / (
        counts.total * 1e6
    )
