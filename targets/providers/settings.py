"""What every server of a kind is told, embedded or in a container: a provider is no difference in settings."""

from __future__ import annotations

from collections.abc import Mapping

POSTGRES_INITDB = ("--encoding=UTF8", "--locale=C")
"""initdb's options: bytewise collation, the same on every machine."""

POSTGRES_SETTINGS: Mapping[str, str] = {
    "fsync": "on",
    "synchronous_commit": "on",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "shared_preload_libraries": "pg_stat_statements",
}
"""PostgreSQL's settings; durability is its default, said aloud since the measurement depends on it."""

JVM_OPTIONS = ("-XX:+UseParallelGC",)
"""DynamoDB Local's JVM: the collector with the least cost per request, so that the emulator's ceiling is its own."""

DYNAMODB_LOCAL_OPTIONS = ("-inMemory", "-sharedDb", "-disableTelemetry")
"""DynamoDB Local's options; the telemetry is always off."""


def settings_fact(settings: Mapping[str, str]) -> str:
    """The settings as one line for the run folder."""
    return " ".join(f"{name}={value}" for name, value in settings.items())
