"""`docs/proof.md`: written by `make bench` and by nothing else."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from benches.crosscheck import Line
from benches.machine import KEPT

_HERE: Final = Path(__file__).parent
PROOF: Final = _HERE.parent / "docs" / "proof.md"

_METHOD: Final = """\
`make bench` wrote this page. Sides take turns within each round (A B C C B A …) on one server that nobody else
uses; every side reads the same users (`get_user`) over 16 connections. A ratio is taken within a round, so that
what the machine does to one side it does to the other; shown are the median and the range of the rounds. With six
rounds that range holds the true median ratio with 96.9 % confidence (order statistics: 1 − 2 · 0.5⁶; it assumes
nothing of the distribution). dbverdict's side is a whole headless Locust run: recording, oracle and run folder
included; its CPU is the engine process's. wrk and pgbench read always the same user; Locust rounds its own p50 to
whole ms."""

_SOAK: Final = "## Soak"
_SHOWN: Final = "## What this does not show"
_LIMITS: Final = """\
- Absolute figures belong to one machine on one day; only ratios carry over, and those not far.
- Everything ran on loopback, client and server on the same cores: no network, and a quicker client leaves the
  server more.
- DynamoDB Local is an emulator. Its lines compare clients; they say nothing about DynamoDB.
- Point reads only. Other operations cost more, on both sides of each ratio.
- `null` answers with canned values, so its CPU an operation holds no oracle; every other line does, `memory` first.
- Goals in µs were set on another machine, where boto3 takes about 1,000 µs a call and a bare asyncpg loop 21: read them
  beside what those take here, in the same table."""

_SAME_TWICE: Final = """\
Chat on PostgreSQL, 150 turns/s, 10 rounds, each with arrivals of its own. What is shown here is noise: a difference
of this size between two candidates means nothing."""

_CROSSCHECK: Final = """\
Mean service as dbverdict stamped it, beside `pg_stat_statements`' mean execution time of the statements of that
operation (chat, 100 turns/s). The rest is what execution time leaves out: loopback both ways, the server's reading,
parsing, binding and writing, the log's flush when a write commits, asyncpg, our two stamps, and waiting for a core."""


@dataclass(frozen=True)
class Proof:
    """Everything the page shows."""

    machine: str
    revision: str
    rounds: int
    duration_s: float
    table: Sequence[Sequence[str]]  # the first row is the heading
    missed: Sequence[str]
    same_twice: Sequence[str]
    crosscheck: Sequence[Line]


def write(proof: Proof, path: Path = PROOF) -> Path:
    """Write the page, whole or not at all."""
    partial = path.with_suffix(".part")
    partial.write_text("\n".join(page(proof)) + "\n", encoding="utf-8")
    return partial.replace(path)


def refresh_soaks(path: Path = PROOF) -> None:
    """Put the latest soaks into a page that is there already."""
    if not path.exists():
        return
    text = path.read_text(encoding="utf-8")
    before, _, rest = text.partition(f"{_SOAK}\n")
    _, _, after = rest.partition(f"{_SHOWN}\n")
    fresh = "\n".join([before + _SOAK, "", *_soaks(), "", _SHOWN, after])
    partial = path.with_suffix(".part")
    partial.write_text(fresh, encoding="utf-8")
    partial.replace(path)


def page(proof: Proof) -> list[str]:
    """The lines of the page."""
    today = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    lines = ["# Proof", "", _METHOD, "", f"{today}, revision {proof.revision}. {proof.machine}."]
    lines += [f"{proof.rounds} rounds of {proof.duration_s:g} s a side.", "", "## Peers, side by side", ""]
    lines += _table(proof.table)
    lines += ["", "### Goals not reached", ""]
    lines += [f"- {missed}" for missed in proof.missed] or ["None."]
    notes = _HERE / "profile_notes.md"
    if notes.exists():
        lines += ["", notes.read_text(encoding="utf-8").strip()]
    lines += ["", "## The same target twice (A/A)", "", _SAME_TWICE, "", *(f"- {line}" for line in proof.same_twice)]
    lines += ["", "## The server's own account", "", _CROSSCHECK, ""]
    lines += _table(_crosscheck(proof.crosscheck))
    lines += ["", _SOAK, "", *_soaks(), "", _SHOWN, "", _LIMITS]
    return lines


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    head, *body = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return [head, "|" + "---|" * len(rows[0]), *body]


def _crosscheck(lines: Sequence[Line]) -> list[list[str]]:
    head = ["operation", "count", "our service, mean ms", "server, mean ms", "round trips", "rest a round trip, ms"]
    return [
        head,
        *(
            [
                line.operation,
                f"{line.count:,}",
                f"{line.service_ms:.3f}",
                f"{line.server_ms:.3f}",
                str(line.round_trips),
                f"{line.per_trip_ms:.3f}",
            ]
            for line in lines
        ),
    ]


def _soaks() -> list[str]:
    paths = sorted(KEPT.glob("soak-*.json"))
    if not paths:
        return ["`make soak` has not been run here."]
    lines = []
    for path in paths:
        soak = json.loads(path.read_text(encoding="utf-8"))
        lines += [f"{soak['utc']} UTC:", "", *(f"- {line}" for line in soak["lines"]), ""]
    return lines[:-1]
