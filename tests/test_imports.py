"""The import rules: the data flow is the folder layout."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.fast

ROOT = Path(__file__).parents[1]
OURS = {"workloads", "targets", "loadtests", "results"}
ALLOWED = {
    "workloads": {"workloads"},
    "results": {"results"},
    "targets": {"targets", "workloads"},
    "loadtests": OURS,
}
DRIVERS = {
    "asyncpg": {"targets/postgres.py"},
    "boto3": {"targets/dynamodb_boto3.py", "targets/aws.py"},
    "botocore": {"targets/dynamodb_boto3.py", "targets/aws.py"},
    "httptools": {"targets/wire.py"},
    "testcontainers": {"targets/providers/docker.py"},
}
WITH_LOCUST = {
    "loadtests/chat.py",
    "loadtests/control.py",
    "loadtests/mirror.py",
    "loadtests/web_page.py",
    "loadtests/worker_control.py",
}
WITH_GEVENT = {*WITH_LOCUST, "loadtests/director.py", "loadtests/engine_process.py", "loadtests/signals.py"}


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


def everything() -> list[tuple[str, str]]:
    return [
        (str(path.relative_to(ROOT)), name) for package in OURS for path in modules(package) for name in imported(path)
    ]


def test_there_is_something_to_check() -> None:
    assert all(len(modules(package)) > 5 for package in OURS)


@pytest.mark.parametrize("package", sorted(OURS))
def test_a_package_imports_only_what_stands_before_it(package: str) -> None:
    found = {(str(path.relative_to(ROOT)), name) for path in modules(package) for name in imported(path)}
    assert {(path, name) for path, name in found if name in OURS - ALLOWED[package]} == set()


@pytest.mark.parametrize("driver", sorted(DRIVERS))
def test_a_driver_is_imported_in_its_own_target_s_files_only(driver: str) -> None:
    users = {path for path, name in everything() if name == driver}
    assert users
    assert users <= DRIVERS[driver]


def test_locust_is_imported_by_the_control_plane_only_and_never_by_the_engine() -> None:
    assert {path for path, name in everything() if name == "locust"} == WITH_LOCUST
    assert {path for path, name in everything() if name == "gevent"} <= WITH_GEVENT


def test_the_docker_folder_is_no_package_that_would_shadow_the_sdk() -> None:
    assert not (ROOT / "docker" / "__init__.py").exists()
