"""Gives stock Locust the warm-up it lacks: what came before is forgotten, and its CPU is counted from there."""

from __future__ import annotations

import json
import os
import time
from typing import Any

import gevent
from locust.env import Environment


def warm_up(environment: Environment) -> None:
    """Forget all statistics once every user has worked for BENCH_WARMUP_S; print the CPU used since, in s."""
    warmup_s = float(os.environ["BENCH_WARMUP_S"])
    began_s = 0.0

    def forget() -> None:
        nonlocal began_s
        environment.runner.stats.reset_all()
        began_s = time.process_time()

    def on_spawning_complete(**_: Any) -> None:
        gevent.spawn_later(warmup_s, forget)

    def on_test_stop(**_: Any) -> None:
        print(json.dumps({"cpu_s": time.process_time() - began_s}), flush=True)

    environment.events.spawning_complete.add_listener(on_spawning_complete)
    environment.events.test_stop.add_listener(on_test_stop)
