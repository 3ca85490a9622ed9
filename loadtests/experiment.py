"""Several runs on equal terms: one server works at a time, rounds are interleaved, each run is a Locust process."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

from loadtests.settings import OPTIONS, Settings
from results.validity import INTERRUPTED, INVALID, USAGE, worst
from targets.protocol import SetupError
from targets.providers import start
from targets.server import RunningServer, ServerKind

FLOOR_SECONDS = 10.0
"""The longest measured window of the `null` run that stands beside every experiment."""

_OVERHEAD_S = 6.0
"""Starting Locust and loading, a run, for the time a plan announces; measured on two cores."""


@dataclass(frozen=True)
class PlannedRun:
    """One run of an experiment, in the order of execution."""

    order: int
    round: int
    target: str
    duration_s: float


@dataclass(frozen=True)
class ExperimentPlan:
    """What will be run: the same options for every target."""

    settings: Mapping[str, Settings]  # by target
    options: Mapping[str, Any]  # as given, for the Locust processes
    users: int
    spawn_rate: float
    duration_s: float
    rounds: int

    def runs(self) -> list[PlannedRun]:
        """A B B A …: each round reverses the one before; the harness's floor last, once, unless it is a target."""
        targets = list(self.settings)
        planned: list[tuple[int, str, float]] = []
        for number in range(1, self.rounds + 1):
            ordered = targets if number % 2 else targets[::-1]
            planned += [(number, target, self.duration_s) for target in ordered]
        if "null" not in targets:
            planned.append((0, "null", min(self.duration_s, FLOOR_SECONDS)))
        return [PlannedRun(order, number, target, s) for order, (number, target, s) in enumerate(planned, 1)]

    def seconds(self, after: int = 0) -> float:
        """About how long it takes; with `after` the runs that follow run number `after`."""
        settings = next(iter(self.settings.values()))
        ramp_s = self.users / self.spawn_rate if settings.model == "people" else 0.0
        return sum(run.duration_s + settings.warmup_s + ramp_s + _OVERHEAD_S for run in self.runs()[after:])


@dataclass
class Outcome:
    """What an experiment came to: its folder, its run folders, the exit code of each run."""

    folder: Path
    runs: list[Path]
    codes: list[int]

    @property
    def exit_code(self) -> int:
        """The worst of its runs, by the order of the exit codes."""
        return worst(self.codes)


class Servers:
    """The servers of an experiment: started once, all but one paused."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._running: dict[str, RunningServer] = {}

    def only(self, settings: Settings) -> RunningServer | None:
        """Let this target's server work, and no other; starts it when it is first needed."""
        kind = settings.design.server
        key = _server_key(settings)
        for other, running in self._running.items():
            if other != key:
                running.pause()
        if kind is None or kind == "aws":
            return None
        if key in self._running:
            self._running[key].resume()
        else:
            self._running[key] = self._start(kind, settings)
        return self._running[key]

    def _start(self, kind: ServerKind, settings: Settings) -> RunningServer:
        running = start(kind, settings.servers_for_target())
        self._say(f"{kind}: {running.server.reason}")
        return running

    def close(self) -> None:
        """Stop what was started."""
        for running in self._running.values():
            running.stop()


def _server_key(settings: Settings) -> str:
    return f"{settings.design.server} {settings.servers_for_target().urls}"


class Experiment:
    """Runs a plan; the folder is written as it goes."""

    def __init__(self, plan: ExperimentPlan, out: Path, say: Callable[[str], None]) -> None:
        self._plan = plan
        self._say = say
        self._child: subprocess.Popen[bytes] | None = None
        self._interrupted = False
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        self.id = f"{stamp}_experiment_{secrets.token_hex(3)}"
        self.folder = out / self.id
        try:
            self.folder.mkdir(parents=True)
        except OSError as error:
            raise SetupError(f"cannot write under --out {out}: {error.strerror}; choose another folder") from error

    def perform(self) -> Outcome:
        """Every planned run, in order; stops early when interrupted or when an option proves unusable."""
        outcome = Outcome(self.folder, [], [])
        servers = Servers(self._say)
        before = {number: signal.signal(number, self._interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            for run in self._plan.runs():
                if self._interrupted:
                    break
                self._one(run, servers, outcome)
                self._save(outcome)
                if outcome.codes[-1] in (USAGE, INTERRUPTED):
                    break
        finally:
            servers.close()
            for number, handler in before.items():
                signal.signal(number, handler)
            if not any(self.folder.glob("*/run.json")):
                self._discard()
        if self._interrupted:
            outcome.codes.append(INTERRUPTED)
        return outcome

    def _one(self, run: PlannedRun, servers: Servers, outcome: Outcome) -> None:
        settings = self._settings(run.target)
        running = servers.only(settings)
        known = set(self.folder.glob("*/run.json"))
        label = f"[{run.order}/{len(self._plan.runs())}] "
        description: dict[str, Any] = {
            "id": self.id,
            "round": run.round,
            "order": run.order,
            "label": label,
            "after_s": self._plan.seconds(after=run.order),
            "duration_s": run.duration_s,
            "quiet": True,
            "parent": os.getpid(),
        }
        if running is not None:
            server = running.server
            description["server"] = asdict(server) | {"facts": dict(server.facts)}
        self._child = subprocess.Popen(
            self._command(run.target),
            env={**os.environ, "DBVERDICT_EXPERIMENT": json.dumps(description)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        if self._interrupted:  # the signal came between two runs
            self._child.terminate()
        code = self._child.wait()
        self._child = None
        if code < 0 and sys.stderr.isatty():
            print(file=sys.stderr)  # a run that was killed leaves its display
        new = [path.parent for path in self.folder.glob("*/run.json") if path not in known]
        outcome.runs += new
        if code < 0:
            self._say(f"{label}{run.target}: Locust was killed by signal {-code}")
        outcome.codes.append(code if code >= 0 else INVALID)
        self._say(f"{label}{run.target}: {_told(new[0]) if new else f'no run (exit code {code})'}")

    def _settings(self, target: str) -> Settings:
        some = next(iter(self._plan.settings.values()))
        return self._plan.settings.get(target) or replace(some, target=target)

    def _command(self, target: str) -> list[str]:
        locustfile = Path(__file__).with_name("chat.py")
        words = [sys.executable, "-m", "locust", "-f", str(locustfile), "--headless", "--skip-log-setup"]
        words += ["-u", str(self._plan.users), "-r", str(self._plan.spawn_rate)]
        words += ["--target", target, "--out", str(self.folder)]
        for option in OPTIONS:
            value = self._plan.options.get(option.name.replace("-", "_"))
            if option.name in ("out", "url", "provider") or value is None or value is False or value == "":
                continue
            words += [f"--{option.name}"] if option.flag else [f"--{option.name}", str(value)]
        return words

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        self._interrupted = True
        if self._child is not None:
            self._child.send_signal(signal.SIGINT)

    def _save(self, outcome: Outcome) -> None:
        content = {
            "format": 1,
            "id": self.id,
            "plan": [asdict(run) for run in self._plan.runs()],
            "runs": [run.name for run in outcome.runs],
            "exit_codes": outcome.codes,
        }
        partial = self.folder / "experiment.json.part"
        partial.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        os.replace(partial, self.folder / "experiment.json")

    def _discard(self) -> None:
        """Nothing came of it: leave nothing half-made."""
        for path in self.folder.iterdir():
            path.unlink()
        self.folder.rmdir()


def _told(folder: Path) -> str:
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    reasons = "; ".join(reason["figure"] for reason in run["validity"]["reasons"])
    p50, p99 = (run["turns"]["response_ms"][name] for name in ("p50", "p99"))
    figures = f"turn response p50 {_ms(p50)}, p99 {_ms(p99)}, {run['totals']['throughput_ops']:,.0f} ops/s"
    return figures if run["validity"]["valid"] else f"INVALID: {reasons} ({figures})"


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g} ms"
