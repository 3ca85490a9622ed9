"""A bare asyncpg loop on uvloop: the least Python can do to read users from PostgreSQL. Prints one JSON line.

BENCH_URL is the server, BENCH_KEYS a JSON file of [tenant, user] pairs, BENCH_WARMUP_S and BENCH_DURATION_S seconds.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from pathlib import Path

import asyncpg
import uvloop

CONNECTIONS = 16
QUERY = "SELECT tenant_id, id, email, name, role_id FROM dbverdict_chat.users WHERE tenant_id = $1 AND id = $2"


async def lane(url: str, keys: list[list[str]], open_ns: int, close_ns: int, took_ns: list[int]) -> None:
    """One connection that reads without a pause until `close_ns`."""
    connection = await asyncpg.connect(url)
    fetch = (await connection.prepare(QUERY)).fetchrow
    choice, clock = random.choice, time.perf_counter_ns
    done = clock()
    while done < close_ns:
        began = done
        row = await fetch(*choice(keys))
        done = clock()
        if row is None:
            raise LookupError("a user is missing")
        if began >= open_ns:
            took_ns.append(done - began)
    await connection.close()


async def main(keys: list[list[str]]) -> None:
    """Warm up, read, print operations a second, p50 in ms and CPU per operation in µs."""
    warmup_s, duration_s = float(os.environ["BENCH_WARMUP_S"]), float(os.environ["BENCH_DURATION_S"])
    open_ns = time.perf_counter_ns() + int(warmup_s * 1e9)
    close_ns = open_ns + int(duration_s * 1e9)
    took_ns: list[int] = []
    lanes = [lane(os.environ["BENCH_URL"], keys, open_ns, close_ns, took_ns) for _ in range(CONNECTIONS)]
    running = asyncio.gather(*lanes)
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
