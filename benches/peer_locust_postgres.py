"""Locust's own `PostgresUser`, as its documentation uses it: `locust -f benches/peer_locust_postgres.py --headless`.

BENCH_URL is the server, BENCH_KEYS a JSON file of [tenant, user] pairs. `PostgresUser` takes a query as one text.
"""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

from locust import constant, events, task
from locust.contrib.postgres import PostgresUser

from benches.fair_start import warm_up

KEYS = json.loads(Path(os.environ["BENCH_KEYS"]).read_text(encoding="utf-8"))


@events.init.add_listener  # type: ignore[untyped-decorator]
def on_init(environment: Any, **_: Any) -> None:
    warm_up(environment)


class Reader(PostgresUser):  # type: ignore[misc]
    wait_time = constant(0)
    conn_string = os.environ["BENCH_URL"]

    @task  # type: ignore[untyped-decorator]
    def get_user(self) -> None:
        tenant_id, user_id = random.choice(KEYS)
        self.client.execute_query(
            "SELECT tenant_id, id, email, name, role_id FROM dbverdict_chat.users"
            f" WHERE tenant_id = '{tenant_id}' AND id = '{user_id}'"
        )
