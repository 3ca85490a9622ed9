"""A script run to its end: its output, or a `BenchError` with its last words; never left behind."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from typing import Final

_GRACE_S: Final = 15.0
_LAST_WORDS: Final = 800


class BenchError(Exception):
    """A side of a ratio did not run: the message says which and shows its last words."""


def output_of(command: Sequence[str], env: Mapping[str, str], timeout_s: float, accept: Sequence[int] = (0,)) -> str:
    """Run a command and answer its stdout; raises `BenchError` for another exit code or after `timeout_s`."""
    with subprocess.Popen(
        command,
        env={**os.environ, **env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as child:
        try:
            out, err = child.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            raise BenchError(f"{' '.join(command)} did not end within {timeout_s:g} s") from None
        finally:
            end(child)
    if child.returncode not in accept:
        raise BenchError(f"{' '.join(command)} ended with status {child.returncode}: {(err or out)[-_LAST_WORDS:]}")
    return out


def end(child: subprocess.Popen[str]) -> None:
    """End a child that still runs: asked first, so that it can end its own children, then killed."""
    if child.poll() is not None:
        return
    child.send_signal(signal.SIGTERM)
    try:
        child.wait(_GRACE_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
