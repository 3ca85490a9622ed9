"""The Locust side's handle to an engine: a child in a session of its own, spoken to over its stdin and stdout."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

import gevent
import orjson
from gevent import subprocess
from gevent.event import Event
from gevent.os import make_nonblocking, nb_read

from loadtests.frames import SAMPLES, FrameReader, order_line

_READ_BYTES = 1 << 18


class EngineProcess:
    """Starts an engine and hands over what it says.

    `on_samples` gets packed samples, `on_event` each event's values; `on_death` is called once if the engine ends
    without having said `finished` or `setup_failed`. All are called in a greenlet of the Locust process.
    """

    def __init__(
        self,
        on_samples: Callable[[bytes], None],
        on_event: Callable[[str, dict[str, Any]], None],
        on_death: Callable[[int], None],
    ) -> None:
        self._on_samples = on_samples
        self._on_event = on_event
        self._on_death = on_death
        self._said_last_word = False
        self._ready = False
        self.ended = Event()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "loadtests.engine"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # a Ctrl-C in the terminal reaches it as an order, not as a signal
        )
        make_nonblocking(self._process.stdout.fileno())
        self._reader = gevent.spawn(self._read)

    @property
    def pid(self) -> int:
        """The engine's process id."""
        return int(self._process.pid)

    def order(self, order: str, **values: Any) -> None:
        """Send an order; one that comes too late for an engine that has gone is dropped."""
        try:
            self._process.stdin.write(order_line(order, **values))
            self._process.stdin.flush()
        except (BrokenPipeError, ValueError):
            pass  # its death is reported by the reader

    def _read(self) -> None:
        frames = FrameReader()
        descriptor = self._process.stdout.fileno()
        while data := nb_read(descriptor, _READ_BYTES):
            for kind, body in frames.feed(data):
                if kind == SAMPLES:
                    self._on_samples(body)
                else:
                    self._event(orjson.loads(body))
        status = self._process.wait()
        self.ended.set()
        if not self._said_last_word:
            self._on_death(status)

    def _event(self, values: dict[str, Any]) -> None:
        event = values.pop("event")
        self._ready = self._ready or event == "ready"
        self._said_last_word = self._said_last_word or event in ("finished", "setup_failed")
        self._on_event(event, values)

    def close(self, timeout_s: float = 10.0) -> None:
        """End it: closing stdin is enough for an engine in health; it is killed otherwise."""
        if not self._process.stdin.closed:
            try:
                self._process.stdin.close()
            except BrokenPipeError:
                pass
        # One that is still connecting reads no orders, not even their end.
        if not self.ended.wait(timeout_s if self._ready else 0.0):
            os.kill(self.pid, 9)
            self.ended.wait(timeout_s)
