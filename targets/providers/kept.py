"""The parent's half of the keeper: order a server, signal it, and let it go."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from targets.protocol import SetupError
from targets.providers import keeper

_STOP_LIMIT_S = 3 * keeper.GRACE_S


class Kept:
    """Something a keeper process holds for us, a server or a container; `pid` is the server's (or the keeper's)."""

    def __init__(self, order: Mapping[str, Any], what: str) -> None:
        """Start the keeper and wait for its answer; raises `SetupError` with the server's own last words."""
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(Path(keeper.__file__))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        answer = self._ask(json.dumps(dict(order)))
        if "pid" not in answer:
            self.end()
            raise SetupError(f"{what} did not start: {answer.get('error') or 'its keeper ended without a word'}")
        self.pid = int(answer["pid"])

    def _ask(self, line: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()
        answer = self._process.stdout.readline()
        return dict(json.loads(answer)) if answer else {}

    def signal(self, number: signal.Signals) -> None:
        """Send the signal to the server and all its descendants; nothing happens when it has ended."""
        keeper.signal_tree(self.pid, number)

    def freeze(self) -> None:
        """Stop the server and all its descendants, and wait until they are; raises `SetupError` when one is not.

        A stop signal takes effect a little after it was sent, and the server may start a child meanwhile.
        """
        deadline = time.monotonic() + keeper.GRACE_S
        while True:
            self.signal(signal.SIGSTOP)
            if keeper.is_stopped(self.pid) and all(map(keeper.is_stopped, keeper.process_tree(self.pid))):
                return
            if time.monotonic() > deadline:
                raise SetupError(
                    f"process {self.pid} could not be paused in {keeper.GRACE_S:.0f} s: see what it waits for"
                )
            time.sleep(0.001)

    def end(self) -> None:
        """End the server and remove its folder; safe to call twice."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        if self._process.stdin.closed:
            return
        with contextlib.suppress(BrokenPipeError):
            # A word, and not only the end of the pipe: a forked Locust worker may hold its other end open.
            self._process.stdin.write(b"stop\n")
            self._process.stdin.flush()
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.stdout.close()
        try:
            self._process.wait(_STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
