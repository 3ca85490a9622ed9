"""Servers as containers, published on 127.0.0.1 only, with the limits a person asked for."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from targets.protocol import SetupError
from targets.providers import readiness
from targets.providers.fetch import LICENCE, Say
from targets.providers.images import image_name, image_variable
from targets.providers.kept import Kept
from targets.providers.settings import (
    DYNAMODB_LOCAL_OPTIONS,
    JVM_OPTIONS,
    POSTGRES_INITDB,
    POSTGRES_SETTINGS,
    settings_fact,
)
from targets.server import Server, ServerKind, ServerOptions

# By name: to a type checker and a formatter that start from this repository, `docker` is our own folder of that name.
sdk: Any = import_module("docker")
DockerException = sdk.errors.DockerException

_READY_LIMIT_S = 90.0
_ASK_TIMEOUT_S = 3.0
_USER = "dbverdict"
_PORTS: Mapping[ServerKind, int] = {"postgres": 5432, "dynamodb-local": 8000}
_REMOVE = "import docker, sys; docker.from_env().api.remove_container(sys.argv[1], force=True, v=True)"


class ContainerServer:
    """A container of our own; it and its volumes go when it is stopped, or when our process ends."""

    def __init__(self, server: Server, container: DockerContainer, kept: Kept, answers: Callable[[], bool]) -> None:
        self._server = server
        self._container = container
        self._kept = kept
        self._answers = answers

    @property
    def server(self) -> Server:
        """Where it answers, and what it is."""
        return self._server

    @property
    def pid(self) -> int | None:
        """The server's process as this machine sees it; None where the daemon runs in a machine of its own."""
        self._container.reload()
        return int(self._container.get_wrapped_container().attrs["State"]["Pid"]) or None

    def pause(self) -> None:
        """Freeze the container, as `docker pause` does."""
        with _daemon_errors("cannot pause the container"):
            self._container.get_wrapped_container().pause()

    def resume(self) -> None:
        """Let it go on, and wait until it answers; raises `SetupError` when it has died."""
        with _daemon_errors("cannot resume the container"):
            self._container.get_wrapped_container().unpause()
        self.wait()

    def stop(self) -> None:
        """Remove it and its volumes; safe to call twice."""
        self._kept.end()
        self._container.get_docker_client().client.close()

    def wait(self) -> None:
        """Wait until it answers through its published port; raises `SetupError` with its last words."""
        readiness.wait_until(self._answers, self._alive, _READY_LIMIT_S, self._last_words)

    def _alive(self) -> bool:
        with _daemon_errors("the container is gone"):
            self._container.reload()
        return self._container.status in ("created", "running")

    def _last_words(self) -> str:
        lines = b"".join(self._container.get_logs()).decode(errors="replace").split("\n")
        said = next((line.strip() for line in reversed(lines) if line.strip()), "it logged nothing")
        return f"the container of {self._server.facts['image']} does not answer ({said}): see `docker info`"


def missing(kind: ServerKind) -> str:
    """Why Docker cannot run this kind now, without pulling; empty when a daemon answers and has the image."""
    if kind not in _PORTS:
        return f"{kind} is not a container"
    try:
        client = _client()
    except DockerException:
        return "no Docker daemon answers"
    with contextlib.closing(client):
        try:
            client.images.get(image_name(kind))
        except sdk.errors.ImageNotFound:
            return f"Docker has no image {image_name(kind)}"
        except DockerException as error:
            return f"Docker did not answer ({_first_line(error)})"
    return ""


def start_docker(kind: ServerKind, options: ServerOptions, reason: str, say: Say) -> ContainerServer:
    """Start a container of this kind, pulling its image when it is not here.

    Raises `SetupError` without a daemon, an image or a network, or for limits that the daemon refuses.
    """
    if kind not in _PORTS:
        raise SetupError(f"{kind} cannot run in a container: leave --provider out")
    digest = _ready_image(kind, say)
    if kind == "dynamodb-local":
        say(LICENCE)
    container, password = _describe_container(kind, options)
    # Made before the container: whenever our process is killed, the keeper knows the name to remove. It stands in for
    # Ryuk, the reaper of testcontainers, which needs a further image and listens on every interface.
    kept = Kept({"at_end": [sys.executable, "-I", "-c", _REMOVE, container._name]}, "the container's keeper")
    try:
        with _daemon_errors(f"Docker cannot start {image_name(kind)}"):
            container.start()
            running = _running(kind, options, reason, container, kept, password, digest)
        running.wait()
    except BaseException:  # Ctrl-C as well: whatever ends the start must not leave the container behind
        kept.end()
        raise
    return running


def _running(
    kind: ServerKind,
    options: ServerOptions,
    reason: str,
    container: DockerContainer,
    kept: Kept,
    password: str,
    digest: str,
) -> ContainerServer:
    container.reload()
    published = container.get_wrapped_container().ports[f"{_PORTS[kind]}/tcp"]
    port = int(published[0]["HostPort"])
    facts = {
        "image": image_name(kind),
        "digest": digest,
        "settings": " ".join([*JVM_OPTIONS, *DYNAMODB_LOCAL_OPTIONS])
        if kind == "dynamodb-local"
        else settings_fact(POSTGRES_SETTINGS),
        "cpus": "unlimited" if options.cpus is None else f"{options.cpus:g}",
        "memory": options.memory or "unlimited",
    }
    if kind == "postgres":
        url = f"postgresql://{_USER}:{password}@127.0.0.1:{port}/postgres"
        answers = readiness.postgres_answers
    else:
        url, answers = f"http://127.0.0.1:{port}", readiness.http_answers
    server = Server(kind, url, "docker", reason, facts)
    return ContainerServer(server, container, kept, lambda: answers("127.0.0.1", port))


def _describe_container(kind: ServerKind, options: ServerOptions) -> tuple[DockerContainer, str]:
    testcontainers_config.ryuk_disabled = True
    logging.getLogger("testcontainers").setLevel(logging.WARNING)
    container = DockerContainer(image_name(kind)).with_name(f"dbverdict-{kind}-{secrets.token_hex(4)}")
    # testcontainers' own with_bind_ports cannot name an address; Docker's default is every interface.
    container.ports[f"{_PORTS[kind]}/tcp"] = ("127.0.0.1", None)
    password = secrets.token_urlsafe(24)
    limits: dict[str, Any] = {}
    if options.cpus is not None:
        if options.cpus <= 0:  # Docker would take 0 for no limit
            raise SetupError(f"--server-cpus must be above 0, not {options.cpus:g}")
        limits["nano_cpus"] = int(options.cpus * 1_000_000_000)
    if options.memory is not None:
        limits["mem_limit"] = options.memory
    if kind == "dynamodb-local":
        java = [*JVM_OPTIONS, "-Djava.library.path=./DynamoDBLocal_lib", "-jar", "DynamoDBLocal.jar"]
        container.with_command([*java, *DYNAMODB_LOCAL_OPTIONS])
    else:
        container.with_command(["postgres", *(f"--{name}={value}" for name, value in POSTGRES_SETTINGS.items())])
        container.with_envs(POSTGRES_USER=_USER, POSTGRES_PASSWORD=password, POSTGRES_DB="postgres")
        container.with_env("POSTGRES_INITDB_ARGS", " ".join(POSTGRES_INITDB))
        limits["shm_size"] = "256m"
    return container.with_kwargs(network="bridge", **limits), password


def _ready_image(kind: ServerKind, say: Say) -> str:
    """The image's digest, or its id when it was built here; pulled first when it is missing."""
    name = image_name(kind)
    try:
        client = _client()
    except DockerException as error:
        raise SetupError(
            "no Docker daemon answers: start Docker, or use --provider embedded (DOCKER_HOST must be on this machine)"
        ) from error
    with contextlib.closing(client):
        try:
            image = client.images.get(name)
        except sdk.errors.ImageNotFound:
            say(f"pulling the image {name}")
            image = _pull(client, name, kind)
        return str(next(iter(image.attrs.get("RepoDigests") or []), image.id))


def _pull(client: Any, name: str, kind: ServerKind) -> Any:
    try:
        return client.images.pull(name)
    except DockerException as error:
        raise SetupError(
            f"cannot pull the image {name} ({_first_line(error)}): build it with `python docker/local/build.py` and "
            f"name it in {image_variable(kind)}"
        ) from error


def _client() -> Any:
    """Docker's client, after a ping; raises `DockerException` when no daemon answers on this machine."""
    _check_place(sdk.utils.parse_host(os.environ.get("DOCKER_HOST"), sys.platform == "win32"))
    client = sdk.from_env(timeout=_ASK_TIMEOUT_S)
    try:
        client.ping()
    except BaseException:  # Ctrl-C as well: a client that is not handed on must not keep its socket
        client.close()
        raise
    client.api.timeout = 600.0  # a pull takes longer than a ping
    return client


def _check_place(host: str) -> None:
    parts = urlsplit(host)
    if parts.scheme == "http+unix":
        # Docker's client leaks its socket when nobody listens there, so ask first.
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(parts.path)
            except OSError as error:
                raise DockerException(f"no daemon listens ({error.strerror})") from error
    elif parts.scheme != "npipe" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise DockerException("its containers would be published on another machine")


@contextlib.contextmanager
def _daemon_errors(what: str) -> Iterator[None]:
    try:
        yield
    except DockerException as error:
        cure = "check --server-cpus, --server-memory and `docker info`"
        raise SetupError(f"{what}: {_first_line(error)}; {cure}") from error


def _first_line(error: BaseException) -> str:
    explanation = getattr(error, "explanation", None) or str(error)
    return str(explanation).strip().splitlines()[0][:200] if str(explanation).strip() else type(error).__name__
