"""A bare asyncpg loop on uvloop: the least Python can do to read users from PostgreSQL.

Prints one JSON line; BENCH_URL is the server, BENCH_KEYS a JSON file of [tenant, user] pairs.
"""

from __future__ import annotations

import json
import os
import random
import time
from functools import partial
from pathlib import Path

import asyncpg
import uvloop

from benches.bare_loop import measure

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


if __name__ == "__main__":
    stored = json.loads(Path(os.environ["BENCH_KEYS"]).read_text(encoding="utf-8"))
    uvloop.run(measure(partial(lane, os.environ["BENCH_URL"], stored)))
