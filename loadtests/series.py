"""Headless Locust runs, one after the other, into one folder: servers started once, a Ctrl-C reaches the run."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self

from loadtests.servers import Servers
from loadtests.settings import OPTIONS, Settings
from results.validity import INVALID
from targets.protocol import SetupError


@dataclass(frozen=True)
class Place:
    """Where a run stands in its series, how long it measures, and about how long the runs after it take (0: unknown).

    `label` begins the lines told of it.
    """

    round: int
    order: int
    label: str
    duration_s: float
    after_s: float = 0.0


@dataclass(frozen=True)
class Finished:
    """What a Locust process left: its exit code, and its run folder, if it came so far."""

    code: int
    folder: Path | None


class RunSeries:
    """The folder of several runs and what they share; a context that ends servers and gives signals back.

    A folder in which no run began is removed at the end.
    """

    def __init__(self, name: str, out: Path, users: int, spawn_rate: float, say: Callable[[str], None]) -> None:
        self._users = users
        self._spawn_rate = spawn_rate
        self._say = say
        self._child: subprocess.Popen[bytes] | None = None
        self._servers = Servers(say)
        self._before: dict[int, Any] = {}
        self.interrupted = False
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        self.id = f"{stamp}_{name}_{secrets.token_hex(3)}"
        self.folder = out / self.id
        try:
            self.folder.mkdir(parents=True)
        except OSError as error:
            raise SetupError(f"cannot write under --out {out}: {error.strerror}; choose another folder") from error

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._servers.close()
        for number, handler in self._before.items():
            signal.signal(number, handler)
        if not any(self.folder.glob("*/run.json")):
            self._discard()

    def run(self, settings: Settings, options: Mapping[str, Any], place: Place) -> Finished:
        """One Locust process of this target under these options, until its end; the server is started if need be."""
        running = self._servers.only(settings)
        known = set(self.folder.glob("*/run.json"))
        description: dict[str, Any] = {"id": self.id, **asdict(place), "quiet": True, "parent": os.getpid()}
        if running is not None:
            server = running.server
            description["server"] = asdict(server) | {"facts": dict(server.facts)}
        code = self._wait(self._command(settings.target, options), description)
        new = [path.parent for path in self.folder.glob("*/run.json") if path not in known]
        if code < 0:
            self._say(f"{place.label}{settings.target}: Locust was killed by signal {-code}")
        return Finished(code if code >= 0 else INVALID, new[0] if new else None)

    def _wait(self, command: list[str], description: Mapping[str, Any]) -> int:
        self._child = subprocess.Popen(
            command,
            env={**os.environ, "DBVERDICT_EXPERIMENT": json.dumps(description)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        if self.interrupted:  # the signal came between two runs
            self._child.terminate()
        code = self._child.wait()
        self._child = None
        if code < 0 and sys.stderr.isatty():
            print(file=sys.stderr)  # a run that was killed leaves its display
        return code

    def _command(self, target: str, options: Mapping[str, Any]) -> list[str]:
        locustfile = Path(__file__).with_name("chat.py")
        words = [sys.executable, "-m", "locust", "-f", str(locustfile), "--headless", "--skip-log-setup"]
        words += ["-u", str(self._users), "-r", str(self._spawn_rate)]
        words += ["--target", target, "--out", str(self.folder)]
        for option in OPTIONS:
            value = options.get(option.name.replace("-", "_"))
            if option.name in ("out", "url", "provider") or value is None or value is False or value == "":
                continue
            words += [f"--{option.name}"] if option.flag else [f"--{option.name}", str(value)]
        return words

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        self.interrupted = True
        if self._child is not None:
            self._child.send_signal(signal.SIGINT)

    def save(self, name: str, content: Mapping[str, Any]) -> None:
        """Write a JSON file of the series whole, by replacing it."""
        partial = self.folder / f"{name}.part"
        partial.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        os.replace(partial, self.folder / name)

    def _discard(self) -> None:
        """Nothing came of it: leave nothing half-made."""
        for path in self.folder.iterdir():
            path.unlink()
        self.folder.rmdir()
