"""Real Locust processes for the tests: started, watched, interrupted and killed as people and machines do it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import psutil

LOCUSTFILE = Path(__file__).parents[1] / "loadtests" / "chat.py"


def wait_for(what: Callable[[], Any], seconds: float = 60.0) -> Any:
    """Poll until `what` answers something true; fails the test after so many seconds."""
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, "what was waited for did not come"
        time.sleep(0.05)
    return found


class LocustRun:
    """A Locust process in a process group of its own, writing its run folders under `out`."""

    def __init__(self, out: Path, *options: str, headless: bool = True, file_limit_bytes: int | None = None) -> None:
        self.out = out
        command = [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--out", str(out), *options]
        if file_limit_bytes is not None:
            command = ["prlimit", f"--fsize={file_limit_bytes}", *command]
        command += ["--headless", "--only-summary"] if headless else []
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.output = ""
        self._started.append(self)

    def keep(self) -> LocustRun:
        """Leave it running from one test to the next: the fixture that started it ends it."""
        self._started.remove(self)
        return self

    _started: ClassVar[list[LocustRun]] = []

    @classmethod
    def end_all(cls) -> None:
        """End what a failed test left running, and its group."""
        while cls._started:
            process = cls._started.pop().process
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()

    def finish(self, seconds: float = 90.0) -> int:
        """Wait for its end; answers the exit code."""
        self.output, _ = self.process.communicate(timeout=seconds)
        return self.process.returncode

    def interrupt(self) -> None:
        """A Ctrl-C in a terminal: SIGINT to the whole process group."""
        os.killpg(self.process.pid, signal.SIGINT)

    def sound(self, *codes: int) -> dict[str, Any]:
        """Wait for its end and answer run.json. The exit code must be one of `codes` (0), or 4 for no other reason
        than a machine too busy to measure on: lag, CPU or a stall, never a death or an empty window."""
        code = self.finish()
        assert list(self.out.glob("*/run.json")), self.output
        run = self.run()
        assert code == run["exit_code"], self.output
        assert run["end"]["reason"] in ("planned", "budget"), self.output
        rules = {reason["rule"] for reason in run["validity"]["reasons"]}
        assert rules <= {"lag", "cpu", "stall"}, run["validity"]
        assert code in ((4,) if rules else codes or (0,)), self.output
        return run

    def descendants(self, module: str) -> list[psutil.Process]:
        """Its descendants that run `python -m module`, wherever their session is."""
        try:
            children = psutil.Process(self.process.pid).children(recursive=True)
            return [child for child in children if module in child.cmdline()]
        except psutil.NoSuchProcess:
            return []

    def folder(self) -> Path:
        """The run folder, which must be the only one."""
        (path,) = self.out.glob("*/run.json")
        return path.parent

    def run(self) -> dict[str, Any]:
        """The content of its run.json."""
        content: dict[str, Any] = json.loads((self.folder() / "run.json").read_text())
        return content

    def measuring(self, seconds: int = 1) -> None:
        """Wait until so many seconds of the measured window are in the folder."""

        def rows() -> bool:
            tables = list(self.out.glob("*/intervals.csv"))
            lines = tables[0].read_text().splitlines() if tables else []
            return len({line.split(",")[0] for line in lines if ",measured,turn," in line}) >= seconds

        def seen() -> bool:
            assert self.process.poll() is None, self.finish() or self.output
            return rows()

        wait_for(seen)


def gone(process: psutil.Process) -> bool:
    """Whether a process has ended (a zombie has)."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
