"""What the stopwatch itself costs, tried in each engine before its load."""

from __future__ import annotations

from loadtests.stopwatch import now_ns
from targets.catalog import TargetOptions
from targets.null import NullTarget
from workloads.operations import GetUser


async def floor_ns() -> dict[str, int]:
    """The cost of the stopwatch and of one call that does nothing: p50 and p99 of 2,000 null operations, in ns."""
    connection = await NullTarget(TargetOptions()).connect()
    operation = GetUser("", "")
    took = []
    for _ in range(2000):
        sent = now_ns()
        await connection.execute(operation)
        took.append(now_ns() - sent)
    took.sort()
    return {"p50": took[1000], "p99": took[1980]}
