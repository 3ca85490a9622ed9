"""A bare aiobotocore loop on uvloop reading users from DynamoDB Local; runs in an environment of its own.

Prints one JSON line. Needs nothing of dbverdict: BENCH_URL, BENCH_KEYS, BENCH_WARMUP_S, BENCH_DURATION_S as the others.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from pathlib import Path
from typing import Any

import uvloop
from aiobotocore.session import get_session

CONNECTIONS = 16


async def lane(client: Any, keys: list[list[str]], open_ns: int, close_ns: int, took_ns: list[int]) -> None:
    """One reader without a pause until `close_ns`."""
    done = time.perf_counter_ns()
    while done < close_ns:
        began = done
        tenant_id, user_id = random.choice(keys)
        answer = await client.get_item(
            TableName="dbverdict_chat",
            Key={"PK": {"S": f"T#{tenant_id}#USER#{user_id}"}, "SK": {"S": "PROFILE"}},
            ConsistentRead=True,
            ReturnConsumedCapacity="TOTAL",
        )
        done = time.perf_counter_ns()
        if "Item" not in answer:
            raise LookupError("a user is missing")
        if began >= open_ns:
            took_ns.append(done - began)


async def main(keys: list[list[str]]) -> None:
    """Warm up, read, print operations a second, p50 in ms and CPU per operation in µs."""
    warmup_s, duration_s = float(os.environ["BENCH_WARMUP_S"]), float(os.environ["BENCH_DURATION_S"])
    made = get_session().create_client(
        "dynamodb",
        endpoint_url=os.environ["BENCH_URL"],
        region_name="us-east-1",
        aws_access_key_id="dbverdictlocal",
        aws_secret_access_key="not-a-secret",
    )
    async with made as client:
        open_ns = time.perf_counter_ns() + int(warmup_s * 1e9)
        close_ns = open_ns + int(duration_s * 1e9)
        took_ns: list[int] = []
        running = asyncio.gather(*(lane(client, keys, open_ns, close_ns, took_ns) for _ in range(CONNECTIONS)))
        await asyncio.sleep(warmup_s)
        cpu_s = time.process_time()
        await running
        cpu_s = time.process_time() - cpu_s
    took_ns.sort()
    number = len(took_ns)
    reading = {
        "ops_per_s": number / duration_s,
        "p50_ms": took_ns[number // 2] / 1e6,
        "cpu_us_per_op": cpu_s / number * 1e6,
    }
    print(json.dumps(reading))


if __name__ == "__main__":
    uvloop.run(main(json.loads(Path(os.environ["BENCH_KEYS"]).read_text(encoding="utf-8"))))
