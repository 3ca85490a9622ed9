"""Where a database answers, and what a provider says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

ServerKind = Literal["postgres", "dynamodb-local", "aws"]
ProviderName = Literal["auto", "embedded", "docker", "url"]


@dataclass(frozen=True)
class ServerOptions:
    """What a person asked of the servers: provider, their own URLs, and the limits of containers."""

    provider: ProviderName = "auto"
    urls: Mapping[str, str] = field(default_factory=dict)  # server kind (or target name) -> URL
    cpus: float | None = None
    memory: str | None = None  # as Docker writes it: "2g"
    settings: Mapping[str, str] = field(default_factory=dict)  # more of PostgreSQL's own, embedded only


@dataclass(frozen=True)
class Server:
    """A server that answers at `url` (which may hold credentials: never write it to a run folder)."""

    kind: ServerKind
    url: str
    provider: str  # "embedded", "docker", "url" or "aws"
    reason: str  # why this provider was chosen, for people
    facts: Mapping[str, str] = field(default_factory=dict)  # image, digest, limits, binary version: no secrets


class RunningServer(Protocol):
    """A server a provider started (or found), and the handle to it."""

    @property
    def server(self) -> Server: ...

    def pause(self) -> None:
        """Freeze it, so that it takes no CPU while another server is measured."""

    def resume(self) -> None:
        """Let it go on, and wait until it answers."""

    def stop(self) -> None:
        """End it and remove its data; safe to call twice."""
