"""Which provider a server comes from, and why; nothing is started here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from targets.protocol import SetupError
from targets.server import ServerKind, ServerOptions


@dataclass(frozen=True)
class Choice:
    """A provider and the reason it was chosen, as people read it: "embedded: no Docker daemon answers"."""

    provider: Literal["embedded", "docker", "url", "aws"]
    reason: str


@dataclass(frozen=True)
class Availability:
    """Whether a server of a kind can run here, from which provider, and why or why not."""

    can_run: bool
    provider: str
    reason: str


def url_for(kind: ServerKind, options: ServerOptions, target: str | None = None) -> str | None:
    """The URL a person gave for this target, else for this kind of server; None when there is none."""
    return options.urls.get(target or kind) or options.urls.get(kind)


def choose(kind: ServerKind, options: ServerOptions, target: str | None = None) -> Choice:
    """The provider for this kind of server; raises `SetupError` when `url` was asked for and none was given."""
    asked = options.provider
    if asked in ("auto", "url") and url_for(kind, options, target):
        return Choice("url", "url: given with --url")
    if kind == "aws":
        return Choice("aws", "aws: AWS itself, nothing is started")
    if asked == "url":
        raise SetupError(f"--provider url needs the address of your server: --url {target or kind}=URL")
    if asked == "auto":
        return _automatic(kind)
    return Choice(asked, f"{asked}: asked for with --provider")


def _automatic(kind: ServerKind) -> Choice:
    lack = docker_missing(kind)
    if lack:
        return Choice("embedded", f"embedded: {lack}")
    return Choice("docker", "docker: a daemon answers and has the image")


def docker_missing(kind: ServerKind) -> str:
    """Why Docker cannot run this kind of server now, without pulling; empty when it can."""
    try:
        from targets.providers import docker
    except ModuleNotFoundError:
        return "the Docker client is not installed"
    return docker.missing(kind)


def availability(kind: ServerKind, options: ServerOptions, target: str | None = None) -> Availability:
    """Whether this kind of server can run here, for `dbverdict targets`: quick; nothing is started or fetched."""
    try:
        choice = choose(kind, options, target)
    except SetupError as error:
        return Availability(False, options.provider, str(error))
    lack = _lack(kind, choice)
    return Availability(not lack, choice.provider, lack or choice.reason)


def _lack(kind: ServerKind, choice: Choice) -> str:
    if choice.provider == "embedded":
        from targets.providers import embedded

        return embedded.missing(kind)
    if choice.provider == "docker":
        return docker_missing(kind)
    return "needs --allow-aws, credentials and a region; it costs money" if choice.provider == "aws" else ""
