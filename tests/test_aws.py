"""What a person's AWS set-up lacks is said in one line. Nothing here reaches AWS: that part is unverified."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from botocore.credentials import Credentials as BotoCredentials
from botocore.credentials import ReadOnlyCredentials

from targets.aws import AwsAccess, SessionCredentials, aws_identity
from targets.catalog import CATALOG, TargetOptions
from targets.protocol import SetupError
from targets.sigv4 import Credentials
from tests.contract import on_uvloop

pytestmark = pytest.mark.fast

WAIT_LIMIT_S = 10


class Rotating(BotoCredentials):
    """Botocore's credentials with a new key each time; `asked` is set after each asking."""

    def __init__(self) -> None:
        super().__init__("KEY0", "secret")
        self.count = 0
        self.asked = threading.Event()

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        self.count += 1
        self.asked.set()
        return ReadOnlyCredentials(f"KEY{self.count}", "secret", None)


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No profile, no credentials, no region, and no instance to ask for them."""
    for name in ("PROFILE", "DEFAULT_PROFILE", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN", "REGION"):
        monkeypatch.delenv(f"AWS_{name}", raising=False)
    for name in ("DEFAULT_REGION", "ENDPOINT_URL", "WEB_IDENTITY_TOKEN_FILE", "CONTAINER_CREDENTIALS_RELATIVE_URI"):
        monkeypatch.delenv(f"AWS_{name}", raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def with_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")


def test_no_credentials_names_the_ways_to_give_them() -> None:
    with pytest.raises(SetupError, match=r"no AWS credentials: run `aws configure`, or set AWS_PROFILE"):
        aws_identity("eu-central-1")


def test_no_region_names_the_ways_to_give_one(with_keys: None) -> None:
    with pytest.raises(SetupError, match="no AWS region: give --region or set AWS_REGION"):
        aws_identity(None)


def test_a_misspelt_region_is_answered_with_the_nearest_one(with_keys: None) -> None:
    with pytest.raises(SetupError, match="no AWS region 'eu-centrl-1': did you mean eu-central-1"):
        aws_identity("eu-centrl-1")


def test_an_unknown_profile_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(SetupError, match=r"nobody.*set AWS_PROFILE") as refused:
        aws_identity("eu-central-1")
    assert "\n" not in str(refused.value)


def test_half_a_key_pair_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    with pytest.raises(SetupError, match=r"AWS credentials: .*mend your profile"):
        aws_identity("eu-central-1")


@pytest.mark.parametrize(
    ("region", "endpoint"),
    [
        ("eu-central-1", "https://dynamodb.eu-central-1.amazonaws.com"),
        ("cn-north-1", "https://dynamodb.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_region_endpoint_and_credentials_are_those_of_the_users_set_up(
    with_keys: None, region: str, endpoint: str
) -> None:
    access = AwsAccess(region)
    assert (access.region, access.endpoint) == (region, endpoint)
    assert access.credentials.current(0.0) == Credentials("AKIDEXAMPLE", "example", None)


@pytest.mark.parametrize("name", ["dynamodb", "dynamodb-boto3"])
@on_uvloop
async def test_a_target_without_credentials_says_so_when_it_prepares_or_connects(name: str) -> None:
    target = CATALOG[name].make(TargetOptions(allow_aws=True, region="eu-central-1"))
    with pytest.raises(SetupError, match="no AWS credentials"):
        await target.connect()
    with pytest.raises(SetupError, match="no AWS credentials"):
        await target.drop()


def test_credentials_are_asked_for_again_after_a_minute_and_when_they_expired() -> None:
    botocores = Rotating()
    source = SessionCredentials(botocores)

    def asks_again(now_s: float) -> bool:
        botocores.asked.clear()
        source.current(now_s)
        for thread in threading.enumerate():
            if thread.name == "aws-credentials":
                thread.join(WAIT_LIMIT_S)
        return botocores.asked.is_set()

    assert [asks_again(now_s) for now_s in (1_000.0, 1_059.0, 1_060.0, 1_061.0)] == [True, False, True, False]
    source.expired()
    assert asks_again(1_062.0)
    assert source.current(1_063.0) == Credentials(f"KEY{botocores.count}", "secret", None)
