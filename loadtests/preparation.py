"""Loading, once, before Locust's clock starts: a short-lived process, since Locust's own is monkey-patched.

Reads one JSON order on stdin, prepares the target and answers with one JSON line on stdout.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import uvloop

from targets.catalog import CATALOG, TargetOptions
from targets.protocol import SetupError, TargetError
from workloads.catalog import WorkloadOptions, make_workload
from workloads.fingerprint import fingerprint

_UNITS_PER_TURN = (5.4, 6.7)
"""Read and write units of a chat turn under D1, GSI included: what an estimate before the run goes by.

5.4 RCU and 4.7 WCU a turn are modelled on ShareGPT's sizes, and each turn re-keys the sidebar's index for 2 WCU more.
"""

_UNITS_PER_STORED_MESSAGE = 3.0


async def prepare(order: dict[str, Any]) -> dict[str, Any]:
    """Make the data clean; answers what the server says of itself and the fingerprints."""
    workload = make_workload(WorkloadOptions(**order["workload"]))
    dataset = workload.dataset(order["seed"])
    answer = {
        "fingerprint": fingerprint(workload, order["seed"]),
        "dataset": dataset.fingerprint,
        "parameters": dict(workload.parameters),
        "server": {},
    }
    design = CATALOG[order["target"]]
    if design.server is None:
        return answer
    target = design.make(TargetOptions(**order["target_options"]))  # refuses AWS without --allow-aws
    if design.badge == "managed":
        _announce_aws(order, sum(1 for _ in dataset.messages()))
    await target.prepare(dataset)
    return answer | {"server": dict(await target.describe())}


def _announce_aws(order: dict[str, Any], stored_messages: int) -> None:
    """Say whose account pays, and about how much, before anything is sent."""
    from results.prices import list_prices, usd
    from targets.aws import aws_identity

    identity = aws_identity(order["target_options"]["region"])
    turns = order["expected_turns"] or 0.0
    estimate = usd(
        turns * _UNITS_PER_TURN[0],
        turns * _UNITS_PER_TURN[1] + stored_messages * _UNITS_PER_STORED_MESSAGE,
        list_prices(),
    )
    print(
        f"AWS account {identity.account}, region {identity.region}: about ${estimate:.2f} for loading and "
        f"{turns:,.0f} turns at list price; the run ends at --max-usd {order['max_usd']:.2f}",
        file=sys.stderr,
    )


def main() -> None:
    """Serve one order."""
    try:
        answer = uvloop.run(prepare(json.load(sys.stdin)))
    except (SetupError, TargetError) as error:
        answer = {"error": str(error)}
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
