"""What stands in run.json before the first turn: target, workload, load, floor. No secrets."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from loadtests.settings import Settings
from targets.catalog import Design
from targets.server import Server

Facts = dict[str, Any]


def experiment_facts(experiment: Mapping[str, Any]) -> Facts | None:
    """Which experiment this run belongs to, and its place there; None for a run of its own."""
    return {key: experiment[key] for key in ("id", "round", "order")} if "id" in experiment else None


def target_facts(design: Design, server: Server | None, prepared: Mapping[str, Any]) -> Facts:
    """The design, and the server as the provider and the server itself describe it."""
    return {
        "name": design.name,
        "driver": design.driver,
        "badge": design.badge,
        "provider": server.provider if server else "none",
        "provider_reason": server.reason if server else "needs no server",
        "endpoint": _endpoint(server),
        "server": prepared.get("server", {}),
        "facts": dict(server.facts) if server else {},
    }


def workload_facts(settings: Settings, prepared: Mapping[str, Any]) -> Facts:
    """What is asked, with the fingerprints that make it comparable."""
    return {
        "name": settings.workload.name,
        "seed": settings.seed,
        "fingerprint": prepared["fingerprint"],
        "parameters": prepared["parameters"],
        "dataset": prepared["dataset"],
    }


def load_facts(settings: Settings, users: int, spawn_rate: float, workers: int, priority: str) -> Facts:
    """How it is asked."""
    return {
        "model": settings.model,
        "rate_turns": settings.rate_turns,
        "arrivals": settings.arrivals,
        "users": users,
        "spawn_rate": spawn_rate,
        "people": settings.people if settings.model == "rate" else None,
        "connections": settings.connections,
        "time_scale": settings.time_scale,
        "timeout_s": settings.timeout_s,
        "workers": workers,
        "engine_priority": priority,
    }


def floor_facts(floor_ns: Mapping[str, int]) -> Facts:
    """What the harness costs by itself, from the engine's own trial."""
    return {
        "service_ms": {name: value / 1e6 for name, value in floor_ns.items()},
        "method": "2,000 null operations through the stopwatch in this engine, before the load",
    }


def _endpoint(server: Server | None) -> str | None:
    """Host and port alone: a URL may hold a password."""
    if server is None or not server.url:
        return None
    parts = urlsplit(server.url)
    return f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname


def command_line() -> str:
    """The command line, with the credentials of every URL left out."""
    words = " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])
    return re.sub(r"://[^@\s]*@", "://***@", words)
