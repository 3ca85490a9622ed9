"""Several workers are one load: begun at one instant, divided without loss, the same in every file of the run."""

import csv
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from loadtests.frames import EVENT, FrameReader, order_line
from loadtests.stopwatch import now_ns, wall_ns
from results.folder import load
from tests.locust_runs import LocustRun
from tests.test_schedule import plan

SECOND_NS = 1_000_000_000


class Worker:
    """A real engine, told what a Locust worker would tell it."""

    def __init__(self, number: int) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "loadtests.engine"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._events = self._said()
        workload = {"name": "point-read"}
        own = plan(worker=number, workers=2, workload=workload, target_options={"url": "", "prefix": ""})
        self.order("plan", **own.to_json())

    def order(self, order: str, **values: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(order_line(order, **values))
        self.process.stdin.flush()

    def wait_for(self, event: str) -> dict[str, Any]:
        return next(values for values in self._events if values["event"] == event)

    def _said(self) -> Iterator[dict[str, Any]]:
        assert self.process.stdout is not None
        frames = FrameReader()
        while data := os.read(self.process.stdout.fileno(), 1 << 16):
            yield from (orjson.loads(body) for kind, body in frames.feed(data) if kind == EVENT)


@contextmanager
def worker(number: int) -> Iterator[Worker]:
    engine = Worker(number)
    try:
        yield engine
    finally:
        engine.process.kill()
        engine.process.communicate()


def test_a_worker_that_hears_of_the_start_later_begins_at_the_same_instant() -> None:
    with worker(0) as prompt, worker(1) as slow:
        prompt.wait_for("ready")
        slow.wait_for("ready")
        announced, told = wall_ns(), now_ns()
        prompt.order("start", wall_ns=announced)
        first = prompt.wait_for("started")
        prompt.wait_for("second")
        late = now_ns() - told
        slow.order("start", wall_ns=announced)
        second = slow.wait_for("started")
    assert late > 0.9 * SECOND_NS
    assert abs(first["start_ns"] - second["start_ns"]) < late / 100
    assert first["open_ns"] - first["start_ns"] == second["open_ns"] - second["start_ns"] == SECOND_NS


def test_one_worker_per_core_and_every_file_counts_the_same(tmp_path: Path) -> None:
    locust = LocustRun(tmp_path, "--target", "null", "--rate", "50", "-t", "3s", "--warmup", "0s", "--stored-users",
                       "50", "--people", "50", "--processes", "-1")  # fmt: skip
    run = locust.sound()
    assert run["load"]["workers"] == os.cpu_count()
    counted = {name: operation["count"] for name, operation in run["operations"].items()}
    assert sum(counted.values()) > 100
    with (locust.folder() / "intervals.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    for name, count in counted.items():
        assert sum(int(row["done"]) for row in rows if row["operation"] == name) == count, name
    assert {name: counts.total for name, counts in load(locust.folder()).service.items()} == counted
