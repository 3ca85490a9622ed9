"""Every compared design by name, on one screen; a driver is imported only when its target is made."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from typing import Literal, cast

from targets.protocol import SetupError, Target
from targets.server import ServerKind
from workloads.operations import GetUserByEmail, ListChats

Badge = Literal["emulator", "managed", "self-hosted", "harness"]


@dataclass(frozen=True)
class TargetOptions:
    """What a target is told; plain values, so that `dataclasses.asdict` is the JSON an engine receives.

    `url` may hold a password: it goes to the engine's stdin and never to a run folder.
    """

    url: str = ""
    prefix: str = "dbverdict_"
    connections: int = 16
    timeout_s: float = 5.0
    allow_aws: bool = False
    region: str | None = None


@dataclass(frozen=True)
class Design:
    """A line of the catalog; `in_process` data live in the process that prepared them, so the engine prepares too."""

    name: str
    summary: str
    badge: Badge
    server: ServerKind | None
    driver: str
    factory: str  # "module:attribute", imported by `make`
    blocking: bool = False
    in_process: bool = False
    eventual: frozenset[type] = frozenset()  # operations that may show how things were, by choice
    truthful: bool = True  # False: the answers are canned, and nobody need check them
    aws: bool | None = None  # passed on to the factories that serve both DynamoDB Local and AWS

    def make(self, options: TargetOptions) -> Target:
        """Import the driver and build the target; raises `SetupError` for options it cannot use."""
        module, _, attribute = self.factory.partition(":")
        build = getattr(import_module(module), attribute)
        return cast(Target, build(options) if self.aws is None else build(options, aws=self.aws))


_WIRE = "targets.dynamodb:DynamoDbTarget"
_BOTO3 = "targets.dynamodb_boto3:DynamoDbBoto3Target"
_INDEXED = frozenset({GetUserByEmail, ListChats})  # they read the index

_DESIGNS = (
    Design(
        "null", "answers at once: the harness's own floor", "harness", None, "none", "targets.null:NullTarget",
        truthful=False,
    ),
    Design(
        "memory", "a dict: the reference meaning of every operation", "harness", None, "none",
        "targets.memory:MemoryTarget", in_process=True,
    ),
    Design(
        "postgres", "PostgreSQL, one row a message (P1)", "self-hosted", "postgres", "asyncpg",
        "targets.postgres:PostgresTarget",
    ),
    Design(
        "dynamodb-local", "DynamoDB Local, single table (D1)", "emulator", "dynamodb-local", "wire",
        _WIRE, eventual=_INDEXED, aws=False,
    ),
    Design(
        "dynamodb-local-boto3", "the same through the SDK", "emulator", "dynamodb-local", "boto3",
        _BOTO3, blocking=True, eventual=_INDEXED, aws=False,
    ),
    Design(
        "dynamodb", "DynamoDB on AWS, single table (D1)", "managed", "aws", "wire",
        _WIRE, eventual=_INDEXED, aws=True,
    ),
    Design(
        "dynamodb-boto3", "the same through the SDK", "managed", "aws", "boto3",
        _BOTO3, blocking=True, eventual=_INDEXED, aws=True,
    ),
)  # fmt: skip

CATALOG: dict[str, Design] = {design.name: design for design in _DESIGNS}
"""Name to design, in the order people read it."""


def find_design(name: str) -> Design:
    """The design of this name; raises `SetupError` with the nearest match."""
    if name in CATALOG:
        return CATALOG[name]
    near = get_close_matches(name, CATALOG, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"choose one of {', '.join(CATALOG)}"
    raise SetupError(f"unknown target {name!r}: {hint}")
