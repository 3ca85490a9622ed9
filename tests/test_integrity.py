"""Right and wrong answers of real databases, seen by whole runs; and the engines' findings added up."""

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from results.integrity import limit, merge, unchecked
from targets.server import ServerKind
from tests.conftest import Servers
from tests.locust_runs import LocustRun

LOAD = ["--rate", "60", "--warmup", "1s", "--stored-users", "50", "--people", "50", "--stored-chats-per-user", "2"]


def part(**changes: Any) -> dict[str, Any]:
    """What an engine reports that found nothing wrong."""
    read_back = {
        "chats": 2,
        "acknowledged": 5,
        "lost": 0,
        "duplicates": 0,
        "not_read": 0,
        "read_units": 1.5,
        "note": "",
    }
    found = {"replies": 100, "faults": {}, "examples": [], "unknown_writes": 1, "oracle_ns": 200_000}
    return {**found, "read_back": read_back, **changes}


@pytest.mark.fast
def test_findings_of_two_engines_are_added_and_their_examples_stay_in_order_of_time() -> None:
    late, early = [{"at_s": at_s, "check": "gap"} for at_s in (2.0, 1.0)]
    merged = merge([part(faults={"gap": 2}, examples=[late]), part(faults={"gap": 1, "row": 1}, examples=[early])])
    assert (merged["replies"], merged["violations"], merged["by_check"]) == (200, 4, {"gap": 3, "row": 1})
    assert merged["examples"] == [early, late]
    assert merged["read_back"]["acknowledged"] == 10
    assert merged["cost_us_per_op"] == 2.0


@pytest.mark.fast
def test_wrong_answers_miss_the_limit_and_unchecked_ones_have_none() -> None:
    assert limit(merge([part()]))[0]["ok"]
    missed = limit(merge([part(faults={"gap": 2})]))[0]
    assert (missed["ok"], missed["value"]) == (False, "2 wrong: gap 2")
    assert limit(unchecked("canned")) == []


@pytest.mark.parametrize(
    ("target", "rate"),
    [("postgres", 60), ("dynamodb-local", 60), ("dynamodb-local-boto3", 10)],  # what boto3 can hold on a busy machine
)
def test_a_sound_database_answers_right_and_keeps_every_append(
    servers: Servers, tmp_path: Path, target: str, rate: int
) -> None:
    kind: ServerKind = "postgres" if target == "postgres" else "dynamodb-local"
    load = [*LOAD, "--rate", str(rate), "-t", "6s"]
    locust = LocustRun(tmp_path, "--target", target, "--url", servers.shared(kind).server.url, *load)
    found = locust.sound()["integrity"]
    assert (found["violations"], found["examples"]) == (0, [])
    assert found["replies"] > 20 * rate  # of 5 seconds' turns, each of several operations
    assert found["read_back"]["acknowledged"] > 2 * rate
    assert (found["read_back"]["lost"], found["read_back"]["not_read"]) == (0, 0)
    assert found["cost_us_per_op"] > 0
    assert (found["staleness"] is None) == (target == "postgres")


def test_messages_that_vanish_are_found_and_fail_the_run(servers: Servers, tmp_path: Path) -> None:
    url = servers.shared("postgres").server.url
    locust = LocustRun(tmp_path, "--target", "postgres", "--url", url, "--prefix", "vanish_", *LOAD, "-t", "8s")
    locust.measuring(2)

    async def vanish() -> str:
        connection = await asyncpg.connect(url)
        try:
            found = await connection.fetchval("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'vanish%'")
            return str(await connection.execute(f'DELETE FROM "{found}".messages WHERE seq = 1'))
        finally:
            await connection.close()

    assert int(asyncio.run(vanish()).split()[1]) > 0
    run = locust.sound(1)
    assert run["exit_code"] in (1, 4)
    assert run["integrity"]["violations"] > 0
    assert {"gap", "read_your_writes", "lost_append"} & run["integrity"]["by_check"].keys()
    assert run["integrity"]["examples"][0]["chat_id"]
    assert not next(limit for limit in run["limits"] if limit["name"] == "integrity")["ok"]


def test_the_oracle_can_be_switched_off_and_the_run_says_so(tmp_path: Path) -> None:
    locust = LocustRun(tmp_path, "--target", "memory", "--no-oracle", *LOAD, "-t", "3s")
    assert locust.sound()["integrity"] == {"checked": False, "why": "switched off by --no-oracle"}
