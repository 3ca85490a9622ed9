"""`make bench`: our ratios to the peers, each within one interleaved run (A B A B ...), and docs/proof.md.

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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table

from benches import same_twice
from benches.bare_loop import CONNECTIONS
from benches.child import BenchError
from benches.crosscheck import compare
from benches.machine import leave, machine
from benches.matches import (
    OURS,
    Match,
    Row,
    cpu,
    dynamodb_local,
    lag_p99,
    memory_saturated,
    null_http,
    null_rate,
    null_saturated,
    p50,
    p99,
    postgres,
    postgres_rate,
    throughput,
    told,
)
from benches.proof import Proof, write
from benches.ratio import Reading, spread
from benches.sides import Bench
from results.provenance import provenance
from targets.protocol import SetupError
from targets.providers import start
from targets.server import Server, ServerKind, ServerOptions
from workloads.catalog import WorkloadOptions, make_workload

_STORED_USERS: Final = 1000


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
def real_server(kind: ServerKind, settings: Mapping[str, str] | None = None) -> Iterator[Server]:
    """A server of this kind from embedded packages, ended at the end."""
    running = start(kind, ServerOptions(provider="embedded", settings=settings or {}))
    try:
        yield running.server
    finally:
        running.stop()


def medians(readings: Sequence[Reading]) -> Reading:
    """The median of each number over the rounds, for showing beside a ratio."""
    rounds = [[throughput(r), p50(r), cpu(r), lag_p99(r), p99(r)] for r in readings]
    middle = [found.median if (found := spread(column)) else None for column in zip(*rounds, strict=True)]
    return Reading(middle[0] or 0.0, middle[1], middle[2], middle[3], p99_ms=middle[4])


def line(
    row: Row, readings: Mapping[str, Sequence[Reading]], absent: Mapping[str, str]
) -> tuple[list[str], bool | None]:
    """A row's cells, and whether its goal was reached (None: it has no goal, or could not be judged)."""
    found = row.found(readings)
    theirs = "–" if row.peer is None else absent.get(row.peer, "not run")
    if row.peer is not None and row.peer in readings:
        theirs = told(medians(readings[row.peer]))
    reached = row.goal.reached(found) if row.goal else None
    verdict = "" if row.goal is None else {True: "reached", False: "NOT reached", None: "not measured"}[reached]
    cells = [
        row.what, row.peer or "–", found.text() if found else "–", row.goal.text() if row.goal else "–", verdict,
        told(medians(readings[OURS])), theirs,
    ]  # fmt: skip
    return cells, reached


def write_keys(path: Path) -> Path:
    """Every stored user as a [tenant, user] pair, for the other sides."""
    users = make_workload(WorkloadOptions(name="point-read", stored_users=_STORED_USERS)).dataset(1).users()
    path.write_text(json.dumps([[user.tenant_id, user.user_id] for user in users]), encoding="utf-8")
    return path


@dataclass(frozen=True)
class Outcome:
    """The table's lines and the names of the goals that were not reached."""

    lines: list[list[str]]
    missed: list[str]


@contextmanager
def _on(server: AbstractContextManager[Server], make: Callable[[Server], Match]) -> Iterator[Match]:
    with server as running:
        yield make(running)


MATCHES: Final[Mapping[str, Callable[[], AbstractContextManager[Match]]]] = {
    "dynamodb": lambda: _on(real_server("dynamodb-local"), dynamodb_local),
    "null-http": lambda: _on(null_server(), null_http),
    "postgres": lambda: _on(real_server("postgres"), postgres),
    "postgres-rate": lambda: _on(real_server("postgres"), postgres_rate),
    "null-rate": lambda: nullcontext(null_rate()),
    "null": lambda: nullcontext(null_saturated()),
    "memory": lambda: nullcontext(memory_saturated()),
}


def play_all(bench: Bench, rounds: int, only: Sequence[str], say: Console) -> Outcome:
    """Every match, each with its server alone on the machine."""
    outcome = Outcome([], [])
    for name in only:
        with MATCHES[name]() as match:
            readings = match.play(bench, rounds, say)
        for row in match.rows:
            cells, reached = line(row, readings, match.absent)
            outcome.lines.append(cells)
            if reached is False:
                outcome.missed.append(
                    f"{row.what}{f' against {row.peer}' if row.peer else ''}: {cells[2]}, goal {cells[3]}"
                )
    return outcome


HEADINGS: Final = ("what", "against", "ratio: median (min..max)", "goal", "verdict", OURS, "other side")


def show(lines: Sequence[Sequence[str]], heading: str) -> None:
    """The table."""
    table = Table(*HEADINGS, box=box.SIMPLE_HEAD)
    for cells in lines:
        table.add_row(*cells)
    console = Console(width=max(Console().width, 170), highlight=False)
    console.print(heading)
    console.print(table)
    console.print(
        f"Point reads (get_user), {CONNECTIONS} connections, saturated but for the rates. {OURS}: a whole headless"
        " Locust run, recording and oracle included, one engine; its CPU is the engine's.\nLocust rounds its p50 to"
        " whole ms. pgbench and wrk read always the same user. Numbers are medians; only the ratios carry over."
    )


def prove(bench: Bench, options: argparse.Namespace, outcome: Outcome, heading: str, say: Console) -> None:
    """The rest of the proof, and its page."""
    with real_server("postgres") as server:
        same = same_twice.findings(
            same_twice.play(replace(bench, duration_s=8.0), server, say), {"turn p50": p50, "turn p99": p99}
        )
    with real_server("postgres", {"shared_preload_libraries": "pg_stat_statements"}) as server:
        accounts = compare(replace(bench, duration_s=10.0), server)
    print("A/A:", *same, sep="\n")
    revision = provenance("")["git_revision"]
    table = [list(HEADINGS), *outcome.lines]
    page = Proof(heading, str(revision), options.rounds, options.duration, table, outcome.missed, same, accounts)
    print(f"written: {write(page)}")


def main() -> int:
    """Answers 0 when every goal was reached, 1 when one was not, 2 when a side could not run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--duration", type=float, default=3.0, help="measured seconds of each side in each round")
    parser.add_argument(
        "--only", choices=MATCHES, action="append", help="one match, and no page; give it again for more"
    )
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, leave)
    began = time.monotonic()
    heading = machine()
    say = Console(stderr=True, width=200)
    with tempfile.TemporaryDirectory(prefix="dbverdict-bench-") as folder:
        bench = Bench(Path(folder), write_keys(Path(folder) / "keys.json"), options.duration)
        try:
            outcome = play_all(bench, options.rounds, options.only or list(MATCHES), say)
            show(outcome.lines, heading)
            if not options.only:
                prove(bench, options, outcome, heading, say)
        except (BenchError, SetupError) as error:
            print(f"bench: {error}", file=sys.stderr)
            return 2
    print(f"took {time.monotonic() - began:.0f} s, {options.rounds} rounds of {options.duration:g} s a side")
    return 1 if outcome.missed else 0


if __name__ == "__main__":
    sys.exit(main())
