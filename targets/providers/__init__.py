"""Where a server comes from: a person's own URL, a container, or packages from a registry."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Protocol

from targets.providers.choice import Availability, Choice, availability, choose, url_for
from targets.server import RunningServer, Server, ServerKind, ServerOptions

__all__ = ["Availability", "Choice", "StartedServer", "availability", "choose", "start"]


class StartedServer(RunningServer, Protocol):
    """A running server that may tell its process: tests kill it to see what a run says of that."""

    @property
    def pid(self) -> int | None:
        """The server's process on this machine, or None where it is not ours or not here."""


def _to_stderr(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def start(
    kind: ServerKind, options: ServerOptions, target: str | None = None, say: Callable[[str], None] = _to_stderr
) -> StartedServer:
    """Start (or find) a server of this kind and wait until it answers; `say` gets each line a person should read.

    Raises `SetupError`, one line that names the cure, with nothing left running. A provider is imported when used.
    """
    choice = choose(kind, options, target)
    if choice.provider == "docker":
        from targets.providers.docker import start_docker

        return start_docker(kind, options, choice.reason, say)
    if choice.provider == "embedded":
        from targets.providers.embedded import start_embedded

        return start_embedded(kind, options, choice.reason, say)
    from targets.providers.url import FoundServer, find_server

    url = url_for(kind, options, target)
    if choice.provider == "url" and url:
        return find_server(kind, url, choice.reason)
    return FoundServer(Server(kind, "", "aws", choice.reason, {}))
