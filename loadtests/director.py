"""One run from server to run folder: what the local Locust process or the master does, once per test."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import gevent
from gevent import subprocess
from gevent.event import Event

from loadtests.budget import Budget
from loadtests.calibration.kept import reference
from loadtests.facts import (
    command_line,
    experiment_facts,
    floor_facts,
    load_facts,
    target_facts,
    workload_facts,
)
from loadtests.plan import Plan
from loadtests.settings import Settings
from results.integrity import merge, unchecked
from results.provenance import provenance
from results.recorder import Interval
from results.run import RunWriter
from results.validity import Reason
from results.window import End, Window
from targets.catalog import TargetOptions
from targets.protocol import SetupError
from targets.server import RunningServer, Server
from workloads.fingerprint import ISSUED_MODULUS

READY_TIMEOUT_S: Final = 60.0
START_AHEAD_S: Final = 0.3
SILENCE_S: Final = 6.0
"""A worker that has said nothing for so long is lost; it speaks once a second."""

FINISH_TIMEOUT_S: Final = 90.0
"""After the load: draining, and reading back what was written (a minute at most)."""

PREPARE_TIMEOUT_S: Final = 900.0
_STUCK: Final = "loading the data took more than 15 minutes: is the server stuck? load less with --stored-users"

Send = Callable[[int, dict[str, Any]], None]
"""Gives worker k an order."""


class Director:
    """Opens the server, loads the data, starts the workers together, writes the folder and judges the run."""

    def __init__(self, settings: Settings, say: Callable[[str], None]) -> None:
        self.settings = settings
        self._say = say
        self.experiment = json.loads(os.environ.get("DBVERDICT_EXPERIMENT", "{}"))
        self._running: RunningServer | None = None
        self.server: Server | None = None
        self._prepared: dict[str, Any] | None = None
        self._writer: RunWriter | None = None
        self._send: Send = lambda worker, order: None
        self._ready: dict[int, dict[str, Any]] = {}
        self._finished: dict[int, dict[str, Any]] = {}
        self._heard: dict[int, float] = {}
        self._budget = Budget(settings)
        self._workers = 0
        self._end: End | None = None
        self._start_wall_s = 0.0
        self._phase = "starting"
        self.changed = Event()
        self.over = Event()  # set when every worker has finished or is given up
        self.run: dict[str, Any] | None = None
        self.watch: list[Callable[[Interval, str], None]] = []

    # --- before the load ---------------------------------------------------------------------------------------

    def open_server(self) -> None:
        """Start or find the server; raises `SetupError`."""
        kind = self.settings.design.server
        if kind is None or self.server is not None:
            return
        if "server" in self.experiment:
            self.server = Server(**self.experiment["server"])
        elif kind == "aws":
            self.server = Server("aws", "", "aws", "the target is DynamoDB on AWS")
        else:
            from targets.providers import start

            self._running = start(kind, self.settings.servers_for_target())
            self.server = self._running.server
            self._say(f"{kind}: {self.server.reason}")

    def prepare(self, expected_turns: float | None) -> None:
        """Load the data, in a process of its own; raises `SetupError`."""
        order = {
            "target": self.settings.target,
            "target_options": asdict(self._target_options()),
            "workload": asdict(self.settings.workload),
            "seed": self.settings.seed,
            "expected_turns": expected_turns,
            "max_usd": self.settings.max_usd,
        }
        with subprocess.Popen(
            [sys.executable, "-m", "loadtests.preparation"],
            stdin=subprocess.PIPE,  # stays open: the child ends when it closes, however this process ends
            stdout=subprocess.PIPE,
            start_new_session=True,
        ) as child:
            child.stdin.write(json.dumps(order).encode() + b"\n")
            child.stdin.flush()
            with gevent.Timeout(PREPARE_TIMEOUT_S, SetupError(_STUCK)):
                answer = child.stdout.read()
        if child.returncode != 0:
            raise SetupError(f"loading the data ended with status {child.returncode}: see the message above")
        self._prepared = json.loads(answer)
        if "error" in self._prepared:
            raise SetupError(self._prepared["error"])
        self._budget.loading_usd = self._prepared.get("loading_usd", 0.0)

    def _target_options(self) -> TargetOptions:
        settings = self.settings
        return TargetOptions(
            url=self.server.url if self.server else "",
            prefix=settings.prefix,
            connections=settings.connections,
            timeout_s=settings.timeout_s,
            allow_aws=settings.allow_aws,
            region=settings.region,
        )

    def plan(self, ramp_s: float, duration_s: float | None) -> Plan:
        """What every worker's engine is told."""
        settings = self.settings
        return Plan(
            target=settings.target,
            target_options=asdict(self._target_options()),
            workload=asdict(settings.workload),
            seed=settings.seed,
            model=settings.model,
            connections=settings.connections,
            timeout_s=settings.timeout_s,
            warmup_s=settings.warmup_s,
            ramp_s=ramp_s,
            duration_s=duration_s,
            rate_turns=settings.rate_turns,
            arrivals=settings.arrivals,
            people=settings.people,
            time_scale=settings.time_scale,
            oracle=settings.oracle,
        )

    # --- the load ----------------------------------------------------------------------------------------------

    def begin(self, plan: Plan, workers: int, users: int, spawn_rate: float, send: Send) -> None:
        """Have every worker get ready, then announce one start instant; raises `SetupError`."""
        if self.settings.connections < workers:
            raise SetupError(
                f"--connections {self.settings.connections} are too few for {workers} workers: give one each at least"
            )
        self._workers, self._send = workers, send
        for worker in range(workers):
            send(worker, {"order": "plan", "plan": plan.for_worker(worker, workers).to_json()})
        self._wait_until_ready()
        if self._end is not None:
            raise SetupError(self._end.detail)
        start_wall_ns = time.time_ns() + int(START_AHEAD_S * 1e9)
        self._start_wall_s = start_wall_ns / 1e9
        self._heard = dict.fromkeys(range(workers), time.monotonic())
        self._open_folder(plan, users, spawn_rate)
        self._everyone({"order": "start", "wall_ns": start_wall_ns})
        gevent.spawn(self._listen_for_silence)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_TIMEOUT_S
        while len(self._ready) < self._workers and self._end is None:
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                raise SetupError(
                    f"only {len(self._ready)} of {self._workers} workers were ready in {READY_TIMEOUT_S:.0f} s"
                )
            self.changed.clear()
            self.changed.wait(left_s)

    def _open_folder(self, plan: Plan, users: int, spawn_rate: float) -> None:
        utc = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        name = f"{utc}_{self.settings.workload.name}_{self.settings.target}_{secrets.token_hex(3)}"
        folder = Path(self.settings.out) / name
        window = Window(plan.ramp_s, plan.warmup_s, _close_s(plan))
        prepared, ready = self._prepared or {}, self._ready[0]
        machine = provenance(command_line())
        facts = {
            "experiment": experiment_facts(self.experiment),
            "target": target_facts(self.settings.design, self.server, prepared),
            "workload": workload_facts(self.settings, prepared),
            "load": load_facts(self.settings, users, spawn_rate, self._workers, ready["priority"]),
            "floor": floor_facts(ready["floor_ns"]),
            "calibration": reference(machine),
            "provenance": machine,
        }
        try:
            folder.mkdir(parents=True)
            self._writer = RunWriter(
                folder, facts, window, self._start_wall_s, self._workers, self._budget.prices, self._watch
            )
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise SetupError(
                f"cannot write under --out {self.settings.out}: {error.strerror}; choose another folder"
            ) from error

    def _watch(self, interval: Interval, phase: str) -> None:
        self._phase = phase
        for show in self.watch:
            show(interval, phase)
        self._look_at_budget()

    def _look_at_budget(self) -> None:
        end = self._budget.spent(self._writer)
        if end is not None:
            self.stop(end)

    def on_event(self, worker: int, message: Mapping[str, Any]) -> None:
        """Take what a worker says."""
        self._heard[worker] = time.monotonic()
        match message["event"]:
            case "ready":
                self._ready[worker] = dict(message)
            case "interval":
                self._take(worker, Interval.from_message(message["interval"]))
            case "closing":
                if self._writer is not None:
                    self._writer.close_window(message["close_s"])
            case "reading_back":
                self._budget.read_back(worker, message["read_units"])
                self._look_at_budget()
            case "finished":
                self._finished[worker] = dict(message)
                if message["reason"] == "overloaded":
                    self.stop(End("overloaded", message["detail"]))
            case "setup_failed":
                self._lose(worker, End("setup", message["message"]))
            case "bug":
                self.stop(End(message["reason"], message["message"]))
            case "died":
                self._lose(worker, End("engine_died", message["detail"]))
        self._look_whether_over()
        self.changed.set()

    def _take(self, worker: int, interval: Interval) -> None:
        if self._writer is None:
            return
        try:
            self._writer.take(worker, interval)
        except OSError as error:
            self.stop(End("disk", f"cannot write under --out {self.settings.out}: {error.strerror}"))

    def _lose(self, worker: int, end: End) -> None:
        self._finished.setdefault(worker, {})
        self.stop(end)
        self._look_whether_over()
        self.changed.set()

    def _look_whether_over(self) -> None:
        if self._workers and len(self._finished) == self._workers:
            self.over.set()

    def _listen_for_silence(self) -> None:
        while not self.over.wait(1.0):
            for worker, heard in self._heard.items():
                if worker not in self._finished and time.monotonic() - heard > SILENCE_S:
                    self._lose(worker, End("worker_lost", f"worker {worker} said nothing for {SILENCE_S:.0f} s"))

    def set_people(self, total: int) -> None:
        """There are so many people in all; each worker takes its own."""
        self._everyone({"order": "people", "total": total})

    def stop(self, end: End) -> None:
        """End the load; the first reason given is the one that stands."""
        if self._end is None and not self.over.is_set():
            self._end = end
            self._everyone({"order": "stop", "reason": end.reason, "detail": end.detail})

    def _everyone(self, order: dict[str, Any]) -> None:
        for worker in range(self._workers):
            if worker not in self._finished:
                self._send(worker, order)

    def warnings(self) -> list[Reason]:
        """What a person who watches this run should know now."""
        return self._writer.warnings() if self._writer is not None else []

    def so_far(self) -> dict[str, Any] | None:
        """What run.json says at the end, or would say now; None before the run has begun."""
        return self.run or (self._writer.so_far() if self._writer is not None else None)

    def phase(self) -> str:
        """Where the run is: preparing, a phase of its window, or ended and why."""
        if self.run is not None:
            return f"ended ({self.run['end']['reason']})"
        if self._writer is None:
            return "preparing"
        return self._phase

    # --- the end -----------------------------------------------------------------------------------------------

    @property
    def active(self) -> bool:
        """Whether a load is running that has not been completed."""
        return self._writer is not None and self.run is None

    def complete(self) -> dict[str, Any] | None:
        """Wait for what is still on its way, then judge and complete the run folder."""
        if self._writer is None or self.run is not None:
            return self.run
        if not self.over.wait(FINISH_TIMEOUT_S):
            self.stop(End("worker_lost", "a worker did not finish in time"))
        ends = [finished for finished in self._finished.values() if finished]
        end = self._end or End(ends[0]["reason"], ends[0]["detail"])
        end_s = max((finished["end_s"] for finished in ends), default=time.time() - self._start_wall_s)
        close_s = max((finished["close_s"] for finished in ends), default=end_s)
        self.run = self._writer.finish(end, close_s, end_s, self._integrity(), self._issued())
        return self.run

    def _issued(self) -> str | None:
        """What all workers asked for together; None when one of them could not say."""
        parts = [finished.get("issued") for finished in self._finished.values()]
        known = [part for part in parts if part is not None]
        return f"{sum(known) % ISSUED_MODULUS:016x}" if known and len(known) == self._workers else None

    def _integrity(self) -> dict[str, Any] | None:
        if not self.settings.design.truthful:
            return unchecked(f"the answers of {self.settings.target} are canned")
        if not self.settings.oracle:
            return unchecked("switched off by --no-oracle")
        parts = [part for finished in self._finished.values() if (part := finished.get("integrity"))]
        return merge(parts) if parts else None

    def give_up(self) -> None:
        """The folder cannot be written: leave it as it is."""
        self._writer = None

    @property
    def folder(self) -> Path | None:
        """The run folder, once there is one."""
        return self._writer.folder if self._writer else None

    def close(self) -> None:
        """Stop the server this run started."""
        if self._running is not None:
            self._running.stop()
            self._running = None


def _close_s(plan: Plan) -> float | None:
    return None if plan.duration_s is None else plan.ramp_s + plan.warmup_s + plan.duration_s
