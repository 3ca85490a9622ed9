"""Loading, once, before Locust's clock starts: a short-lived process, since Locust's own is monkey-patched.

Reads one JSON line on stdin, prepares the target and answers with one JSON line on stdout; ends when stdin ends.
"""

from __future__ import annotations

import json
import os
import sys
from threading import Thread
from typing import Any

import uvloop

from targets.catalog import CATALOG, TargetOptions
from targets.protocol import SetupError, TargetError
from workloads.catalog import WorkloadOptions, make_workload
from workloads.dataset import Dataset
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
    answer: dict[str, Any] = {
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
        answer["loading_usd"] = _announce_aws(order, dataset)
    await target.prepare(dataset)
    return answer | {"server": dict(await target.describe())}


def loading_usd(dataset: Dataset) -> float:
    """About what loading costs at list price, in USD."""
    from results.prices import list_prices, usd

    return usd(0.0, sum(1 for _ in dataset.messages()) * _UNITS_PER_STORED_MESSAGE, list_prices())


def _announce_aws(order: dict[str, Any], dataset: Dataset) -> float:
    """Say whose account pays, and about how much, before anything is sent; answers what loading costs, in USD.

    Raises `SetupError` when loading alone would cost more than `--max-usd`.
    """
    from results.prices import list_prices, usd
    from targets.aws import aws_identity

    identity = aws_identity(order["target_options"]["region"])
    turns = order["expected_turns"]
    loading = loading_usd(dataset)
    load = "a load that only the run can tell"
    if turns is not None:
        spent = usd(turns * _UNITS_PER_TURN[0], turns * _UNITS_PER_TURN[1], list_prices())
        load = f"${spent:.2f} for {turns:,.0f} turns"
    print(
        f"AWS account {identity.account}, region {identity.region}: at list price about ${loading:.2f} for loading "
        f"and {load}; the run ends at --max-usd {order['max_usd']:.2f}",
        file=sys.stderr,
    )
    if loading > order["max_usd"]:
        raise SetupError(f"loading alone costs about ${loading:.2f}: raise --max-usd or lower --stored-users")
    return loading


def _leave_with_parent() -> None:
    """Nobody waits for the answer any more when stdin ends: a load that goes on would surprise its owner."""
    os.read(sys.stdin.fileno(), 1)  # not sys.stdin: a thread that holds its lock would hinder the interpreter's end
    os._exit(1)


def main() -> None:
    """Serve one order."""
    try:
        order = json.loads(sys.stdin.readline())
        Thread(target=_leave_with_parent, daemon=True).start()
        answer = uvloop.run(prepare(order))
    except (SetupError, TargetError) as error:
        answer = {"error": str(error)}
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
