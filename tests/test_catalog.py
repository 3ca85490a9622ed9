"""The catalog: names, badges, and drivers that are imported only when they are used."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict

import pytest

from targets.catalog import CATALOG, TargetOptions, find_design
from targets.protocol import SetupError


def test_each_design_is_found_by_its_name_and_wears_its_badge() -> None:
    assert {name: find_design(name).badge for name in CATALOG} == {
        "null": "harness",
        "memory": "harness",
        "postgres": "self-hosted",
        "dynamodb-local": "emulator",
        "dynamodb-local-boto3": "emulator",
        "dynamodb": "managed",
        "dynamodb-boto3": "managed",
    }


@pytest.mark.parametrize(("typed", "meant"), [("postgre", "postgres"), ("dynamo-local", "dynamodb-local")])
def test_a_misspelt_name_gets_the_nearest(typed: str, meant: str) -> None:
    with pytest.raises(SetupError, match=f"unknown target '{typed}': did you mean '{meant}'"):
        find_design(typed)


def test_a_name_like_no_other_gets_the_list() -> None:
    with pytest.raises(SetupError, match="choose one of null, memory, postgres"):
        find_design("oracle")


def test_options_travel_as_json() -> None:
    options = TargetOptions(url="postgresql://u:p@127.0.0.1:5432/d", connections=4, region="eu-central-1")
    assert TargetOptions(**json.loads(json.dumps(asdict(options)))) == options


def test_the_catalog_imports_no_driver() -> None:
    code = "import sys, targets.catalog; print(sorted({'asyncpg', 'boto3', 'botocore', 'locust'} & set(sys.modules)))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert printed.stdout.strip() == "[]"


@pytest.mark.parametrize("name", CATALOG)
def test_each_factory_names_a_class_that_exists(name: str) -> None:
    options = TargetOptions(url="postgresql://u@127.0.0.1:1/d" if name == "postgres" else "http://127.0.0.1:1")
    if name.startswith("dynamodb") and "local" not in name:
        pytest.skip(f"{name} needs --allow-aws and an account")
    target = CATALOG[name].make(options)
    assert callable(target.prepare)
    assert hasattr(target, "connect_blocking") == CATALOG[name].blocking
