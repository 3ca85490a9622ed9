"""`make bench`: the ratios of issue 2, each within one interleaved run (A B A B ...), printed as one table.

Absolute numbers depend on the machine and its other work; ratios within one interleaved run depend on them less.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Final

import psutil
from rich import box
from rich.console import Console
from rich.table import Table

from benches.child import BenchError
from benches.ratio import Goal, Measure, Reading, Spread, figure, ratios, spread
from benches.sides import CONNECTIONS, Bench, Side, bare_asyncpg, harness, pgbench, stock_locust
from results.provenance import provenance
from targets.protocol import SetupError
from targets.providers import start
from targets.server import Server, ServerKind, ServerOptions
from workloads.catalog import WorkloadOptions, make_workload

OURS: Final = "dbverdict"
_STORED_USERS: Final = 1000
_WARM_S: Final = 3.0
_JVM_WARM_S: Final = 20.0
"""DynamoDB Local's throughput trebles over its first 100,000 requests, as Java compiles them."""


def throughput(reading: Reading) -> float | None:
    """Operations a second."""
    return reading.ops_per_s


def p50(reading: Reading) -> float | None:
    """The median response time in ms."""
    return reading.p50_ms


def lag_p99(reading: Reading) -> float | None:
    """How late the harness was, p99 in ms."""
    return reading.lag_p99_ms


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
    """Sides that take turns, round by round, and the lines that come of it."""

    name: str
    sides: Mapping[str, Side]
    rows: Sequence[Row]
    warm_s: float = _WARM_S

    def play(self, bench: Bench, rounds: int, say: Console) -> dict[str, list[Reading]]:
        """A warm-up that is thrown away (it loads the data, too), then the rounds."""
        self.sides[OURS](replace(bench, duration_s=self.warm_s))
        readings: dict[str, list[Reading]] = {name: [] for name in self.sides}
        for number in range(1, rounds + 1):
            for name, side in self.sides.items():
                reading = side(bench)
                readings[name].append(reading)
                doubt = f" [doubtful: {reading.warning}]" if reading.warning else ""
                say.print(f"{self.name}, round {number}, {name}: {told(reading)}{doubt}", highlight=False, markup=False)
        return readings


BOTO3: Final = "Locust + boto3"
POSTGRES_USER: Final = "Locust PostgresUser"
ASYNCPG: Final = "bare asyncpg loop"
PGBENCH: Final = "pgbench -M prepared"


def dynamodb_local(server: Server) -> Match:
    """Goal 1."""
    name = "DynamoDB Local 3.3.1"
    sides = {
        OURS: harness("dynamodb-local", server, "--saturate"),
        BOTO3: stock_locust("peer_locust_boto3.py", server.url),
    }
    rows = [
        Row(f"{name}: throughput", BOTO3, throughput, Goal(8.0, at_least=True)),
        Row(f"{name}: p50", BOTO3, p50, Goal(0.2, at_least=False)),
    ]
    return Match(name, sides, rows, _JVM_WARM_S)


def null_http(server: Server) -> Match:
    """Goal 2."""
    name = "null HTTP server"
    sides = {
        OURS: harness("dynamodb-local", server, "--saturate"),
        BOTO3: stock_locust("peer_locust_boto3.py", server.url),
    }
    return Match(name, sides, [Row(f"{name}: throughput", BOTO3, throughput, Goal(15.0, at_least=True))])


def postgres(server: Server) -> Match:
    """Goal 3."""
    name = "PostgreSQL"
    sides = {
        OURS: harness("postgres", server, "--saturate"),
        ASYNCPG: bare_asyncpg(server.url),
        POSTGRES_USER: stock_locust("peer_locust_postgres.py", server.url),
    }
    in_c = pgbench(server.url)
    if in_c is not None:
        sides[PGBENCH] = in_c
    rows = [
        Row(f"{name}: throughput", ASYNCPG, throughput, Goal(0.75, at_least=True)),
        Row(f"{name}: throughput", POSTGRES_USER, throughput, Goal(1.5, at_least=True)),
        Row(f"{name}: throughput", PGBENCH, throughput, None),
    ]
    return Match(name, sides, rows)


def null_rate() -> Match:
    """Goal 4."""
    sides = {OURS: harness("null", None, "--rate", "1000")}
    return Match("null", sides, [Row("null at 1,000 ops/s: lag p99, ms", None, lag_p99, Goal(0.5, at_least=False))])


@contextmanager
def null_server() -> Iterator[Server]:
    """The null HTTP server, for as long as it is needed."""
    child = subprocess.Popen(
        [sys.executable, "-m", "benches.null_server"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        port = int((child.stdout.readline() if child.stdout else "") or 0)
        if not port:
            raise BenchError("the null server did not start")
        yield Server("dynamodb-local", f"http://127.0.0.1:{port}", "url", "the benches' null server")
    finally:
        child.kill()
        child.communicate()


@contextmanager
def real_server(kind: ServerKind) -> Iterator[Server]:
    """A server of this kind from embedded packages, ended at the end."""
    running = start(kind, ServerOptions(provider="embedded"))
    try:
        yield running.server
    finally:
        running.stop()


def told(reading: Reading) -> str:
    """A reading's absolute numbers."""
    parts = [f"{figure(reading.ops_per_s)} ops/s"]
    parts += [f"p50 {figure(reading.p50_ms)} ms"] if reading.p50_ms is not None else []
    parts += [f"{figure(reading.cpu_us_per_op)} µs CPU/op"] if reading.cpu_us_per_op is not None else []
    return ", ".join(parts)


def medians(readings: Sequence[Reading]) -> Reading:
    """The median of each number over the rounds, for showing beside a ratio."""
    rounds = [[throughput(r), p50(r), r.cpu_us_per_op, lag_p99(r)] for r in readings]
    middle = [found.median if (found := spread(column)) else None for column in zip(*rounds, strict=True)]
    return Reading(middle[0] or 0.0, middle[1], middle[2], middle[3])


def line(row: Row, readings: Mapping[str, Sequence[Reading]]) -> tuple[list[str], bool | None]:
    """A row's cells, and whether its goal was reached (None: it has no goal, or could not be judged)."""
    found = row.found(readings)
    theirs = "–" if row.peer is None else "not installed"
    if row.peer is not None and row.peer in readings:
        theirs = told(medians(readings[row.peer]))
    reached = row.goal.reached(found) if row.goal else None
    verdict = "" if row.goal is None else {True: "reached", False: "NOT reached", None: "not measured"}[reached]
    cells = [
        row.what, row.peer or "–", found.text() if found else "–", row.goal.text() if row.goal else "–", verdict,
        told(medians(readings[OURS])), theirs,
    ]  # fmt: skip
    return cells, reached


def machine() -> str:
    """The machine, and how busy others keep it before anything starts."""
    facts = provenance("")
    others = psutil.cpu_percent(1.0)
    return (
        f"{facts['cpu_model']}, {facts['cores']} cores, {facts['memory_gb']} GB, Linux {facts['kernel']}, "
        f"Python {facts['python']}; other work took {others:.0f} % of the CPU before the start"
    )


def write_keys(path: Path) -> Path:
    """Every stored user as a [tenant, user] pair, for the other sides."""
    users = make_workload(WorkloadOptions(name="point-read", stored_users=_STORED_USERS)).dataset(1).users()
    path.write_text(json.dumps([[user.tenant_id, user.user_id] for user in users]), encoding="utf-8")
    return path


def play_all(bench: Bench, rounds: int, only: Sequence[str], say: Console) -> list[tuple[list[str], bool | None]]:
    """Every match, each with its server alone on the machine."""
    lines: list[tuple[list[str], bool | None]] = []
    for name in only:
        with ExitStack() as stack:
            if name == "dynamodb":
                match = dynamodb_local(stack.enter_context(real_server("dynamodb-local")))
            elif name == "null-http":
                match = null_http(stack.enter_context(null_server()))
            elif name == "postgres":
                match = postgres(stack.enter_context(real_server("postgres")))
            else:
                match = null_rate()
            readings = match.play(bench, rounds, say)
        lines += [line(row, readings) for row in match.rows]
    return lines


def show(lines: Sequence[tuple[list[str], bool | None]], heading: str) -> None:
    """The table."""
    table = Table(
        "what", "against", "ratio: median (min..max)", "goal", "verdict", OURS, "other side", box=box.SIMPLE_HEAD
    )
    for cells, _ in lines:
        table.add_row(*cells)
    console = Console(width=max(Console().width, 170), highlight=False)
    console.print(heading)
    console.print(table)
    console.print(
        f"Point reads (get_user), {CONNECTIONS} connections, saturated but for the rate. {OURS}: a whole headless"
        " Locust run, recording included, one engine; its CPU is the engine's.\nLocust rounds its p50 to whole ms."
        " pgbench reads always the same user. Absolute numbers are medians; only the ratios carry over."
    )


MATCHES: Final = ("dynamodb", "null-http", "postgres", "null-rate")


def main() -> int:
    """Answers 0 when every goal was reached, 1 when one was not, 2 when a side could not run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--duration", type=float, default=5.0, help="measured seconds of each side in each round")
    parser.add_argument("--only", choices=MATCHES, action="append", help="one match; give it again for more")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, leave)
    began = time.monotonic()
    heading = machine()
    with tempfile.TemporaryDirectory(prefix="dbverdict-bench-") as folder:
        bench = Bench(Path(folder), write_keys(Path(folder) / "keys.json"), options.duration)
        try:
            lines = play_all(bench, options.rounds, options.only or MATCHES, Console(stderr=True, width=200))
        except (BenchError, SetupError) as error:
            print(f"bench: {error}", file=sys.stderr)
            return 2
    show(lines, heading)
    print(f"took {time.monotonic() - began:.0f} s, {options.rounds} rounds of {options.duration:g} s a side")
    return 1 if any(reached is False for _, reached in lines) else 0


def leave(number: int, frame: FrameType | None) -> None:
    """A signal handler that ends the process in order."""
    sys.exit(128 + number)  # an exception, so that every `finally` ends what it started


if __name__ == "__main__":
    sys.exit(main())
