"""What the bare loops share: so many lanes without a pause, a warm-up that is thrown away, one JSON line.

Standard library only: aiobotocore's environment has nothing of dbverdict. BENCH_WARMUP_S and BENCH_DURATION_S are
seconds.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable

CONNECTIONS = 16

Lane = Callable[[int, int, list[int]], Awaitable[None]]
"""Reads without a pause until the second instant; adds the ns of each read that began after the first to the list."""


async def measure(lane: Lane) -> None:
    """Run 16 lanes; print operations a second, p50 in ms and CPU per operation in µs."""
    warmup_s, duration_s = float(os.environ["BENCH_WARMUP_S"]), float(os.environ["BENCH_DURATION_S"])
    open_ns = time.perf_counter_ns() + int(warmup_s * 1e9)
    close_ns = open_ns + int(duration_s * 1e9)
    took_ns: list[int] = []
    running = asyncio.gather(*(lane(open_ns, close_ns, took_ns) for _ in range(CONNECTIONS)))
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
