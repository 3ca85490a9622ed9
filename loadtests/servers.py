"""The servers of an experiment or a capacity search: started once, all but one paused."""

from __future__ import annotations

from collections.abc import Callable

from loadtests.settings import Settings
from targets.providers import start
from targets.server import RunningServer, ServerKind


class Servers:
    """Starts a server when it is first needed, and lets one work at a time."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._running: dict[str, RunningServer] = {}
        self._paused: set[str] = set()  # a container that is paused twice, or resumed unpaused, is an error to Docker

    def only(self, settings: Settings) -> RunningServer | None:
        """Let this target's server work, and no other; starts it when it is first needed."""
        kind = settings.design.server
        key = _server_key(settings)
        for other in self._running.keys() - self._paused - {key}:
            self._running[other].pause()
            self._paused.add(other)
        if kind is None or kind == "aws":
            return None
        if key not in self._running:
            self._running[key] = self._start(kind, settings)
        elif key in self._paused:
            self._running[key].resume()
            self._paused.discard(key)
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
