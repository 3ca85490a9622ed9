"""Who is compared with whom, on what, and with which goals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from rich.console import Console

from benches.peers import aiobotocore, pgbench_at, wrk
from benches.ratio import Goal, Measure, Reading, Spread, figure, ratios, spread
from benches.sides import Bench, NotInstalled, Side, bare_loop, harness, pgbench, stock_locust
from targets.server import Server

OURS: Final = "dbverdict"
BOTO3: Final = "Locust + boto3"
AIOBOTOCORE: Final = "aiobotocore loop"
WRK: Final = "wrk"
POSTGRES_USER: Final = "Locust PostgresUser"
ASYNCPG: Final = "bare asyncpg loop"
WIRE: Final = "bare loop, our driver"
PGBENCH: Final = "pgbench -M prepared"
PGBENCH_RATE: Final = "pgbench -R"

_WARM_S: Final = 3.0
_JVM_WARM_S: Final = 20.0
"""DynamoDB Local's throughput trebles over its first 100,000 requests, as Java compiles them."""

FIXED_RATE: Final = 2000.0
"""Turns a second at which our open loop is compared with pgbench's."""


def throughput(reading: Reading) -> float | None:
    """Operations a second."""
    return reading.ops_per_s


def p50(reading: Reading) -> float | None:
    """The median response time in ms."""
    return reading.p50_ms


def p99(reading: Reading) -> float | None:
    """The 99th percentile of response time in ms."""
    return reading.p99_ms


def lag_p99(reading: Reading) -> float | None:
    """How late the harness was, p99 in ms."""
    return reading.lag_p99_ms


def cpu(reading: Reading) -> float | None:
    """CPU of the client's process an operation, in µs."""
    return reading.cpu_us_per_op


@dataclass(frozen=True)
class Row:
    """A line of the table: our measure against another side's, or alone when there is no other side."""

    what: str
    peer: str | None
    measure: Measure
    goal: Goal | None

    def found(self, readings: Mapping[str, Sequence[Reading]]) -> Spread | None:
        """The spread of the ratios, or of our own values; None where a side has not run."""
        if self.peer is None:
            return spread([self.measure(reading) for reading in readings[OURS]])
        if self.peer not in readings:
            return None
        return ratios(readings[OURS], readings[self.peer], self.measure)


@dataclass(frozen=True)
class Match:
    """Sides that take turns, round by round, and the lines that come of it; `absent` says why a side cannot run."""

    name: str
    sides: Mapping[str, Side]
    rows: Sequence[Row]
    absent: Mapping[str, str]
    warm_s: float = _WARM_S

    def play(self, bench: Bench, rounds: int, say: Console) -> dict[str, list[Reading]]:
        """A warm-up that is thrown away (it loads the data, too), then the rounds."""
        self.sides[OURS](replace(bench, duration_s=self.warm_s))
        readings: dict[str, list[Reading]] = {name: [] for name in self.sides}
        for number in range(1, rounds + 1):
            order = list(self.sides.items())
            for name, side in order if number % 2 else order[::-1]:  # nobody always comes after the same one
                reading = side(bench)
                readings[name].append(reading)
                doubt = f" [doubtful: {reading.warning}]" if reading.warning else ""
                say.print(f"{self.name}, round {number}, {name}: {told(reading)}{doubt}", highlight=False, markup=False)
        return readings


def told(reading: Reading) -> str:
    """A reading's absolute numbers."""
    parts = [f"{figure(reading.ops_per_s)} ops/s"]
    parts += [f"p50 {figure(reading.p50_ms)} ms"] if reading.p50_ms is not None else []
    parts += [f"{figure(reading.cpu_us_per_op)} µs CPU/op"] if reading.cpu_us_per_op is not None else []
    return ", ".join(parts)


def _match(
    name: str, ours: Side, peers: Mapping[str, Callable[[], Side]], rows: Sequence[Row], warm_s: float = _WARM_S
) -> Match:
    sides, absent = {OURS: ours}, {}
    for peer, make in peers.items():
        try:
            sides[peer] = make()
        except NotInstalled as error:
            absent[peer] = str(error)
    return Match(name, sides, rows, absent, warm_s)


def dynamodb_local(server: Server) -> Match:
    """The emulator: its server is the limit, so this says what a user of each client would believe of it."""
    name = "DynamoDB Local 3.3.1"
    rows = [
        Row(f"{name}: throughput", BOTO3, throughput, Goal(8.0, at_least=True)),
        Row(f"{name}: p50", BOTO3, p50, Goal(0.2, at_least=False)),
        Row(f"{name}: throughput", AIOBOTOCORE, throughput, None),
        Row(f"{name}: throughput", WRK, throughput, None),
    ]
    return _match(name, harness("dynamodb-local", server, "--saturate"), _http_peers(server), rows, _JVM_WARM_S)


def null_http(server: Server) -> Match:
    """A server that costs nothing: only the clients are compared."""
    name = "null HTTP server"
    rows = [
        Row(f"{name}: throughput", BOTO3, throughput, Goal(15.0, at_least=True)),
        Row(f"{name}: throughput", AIOBOTOCORE, throughput, None),
        Row(f"{name}: throughput", WRK, throughput, None),
        Row(f"{name}: CPU/op, µs", None, cpu, Goal(35.0, at_least=False)),
        Row(f"{name}: CPU/op", BOTO3, cpu, None),
        Row(f"{name}: CPU/op", WIRE, cpu, None),
    ]
    peers = {**_http_peers(server), WIRE: lambda: bare_loop("peer_wire", server.url)}
    return _match(name, harness("dynamodb-local", server, "--saturate"), peers, rows)


def _http_peers(server: Server) -> dict[str, Callable[[], Side]]:
    return {
        BOTO3: lambda: stock_locust("peer_locust_boto3.py", server.url),
        AIOBOTOCORE: lambda: aiobotocore(server.url),
        WRK: lambda: wrk(server.url),
    }


def postgres(server: Server) -> Match:
    """A real database, saturated."""
    name = "PostgreSQL"
    peers: dict[str, Callable[[], Side]] = {
        ASYNCPG: lambda: bare_loop("peer_asyncpg", server.url),
        POSTGRES_USER: lambda: stock_locust("peer_locust_postgres.py", server.url, "psycopg"),
        PGBENCH: lambda: pgbench(server.url),
    }
    rows = [
        Row(f"{name}: throughput", ASYNCPG, throughput, Goal(0.75, at_least=True)),
        Row(f"{name}: throughput", POSTGRES_USER, throughput, Goal(1.5, at_least=True)),
        Row(f"{name}: throughput", PGBENCH, throughput, None),
        Row(f"{name}: CPU/op, µs", None, cpu, Goal(35.0, at_least=False)),
        Row(f"{name}: CPU/op", ASYNCPG, cpu, None),
    ]
    return _match(name, harness("postgres", server, "--saturate"), peers, rows)


def postgres_rate(server: Server) -> Match:
    """A real database at a rate it carries easily: what two open loops say of it."""
    name = f"PostgreSQL at {FIXED_RATE:,.0f}/s"
    rows = [
        Row(f"{name}: response p50", PGBENCH_RATE, p50, None),
        Row(f"{name}: response p99", PGBENCH_RATE, p99, None),
    ]
    ours = harness("postgres", server, "--rate", f"{FIXED_RATE:g}")
    return _match(name, ours, {PGBENCH_RATE: lambda: pgbench_at(server.url, FIXED_RATE)}, rows)


def null_rate() -> Match:
    """The harness alone, on time?"""
    rows = [Row("null at 1,000 ops/s: lag p99, ms", None, lag_p99, Goal(0.2, at_least=False))]
    return _match("null at 1,000/s", harness("null", None, "--rate", "1000"), {}, rows)


def null_saturated() -> Match:
    """The harness alone, at its fastest."""
    rows = [Row("null: CPU/op, µs", None, cpu, Goal(8.0, at_least=False))]
    return _match("null", harness("null", None, "--saturate"), {}, rows)


def memory_saturated() -> Match:
    """The harness with its oracle: the answers of `null` are canned, those of `memory` are checked."""
    rows = [Row("memory, answers checked: CPU/op, µs", None, cpu, Goal(8.0, at_least=False))]
    return _match("memory", harness("memory", None, "--saturate"), {}, rows)
