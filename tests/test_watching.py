"""A run as people watch it: on a terminal, in a CI log, beside Locust's own table."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path

import psutil

from tests.locust_runs import LocustRun, wait_for

COLUMNS = 80
LOAD = ["--workload", "point-read", "--target", "null", "--rate", "100", "--stored-users", "50", "--warmup", "1s"]


class Screen:
    """What a terminal of 80 columns shows after the few control sequences that are used; no line may wrap."""

    def __init__(self) -> None:
        self.lines = [""]
        self._row = 0
        self.widest_rewritten = 0
        self.seen: list[str] = []

    def feed(self, text: str) -> None:
        for part in re.split(r"(\x1b\[[?0-9;]*[A-Za-z]|\r|\n)", text):
            self._take(part)

    def _take(self, part: str) -> None:
        if part == "\n":
            self._row += 1
            self.lines += [""] * (self._row == len(self.lines))
        elif part == "\x1b[2K":
            self.seen.append(self.lines[self._row])
            self.lines[self._row] = ""
        elif part == "\x1b[1A":
            self._row -= 1
        elif part.startswith("\x1b["):
            assert re.fullmatch(r"\x1b\[([0-9;]*m|\?25[hl])", part), repr(part)
        elif part != "\r":
            self.lines[self._row] += part


class Terminal:
    """A terminal of 80 columns, as a command's standard error; reads what is written there from the first moment."""

    def __init__(self, command: list[str]) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
        environment = {**os.environ, "TERM": "xterm"}
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=theirs, env=environment)
        os.close(theirs)
        self._written = b""
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        try:
            while data := os.read(self._ours, 65536):
                self._written += data
        except OSError:
            pass  # Linux says so when the last writer has closed a terminal

    def finish(self) -> tuple[int, str]:
        """Wait for the end; the exit code and everything that was written."""
        code = self.process.wait(90)
        self._reader.join(10)
        os.close(self._ours)
        return code, self._written.decode()


def experiment(out: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "cli", "run", "--out", str(out), *LOAD, *options]


def freeze_the_engine(process: int, out: Path) -> None:
    """Once it measures, stop the engine for a fifth of a second: a stall that the harness must own up to."""
    measured = re.compile(r"^\d+,measured,turn,", re.MULTILINE)
    wait_for(lambda: any(measured.search(table.read_text()) for table in out.rglob("intervals.csv")))
    children = psutil.Process(process).children(recursive=True)
    (engine,) = [child for child in children if "loadtests.engine" in child.cmdline()]
    engine.suspend()
    time.sleep(0.2)  # not a wait: how long it stands still
    engine.resume()


def test_on_a_terminal_two_lines_are_rewritten_and_leave_it_clean(tmp_path: Path) -> None:
    terminal = Terminal(experiment(tmp_path, "--duration", "4s"))
    freeze_the_engine(terminal.process.pid, tmp_path)
    code, written = terminal.finish()
    assert code == 4, written  # it stood still: no evidence
    screen = Screen()
    screen.feed(written)
    assert screen.seen[0] == "[1/1] null: loading the data"
    bars = [line for line in screen.seen if "█" in line]
    assert len(bars) >= 3
    assert all(re.match(r"\[1/1\] null  [▒█·]{24}  (measured|drain), \d s left$", line) for line in bars), bars
    figures = [line for line in screen.seen if re.match(r"[\d.]+ of [\d.]+ turns/s, response p50 [\d.,]+ max ", line)]
    assert len(figures) >= 3, screen.seen
    assert max(map(len, screen.seen)) <= COLUMNS
    (stall,) = [line for line in screen.lines if "warning: [1/1] null: the engine's loop stood still for" in line]
    assert "run on a quieter machine" in stall
    assert not any("█" in line or "turns/s, response" in line for line in screen.lines), screen.lines
    assert any(line.startswith("dbverdict: [1/1] null: INVALID") for line in screen.lines)
    assert written.rindex("\x1b[?25h") > written.rindex("\x1b[?25l")  # the cursor is there


def test_without_a_terminal_there_are_plain_lines_and_the_warning(tmp_path: Path) -> None:
    command = experiment(tmp_path, "--duration", "9s")
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        freeze_the_engine(process.pid, tmp_path)
        _, told = process.communicate(timeout=90)
    lines = told.splitlines()
    assert all(line.isprintable() for line in lines), lines
    (status,) = [line for line in lines if " left; " in line]
    assert re.match(r"dbverdict: \[1/1\] null: measured, 0 s left; [\d.]+ of [\d.]+ turns/s, response p50 ", status)
    (stall,) = [line for line in lines if "the engine's loop stood still" in line and "warning" in line]
    assert stall.startswith("dbverdict: warning: [1/1] null: ")
    assert lines.index(stall) < lines.index(status)


def test_beside_locust_s_table_warnings_alone_are_told(tmp_path: Path) -> None:
    locust = LocustRun(tmp_path, *LOAD, "-t", "4s", "--headless", headless=False)
    freeze_the_engine(locust.process.pid, tmp_path)
    assert locust.finish() == 4
    assert "Aggregated" in locust.output  # its table
    assert len(re.findall(r"^dbverdict: warning: null: the engine's loop stood", locust.output, re.MULTILINE)) == 1
    assert " left; " not in locust.output
