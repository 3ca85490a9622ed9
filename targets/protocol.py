"""The seam between dbverdict and a database design: two small protocols and a small tree of errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from workloads.dataset import Dataset
from workloads.operations import Operation, Reply


class TargetError(Exception):
    """A failure that is data: the operation's outcome. Anything else a target raises is a bug and stops the run."""

    outcome = "unavailable"


class Unavailable(TargetError):
    """The database could not be reached, or the connection broke; the connection must be replaced."""

    outcome = "unavailable"


class TimedOut(TargetError):
    """The database itself gave up waiting (a lock or statement time-out)."""

    outcome = "timeout"


class Throttled(TargetError):
    """The database refused the operation for want of capacity."""

    outcome = "throttled"


class Conflict(TargetError):
    """The operation's condition did not hold: a position or an id is taken."""

    outcome = "conflict"


class WrongAnswer(TargetError):
    """The answer breaks the protocol: a checksum, a shape, a missing field."""

    outcome = "wrong_answer"


class SetupError(Exception):
    """Something a person must mend before a run can start; the message names the cure in one line. Exit code 2."""


class Connection(Protocol):
    """One lane to the database, used by one operation at a time."""

    async def execute(self, operation: Operation) -> Reply:
        """Run one operation; raises a `TargetError` when it fails."""

    async def close(self) -> None:
        """Give the connection back; never raises because the server has gone."""

    def abort(self) -> None:
        """Break the connection off at once, whatever runs on it; the engine calls it after a time-out or a failure."""


class BlockingConnection(Protocol):
    """The same for an SDK that blocks; a lane process runs it in a thread of its own."""

    def execute(self, operation: Operation) -> Reply:
        """Run one operation; raises a `TargetError` when it fails."""

    def close(self) -> None:
        """Give the connection back; never raises because the server has gone."""


class Target(Protocol):
    """A database design under test. It knows how to answer an Operation, and nothing of clocks, load or results."""

    async def prepare(self, dataset: Dataset) -> None:
        """Make schema and data clean, in our own namespace only; quick when they are clean already.

        Marks the data dirty when `dataset.will_be_written`. Raises `SetupError`.
        """

    async def connect(self) -> Connection:
        """Open one lane; raises `Unavailable`, or `SetupError` for what only a person can mend (a wrong password)."""

    async def describe(self) -> Mapping[str, str]:
        """What the server says of itself: version, durability, consistency."""

    async def drop(self) -> None:
        """Remove what `prepare` made, and nothing else."""


class BlockingTarget(Target, Protocol):
    """A target whose driver blocks: lane processes call `connect_blocking` instead of `connect`."""

    def connect_blocking(self) -> BlockingConnection:
        """Open one lane from a thread; raises `Unavailable` or `SetupError`."""
