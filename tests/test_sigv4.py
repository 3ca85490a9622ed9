"""Our signatures are botocore's and AWS's own."""

from __future__ import annotations

from datetime import UTC, datetime

import botocore.auth
import botocore.credentials
import pytest
from botocore.awsrequest import AWSRequest

from targets.sigv4 import Credentials, FixedCredentials, Signer, signing_key

pytestmark = pytest.mark.fast

EXAMPLE_SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"  # AWS's documentation prints it
HOST = "dynamodb.eu-central-1.amazonaws.com"
TARGET = b"DynamoDB_20120810.GetItem"
PERMANENT = Credentials("AKIDEXAMPLE", EXAMPLE_SECRET)
TEMPORARY = Credentials("ASIAEXAMPLE", EXAMPLE_SECRET, "a/session+token==")
NEW_YEAR = datetime(2027, 1, 1, 0, 0, 0, tzinfo=UTC).timestamp()


class Clock:
    """Stands still until it is set."""

    def __init__(self, now_s: float) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        return self.now_s


class Rotating:
    """Credentials that a test replaces, and a count of how often they were found too old."""

    def __init__(self, credentials: Credentials) -> None:
        self.credentials = credentials
        self.expirations = 0

    def current(self, now_s: float) -> Credentials:
        return self.credentials

    def expired(self) -> None:
        self.expirations += 1


def our_headers(signer: Signer, body: bytes, target: bytes = TARGET) -> dict[str, str]:
    lines = signer.headers(target, body).decode().split("\r\n")
    assert lines[-1] == ""
    return dict(line.split(": ", 1) for line in lines[:-1])


def botocores_headers(
    monkeypatch: pytest.MonkeyPatch, credentials: Credentials, now_s: float, body: bytes, target: bytes = TARGET
) -> dict[str, str]:
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: datetime.fromtimestamp(now_s, UTC))
    request = AWSRequest("POST", f"https://{HOST}/", headers={"X-Amz-Target": target.decode()}, data=body)
    theirs = botocore.credentials.Credentials(*credentials)
    botocore.auth.SigV4Auth(theirs, "dynamodb", "eu-central-1").add_auth(request)
    return {name: value for name, value in request.headers.items() if name != "X-Amz-Target"}


def signer_for(credentials: Credentials, clock: Clock) -> Signer:
    return Signer(FixedCredentials(credentials), "eu-central-1", "dynamodb", HOST, clock)


@pytest.mark.parametrize(
    ("date", "service", "key"),
    [
        ("20120215", "iam", "f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d"),
        ("20150830", "iam", "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"),
    ],
)
def test_the_signing_key_is_the_one_in_awss_documentation(date: str, service: str, key: str) -> None:
    assert signing_key(EXAMPLE_SECRET, date, "us-east-1", service).hex() == key


@pytest.mark.parametrize("credentials", [PERMANENT, TEMPORARY])
@pytest.mark.parametrize("body", [b"{}", '{"Key":{"PK":{"S":"Grüße 👩"}}}'.encode()])
def test_headers_are_botocores(monkeypatch: pytest.MonkeyPatch, credentials: Credentials, body: bytes) -> None:
    signer = signer_for(credentials, Clock(NEW_YEAR + 12.75))
    assert our_headers(signer, body) == botocores_headers(monkeypatch, credentials, NEW_YEAR + 12.75, body)


def test_headers_stay_botocores_over_seconds_midnight_and_actions(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(NEW_YEAR - 1.5)
    signer = signer_for(TEMPORARY, clock)
    for now_s in (NEW_YEAR - 1.5, NEW_YEAR - 1.2, NEW_YEAR - 0.5, NEW_YEAR, NEW_YEAR + 86_400):
        for target in (TARGET, b"DynamoDB_20120810.PutItem"):
            clock.now_s = now_s
            theirs = botocores_headers(monkeypatch, TEMPORARY, now_s, b'{"a":1}', target)
            assert our_headers(signer, b'{"a":1}', target) == theirs


def test_another_body_has_another_signature() -> None:
    signer = signer_for(PERMANENT, Clock(NEW_YEAR))
    assert our_headers(signer, b"{}")["Authorization"] != our_headers(signer, b"{ }")["Authorization"]


def test_refreshed_credentials_are_taken_up_within_a_second() -> None:
    clock, source = Clock(NEW_YEAR), Rotating(PERMANENT)
    signer = Signer(source, "eu-central-1", "dynamodb", HOST, clock)
    assert "AKIDEXAMPLE" in our_headers(signer, b"{}")["Authorization"]
    source.credentials = TEMPORARY._replace(secret_key="another")
    clock.now_s += 1
    refreshed = our_headers(signer, b"{}")
    assert refreshed == our_headers(signer_for(source.credentials, clock), b"{}")
    assert refreshed["X-Amz-Security-Token"] == "a/session+token=="


def test_an_expiry_reaches_the_source_of_the_credentials() -> None:
    source = Rotating(TEMPORARY)
    Signer(source, "eu-central-1", "dynamodb", HOST, Clock(NEW_YEAR)).expired()
    assert source.expirations == 1
