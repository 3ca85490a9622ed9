"""The processes of a calibration: the server, and headless Locust runs; none is left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, Self

import numpy as np

from loadtests.calibration.delays import Program
from loadtests.calibration.truth import Instants
from results.folder import RunFolder, load
from results.validity import INVALID, LIMIT_MISSED, PASS
from targets.protocol import SetupError
from targets.server import Server

_JUDGED: Final = (PASS, INVALID, LIMIT_MISSED)
"""Exit codes of a run that has figures; an invalid one is told of, not hidden."""

_LOCUSTFILE: Final = Path(__file__).parents[1] / "chat.py"
_MARGIN_S: Final = 60.0
_GRACE_S: Final = 15.0


class DelayServer:
    """The calibration server as its parent sees it; ends with the `with` block."""

    def __init__(self) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-m", "loadtests.calibration.server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self.url = f"http://127.0.0.1:{int(self._line())}"

    def begin(self, program: Program) -> None:
        """Delay by this program from now on, with an empty log."""
        self._order(program=asdict(program))

    def log(self) -> Instants:
        """Since `begin`: a row a request, its arrival and the instant its answer was written (ns; 0: never)."""
        with tempfile.TemporaryDirectory(prefix="dbverdict-") as folder:
            path = Path(folder) / "log.npy"
            self._order(log=str(path))
            instants: Instants = np.load(path)
        return instants

    def _order(self, **order: Any) -> None:
        assert self._child.stdin is not None
        try:
            self._child.stdin.write(json.dumps(order).encode() + b"\n")
            self._child.stdin.flush()
        except BrokenPipeError:
            pass  # it has gone, as the missing answer says
        self._line()

    def _line(self) -> bytes:
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        if not line:
            raise SetupError("the calibration server ended before its time: see the message above and run again")
        return line

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        with self._child:  # closes its pipes and waits
            if self._child.stdin is not None:
                self._child.stdin.close()


class LocustRun:
    """A whole headless Locust run of ours, recorder and run folder included; ends with the `with` block."""

    def __init__(self, target: str, url: str | None, duration_s: float, options: Mapping[str, Any]) -> None:
        self._limit_s = duration_s + _MARGIN_S
        self._folder = tempfile.TemporaryDirectory(prefix="dbverdict-")
        self._errors = Path(self._folder.name) / "errors"
        command = [sys.executable, "-m", "locust", "-f", str(_LOCUSTFILE), "--headless", "--skip-log-setup"]
        command += ["--target", target, "--workload", "point-read", "--out", self._folder.name]
        for name, value in options.items():
            command += [f"--{name}", str(value)]
        with self._errors.open("wb") as errors:
            self._child = subprocess.Popen(
                command,
                env={**os.environ, "DBVERDICT_EXPERIMENT": json.dumps(_experiment(url, duration_s))},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,
            )

    def result(self) -> RunFolder:
        """Wait for its end; what it left. Raises `SetupError` with its last words when there is none."""
        try:
            code = self._child.wait(self._limit_s)
        except subprocess.TimeoutExpired:
            raise SetupError(f"a calibration run did not end within {self._limit_s:.0f} s: run it again") from None
        runs = [path.parent for path in Path(self._folder.name).glob("*/run.json")]
        if code not in _JUDGED or not runs:
            raise SetupError(f"a calibration run ended with status {code}: {self._last_words()}")
        return load(runs[0])

    def _last_words(self) -> str:
        lines = self._errors.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1].removeprefix("dbverdict: ") if lines else "it said nothing"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._child.poll() is None:
            self._child.send_signal(signal.SIGTERM)  # asked first, so that it can end its own children
            try:
                self._child.wait(_GRACE_S)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait()
        self._folder.cleanup()


def _experiment(url: str | None, duration_s: float) -> dict[str, Any]:
    experiment: dict[str, Any] = {"duration_s": duration_s, "quiet": True, "parent": os.getpid()}
    if url is not None:
        experiment["server"] = asdict(Server("dynamodb-local", url, "url", "the calibration server"))
    return experiment
