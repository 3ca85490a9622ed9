"""A user's AWS set-up as boto3 finds it: account, region, endpoint and credentials.

Unverified: nothing here was run against AWS itself, only against what boto3 does without it.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from difflib import get_close_matches

import boto3
from botocore.config import Config
from botocore.credentials import Credentials as BotoCredentials
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    PartialCredentialsError,
    ProfileNotFound,
)

from targets.protocol import SetupError
from targets.sigv4 import Credentials

_ASK_AGAIN_S = 60.0


@dataclass(frozen=True)
class AwsIdentity:
    """Whose money is spent, and where."""

    account: str
    region: str
    endpoint: str


class SessionCredentials:
    """boto3's credentials, asked again every minute in a thread, so that a refresh never holds up the caller."""

    def __init__(self, source: BotoCredentials) -> None:
        self._source = source
        self._held = _frozen(source)
        self._due_s = 0.0  # Unix time of the next asking

    def current(self, now_s: float) -> Credentials:
        """The latest credentials known; never blocks."""
        if now_s >= self._due_s:
            self._due_s = now_s + _ASK_AGAIN_S
            threading.Thread(target=self._ask, name="aws-credentials", daemon=True).start()
        return self._held

    def expired(self) -> None:
        """Ask again within a second."""
        self._due_s = 0.0

    def _ask(self) -> None:
        try:
            self._held = _frozen(self._source)
        except SetupError:
            return  # the old ones stay; when they expire the operations say so


class AwsAccess:
    """Region, endpoint and credentials for DynamoDB; raises `SetupError` with one line for what is missing."""

    def __init__(self, region: str | None) -> None:
        self.session = aws_session(region)
        self.region = str(self.session.region_name)
        self.credentials = SessionCredentials(_credentials(self.session))
        client = self.session.client("dynamodb")
        self.endpoint = str(client.meta.endpoint_url)


def aws_session(region: str | None) -> boto3.Session:
    """boto3's session for this region (or the user's own); raises `SetupError` for a region that does not exist."""
    try:
        session = boto3.Session(region_name=region)
    except ProfileNotFound as error:
        raise SetupError(f"AWS: {_line(error)}: set AWS_PROFILE to one of your profiles or unset it") from None
    if not session.region_name:
        raise SetupError("no AWS region: give --region or set AWS_REGION")
    known = [name for part in session.get_available_partitions() for name in _regions(session, part)]
    if session.region_name not in known:
        near = get_close_matches(session.region_name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else "give one such as eu-central-1"
        raise SetupError(f"DynamoDB has no AWS region {session.region_name!r}: {hint}")
    return session


def aws_identity(region: str | None) -> AwsIdentity:
    """Ask STS who would pay. Raises `SetupError` with one line. Unverified on AWS."""
    access = AwsAccess(region)
    config = Config(retries={"total_max_attempts": 2}, connect_timeout=5, read_timeout=10)
    try:
        caller = access.session.client("sts", config=config).get_caller_identity()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        raise SetupError(f"AWS refused the credentials: {code}: renew them or choose another profile") from None
    except (EndpointConnectionError, ConnectTimeoutError):
        raise SetupError(f"AWS cannot be reached in {access.region}: check the network and the region") from None
    except BotoCoreError as error:
        raise SetupError(f"AWS: {_line(error)}") from None
    return AwsIdentity(str(caller["Account"]), access.region, access.endpoint)


def _regions(session: boto3.Session, partition: str) -> list[str]:
    return session.get_available_regions("dynamodb", partition_name=partition)


def _credentials(session: boto3.Session) -> BotoCredentials:
    try:
        found = session.get_credentials()
    except (PartialCredentialsError, CredentialRetrievalError) as error:
        raise SetupError(f"AWS credentials: {_line(error)}: mend your profile or environment") from None
    if found is None:
        raise SetupError("no AWS credentials: run `aws configure`, or set AWS_PROFILE or AWS_ACCESS_KEY_ID")
    return found


def _frozen(source: BotoCredentials) -> Credentials:
    """The credentials of this moment, refreshed first when they are about to expire (which may block)."""
    try:
        frozen = source.get_frozen_credentials()
    except BotoCoreError as error:
        raise SetupError(f"AWS credentials cannot be refreshed: {_line(error)}: log in again") from None
    if not frozen.access_key or not frozen.secret_key:
        raise SetupError("the AWS credentials are empty: run `aws configure`")
    return Credentials(frozen.access_key, frozen.secret_key, frozen.token)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
