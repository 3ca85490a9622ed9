"""A person's own server: nothing is started, paused or stopped."""

from __future__ import annotations

import socket
from urllib.parse import SplitResult, urlsplit

from targets.protocol import SetupError
from targets.server import Server, ServerKind

_SCHEMES: dict[ServerKind, tuple[str, ...]] = {
    "postgres": ("postgresql", "postgres"),
    "dynamodb-local": ("http", "https"),
    "aws": ("http", "https"),
}
_DEFAULT_PORTS = {"postgresql": 5432, "postgres": 5432, "http": 80, "https": 443}
_CONNECT_TIMEOUT_S = 3.0


class FoundServer:
    """A server that was there before us and stays when we go."""

    pid: int | None = None

    def __init__(self, server: Server) -> None:
        self._server = server

    @property
    def server(self) -> Server:
        """Where it answers, and why it was chosen."""
        return self._server

    def pause(self) -> None:
        """Nothing: it is not ours."""

    def resume(self) -> None:
        """Nothing: it is not ours."""

    def stop(self) -> None:
        """Nothing: it is not ours."""


def find_server(kind: ServerKind, url: str, reason: str) -> FoundServer:
    """The server at this URL; raises `SetupError` for a malformed URL, or when nothing listens there."""
    parts, port = check_url(kind, url)
    try:
        socket.create_connection((parts.hostname or "", port), _CONNECT_TIMEOUT_S).close()
    except OSError as error:
        raise SetupError(
            f"nothing answers at {parts.hostname}:{port} ({error.strerror or error}): start that server, or mend --url"
        ) from error
    return FoundServer(Server(kind, url, "url", reason, {}))


def check_url(kind: ServerKind, url: str) -> tuple[SplitResult, int]:
    """The URL's parts and its port; raises `SetupError`, which never repeats the URL, for it may hold a password."""
    schemes = _SCHEMES[kind]
    example = "postgresql://USER:PASSWORD@HOST:5432/DATABASE" if kind == "postgres" else "http://HOST:PORT"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise SetupError(f"the URL for {kind} is malformed: write it as {example}") from error
    if parts.scheme not in schemes or not parts.hostname:
        raise SetupError(f"the URL for {kind} must look like {example}")
    return parts, _DEFAULT_PORTS[parts.scheme] if port is None else port
