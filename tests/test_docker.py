"""Containers, for real: skipped with the reason where Docker cannot run them, a failure where it must (.ci/run)."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from testcontainers.community.postgres import PostgresContainer
from testcontainers.core.config import testcontainers_config

from loadtests.servers import Servers
from loadtests.settings import read
from targets.protocol import SetupError
from targets.providers import availability, choose, start
from targets.providers import docker as docker_provider
from targets.providers.docker import ContainerServer, sdk, start_docker
from targets.providers.images import image_name, image_variable, read_images
from targets.providers.settings import DYNAMODB_LOCAL_OPTIONS, POSTGRES_INITDB, POSTGRES_SETTINGS
from targets.server import ServerKind, ServerOptions

KINDS: tuple[ServerKind, ...] = ("postgres", "dynamodb-local")
REPOSITORY = Path(__file__).parents[1]
LIMITED = ServerOptions("docker", cpus=1.5, memory="768m")
LIMIT_S = 60.0

START_AND_WAIT = """
import sys
from targets.providers import start
from targets.server import ServerOptions
running = start(sys.argv[1], ServerOptions(provider="docker"))
if sys.argv[2] == "paused":
    running.pause()
print(running.pid, flush=True)
sys.stdin.read()
"""


def need_docker(kind: ServerKind) -> None:
    lack = docker_provider.missing(kind)
    if not lack:
        return
    if os.environ.get("DBVERDICT_REQUIRE_DOCKER") == "1":
        pytest.fail(f"DBVERDICT_REQUIRE_DOCKER=1, but {lack}")
    pytest.skip(lack)


@pytest.fixture(scope="module", params=KINDS)
def running(request: pytest.FixtureRequest) -> Iterator[ContainerServer]:
    need_docker(request.param)
    server = start_docker(request.param, LIMITED, "docker: a test", lambda _: None)
    yield server
    server.stop()


def inspect(pid: int | None) -> dict[str, object]:
    """What the daemon knows of the container whose main process this is."""
    client = sdk.from_env()
    (attributes,) = [c.attrs for c in client.containers.list() if c.attrs["State"]["Pid"] == pid]
    client.close()
    return dict(attributes)


def test_a_container_is_published_on_loopback_only(running: ContainerServer) -> None:
    settings = inspect(running.pid)["NetworkSettings"]
    assert isinstance(settings, dict)
    addresses = {place["HostIp"] for places in settings["Ports"].values() for place in places or []}
    assert addresses == {"127.0.0.1"}


def test_a_container_has_the_limits_that_its_facts_tell(running: ContainerServer) -> None:
    host = inspect(running.pid)["HostConfig"]
    assert isinstance(host, dict)
    assert (host["NanoCpus"], host["Memory"]) == (1_500_000_000, 768 * 1024 * 1024)
    facts = running.server.facts
    assert (facts["cpus"], facts["memory"], facts["image"]) == ("1.5", "768m", image_name(running.server.kind))
    assert re.search(r"sha256:[0-9a-f]{64}$", facts["digest"])


def test_a_paused_container_is_frozen_and_answers_after_resume(running: ContainerServer) -> None:
    running.pause()
    state = inspect(running.pid)["State"]
    assert isinstance(state, dict)
    assert state["Paused"] is True
    running.resume()
    state = inspect(running.pid)["State"]
    assert isinstance(state, dict)
    assert state["Paused"] is False
    running.wait()


@pytest.mark.parametrize("state", ["running", "paused"])
@pytest.mark.parametrize("kind", KINDS)
def test_killing_the_parent_removes_its_container(kind: ServerKind, state: str) -> None:
    need_docker(kind)
    with subprocess.Popen(
        [sys.executable, "-c", START_AND_WAIT, kind, state], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        server = int(parent.stdout.readline())
        name = str(inspect(server)["Name"]).lstrip("/")
        pidfd = os.pidfd_open(server)
        keepers = [os.pidfd_open(pid) for pid in children_of(parent.pid)]
        assert len(keepers) == 1
        parent.send_signal(signal.SIGKILL)
        assert select.select([pidfd], [], [], LIMIT_S)[0]
        assert select.select(keepers, [], [], LIMIT_S)[0]
    client = sdk.from_env()
    assert name not in [container.name for container in client.containers.list(all=True)]
    client.close()


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_auto_does_not_pull_an_image_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    need_docker("postgres")
    monkeypatch.setenv("DBVERDICT_IMAGE_POSTGRES", "dbverdict-local/absent:1")
    choice = choose("postgres", ServerOptions())
    assert (choice.provider, choice.reason) == ("embedded", "embedded: Docker has no image dbverdict-local/absent:1")
    assert not availability("postgres", ServerOptions("docker")).can_run


def test_an_experiment_s_containers_work_one_at_a_time_round_after_round() -> None:
    need_docker("postgres")
    need_docker("dynamodb-local")
    common = {"provider": "docker", "stored_users": "20", "people": "20", "rate": "5"}
    settings = {target: read({**common, "target": target}) for target in ("postgres", "dynamodb-local", "null")}
    servers, seen = Servers(lambda line: None), set[int]()
    try:
        for target in ("postgres", "postgres", "dynamodb-local", "dynamodb-local", "postgres", "null", "postgres"):
            chosen = servers.only(settings[target])
            assert (chosen is None) == (target == "null")
            assert chosen is None or isinstance(chosen, ContainerServer)
            seen |= set() if chosen is None or chosen.pid is None else {chosen.pid}
            working = [pid for pid in seen if inspect(pid)["State"]["Status"] == "running"]  # type: ignore[index]
            assert working == ([] if chosen is None else [chosen.pid])
    finally:
        servers.close()


def test_auto_takes_docker_where_the_image_is(monkeypatch: pytest.MonkeyPatch) -> None:
    need_docker("postgres")
    assert choose("postgres", ServerOptions()).provider == "docker"


def test_an_image_that_cannot_be_pulled_is_one_line_with_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    need_docker("postgres")
    # A registry on a closed port of this machine: nothing outside is asked.
    monkeypatch.setenv("DBVERDICT_IMAGE_POSTGRES", "127.0.0.1:1/absent:1")
    with pytest.raises(SetupError, match=r"cannot pull .*docker/local/build.py.*DBVERDICT_IMAGE_POSTGRES") as raised:
        start("postgres", ServerOptions("docker"))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("options", [ServerOptions("docker", cpus=0.0), ServerOptions("docker", memory="much")])
def test_an_impossible_limit_is_one_line_and_leaves_no_container(
    options: ServerOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_docker("postgres")
    mark = f"limit{os.getpid()}"
    monkeypatch.setattr("targets.providers.docker.secrets.token_hex", lambda _: mark)
    with pytest.raises(SetupError, match="--server-"):
        start("postgres", options)
    client = sdk.from_env()
    assert not client.containers.list(all=True, filters={"name": mark})
    client.close()


def test_the_postgres_image_runs_init_scripts_under_testcontainers_own_class(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_docker("postgres")
    monkeypatch.setattr(testcontainers_config, "ryuk_disabled", True)
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)  # the container's user must reach it
    (tmp_path / "first.sql").write_text("CREATE TABLE made (n int); INSERT INTO made VALUES (41 + 1);")
    with PostgresContainer(
        image_name("postgres"), username="someone", password="it's", dbname="chat", driver=None
    ).with_volume_mapping(tmp_path, "/docker-entrypoint-initdb.d") as container:
        query = "PGPASSWORD=\"it's\" psql -h 127.0.0.1 -U someone -d chat -Atc 'SELECT n FROM made'"
        done = container.exec(["sh", "-c", query])
    assert (done.exit_code, done.output) == (0, b"42\n")


def compose() -> str:
    return (REPOSITORY / "docker" / "compose.yaml").read_text()


@pytest.mark.parametrize("kind", KINDS)
def test_compose_names_the_same_image_and_the_same_variable(kind: ServerKind) -> None:
    assert f"image: ${{{image_variable(kind)}:-{read_images('images')[kind]}}}" in compose()


def test_compose_gives_the_servers_the_same_settings() -> None:
    for name, value in POSTGRES_SETTINGS.items():
        assert f"- --{name}={value}\n" in compose()
    assert f"POSTGRES_INITDB_ARGS: {' '.join(POSTGRES_INITDB)}\n" in compose()
    assert f"-jar, DynamoDBLocal.jar, {', '.join(DYNAMODB_LOCAL_OPTIONS)}]" in compose()


def test_compose_publishes_on_loopback_only_and_limits_every_server() -> None:
    published = re.findall(r"^ +- (\S+):(?:5432|8000)$", compose(), re.MULTILINE)
    assert [place.partition(":")[0] for place in published] == ["127.0.0.1", "127.0.0.1"]
    assert (compose().count("cpus:"), compose().count("mem_limit:"), compose().count("healthcheck:")) == (2, 2, 2)


def test_images_are_named_nowhere_else() -> None:
    images = read_images("images").values()
    python = [path for folder in ("targets", "loadtests", "docker") for path in (REPOSITORY / folder).rglob("*.py")]
    assert not [path for path in python for image in images if image in path.read_text()]
