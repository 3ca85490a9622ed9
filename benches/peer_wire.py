"""A bare loop over our own wire driver: what a read from DynamoDB costs without schedule, recording and oracle.

Prints one JSON line; BENCH_URL is the server, BENCH_KEYS a JSON file of [tenant, user] pairs.
"""

from __future__ import annotations

import json
import os
import random
import time
from functools import partial
from pathlib import Path

import uvloop

from benches.bare_loop import measure
from targets.dynamodb import LOCAL_CREDENTIALS, LOCAL_REGION
from targets.dynamodb_design import Call, SingleTable
from targets.sigv4 import FixedCredentials, Signer
from targets.wire import WireConnection, parse_endpoint
from workloads.operations import GetUser


async def lane(url: str, calls: list[Call], open_ns: int, close_ns: int, took_ns: list[int]) -> None:
    """One connection that reads without a pause until `close_ns`."""
    endpoint = parse_endpoint(url)
    signer = Signer(FixedCredentials(LOCAL_CREDENTIALS), LOCAL_REGION, "dynamodb", endpoint.authority)
    wire = WireConnection(endpoint, signer, 5.0)
    await wire.open()
    choice, clock = random.choice, time.perf_counter_ns
    done = clock()
    while done < close_ns:
        began = done
        answer = await wire.call(*choice(calls))
        done = clock()
        if "Item" not in answer:
            raise LookupError("a user is missing")
        if began >= open_ns:
            took_ns.append(done - began)
    await wire.close()


if __name__ == "__main__":
    keys = json.loads(Path(os.environ["BENCH_KEYS"]).read_text(encoding="utf-8"))
    design = SingleTable("dbverdict_chat")
    reads = [next(design.converse(GetUser(tenant_id, user_id))) for tenant_id, user_id in keys]
    uvloop.run(measure(partial(lane, os.environ["BENCH_URL"], reads)))
