"""AWS Signature Version 4 for one service at one host, made cheap: all that does not change is kept.

Source: "Signature Version 4 signing process", AWS General Reference. The key is derived once a day and the
time formatted once a second; hashes that begin alike are begun once and copied (an HMAC is two such hashes, RFC
2104). What is left for each request is its body's hash and the ends of three others.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

_ALGORITHM = "AWS4-HMAC-SHA256"
_HMAC_BLOCK_BYTES = 64
_INNER_PAD = bytes(byte ^ 0x36 for byte in range(256))
_OUTER_PAD = bytes(byte ^ 0x5C for byte in range(256))


class Credentials(NamedTuple):
    """An access key; `token` is the session token of temporary credentials."""

    access_key: str
    secret_key: str
    token: str | None = None


class CredentialSource(Protocol):
    """Where a signer finds its credentials; neither method may block."""

    def current(self, now_s: float) -> Credentials:
        """The credentials to sign with at this Unix time, in seconds."""

    def expired(self) -> None:
        """The server said that the last ones are too old."""


class FixedCredentials:
    """Credentials that never change."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def current(self, now_s: float) -> Credentials:
        """The same ones, at any time."""
        return self._credentials

    def expired(self) -> None:
        """There are no others."""


def signing_key(secret_key: str, date: str, region: str, service: str) -> bytes:
    """The key of one day (`date` as YYYYMMDD), region and service."""
    key = ("AWS4" + secret_key).encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


class Signer:
    """Signs POST requests to `/`; shared by every connection to the host.

    `credentials` is asked once a second, so that refreshed ones are taken up.
    `now` gives Unix seconds: the protocol wants the wall clock in `x-amz-date`; nothing is measured with it.
    """

    def __init__(
        self,
        credentials: CredentialSource,
        region: str,
        service: str,
        host: str,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._credentials = credentials
        self._region = region
        self._service = service
        self._host = host
        self._now = now
        self._second = -1
        self._key_of: tuple[str, str] | None = None
        self._key = b""
        self._canonical_head = b""
        self._canonical_tail = b""
        self._canonical: dict[bytes, Hash] = {}  # by target: the canonical request but for the hash of its body
        self._inner = self._outer = sha256()  # the HMAC's two hashes, begun; the inner one with what is to be signed
        self._header_head = b""

    def headers(self, target: bytes, body: bytes) -> bytes:
        """The header lines `X-Amz-Date`, `X-Amz-Security-Token` where there is one, and `Authorization`, with CRLFs.

        The request must carry the same `Host` and, as `X-Amz-Target`, `target`.
        """
        now_s = self._now()
        if int(now_s) != self._second:
            self._start_second(now_s)
        canonical = (self._canonical.get(target) or self._begin_canonical(target)).copy()
        canonical.update(sha256(body).hexdigest().encode())
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(canonical.hexdigest().encode())
        outer.update(inner.digest())
        return self._header_head + outer.hexdigest().encode() + b"\r\n"

    def expired(self) -> None:
        """Tell the source that the server found the credentials too old."""
        self._credentials.expired()

    def _begin_canonical(self, target: bytes) -> Hash:
        begun = self._canonical[target] = sha256(self._canonical_head + target + self._canonical_tail)
        return begun

    def _start_second(self, now_s: float) -> None:
        """Format what the requests of this second share."""
        credentials = self._credentials.current(now_s)
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now_s))
        scope = f"{stamp[:8]}/{self._region}/{self._service}/aws4_request"
        self._derive_key(credentials.secret_key, stamp[:8])
        token = credentials.token
        signed = "host;x-amz-date;x-amz-security-token;x-amz-target" if token else "host;x-amz-date;x-amz-target"
        signed_token = f"x-amz-security-token:{token}\n" if token else ""
        head = f"POST\n/\n\nhost:{self._host}\nx-amz-date:{stamp}\n{signed_token}x-amz-target:"
        self._canonical_head = head.encode()
        self._canonical_tail = f"\n\n{signed}\n".encode()
        self._canonical.clear()
        key = self._key.ljust(_HMAC_BLOCK_BYTES, b"\0")
        self._inner = sha256(key.translate(_INNER_PAD) + f"{_ALGORITHM}\n{stamp}\n{scope}\n".encode())
        self._outer = sha256(key.translate(_OUTER_PAD))
        token_line = f"X-Amz-Security-Token: {token}\r\n" if token else ""
        authorization = f"{_ALGORITHM} Credential={credentials.access_key}/{scope}, SignedHeaders={signed}, Signature="
        self._header_head = f"X-Amz-Date: {stamp}\r\n{token_line}Authorization: {authorization}".encode()
        self._second = int(now_s)

    def _derive_key(self, secret_key: str, date: str) -> None:
        if self._key_of != (secret_key, date):
            self._key = signing_key(secret_key, date, self._region, self._service)
            self._key_of = (secret_key, date)
