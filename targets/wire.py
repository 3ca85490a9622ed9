"""A lean DynamoDB client: one asyncio protocol per connection, one request in flight on it, no SDK.

An SDK costs some 900 µs of CPU a call, which would be measured in place of the database; this costs about 20.
A connection that stands idle and is closed by the server is opened anew by the next request. Once a byte of a
request may have been sent, a broken connection is `Unavailable`: nothing is ever sent twice.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Any, NamedTuple, cast
from urllib.parse import urlsplit
from zlib import crc32

import httptools
import orjson

from targets.dynamodb_faults import Expired, fault
from targets.protocol import SetupError, Unavailable, WrongAnswer
from targets.sigv4 import Signer

Json = dict[str, Any]
"""A JSON object, as DynamoDB's API defines it."""

_API = b"DynamoDB_20120810."
_MIDDLE = b"Content-Type: application/x-amz-json-1.0\r\nContent-Length: "


class Endpoint(NamedTuple):
    """Where the service listens; `tls` is None for plain HTTP."""

    host: str
    port: int
    tls: ssl.SSLContext | None

    @property
    def authority(self) -> str:
        """The `Host` header: the port is named unless it is the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"


def parse_endpoint(url: str) -> Endpoint:
    """Read `http://host:port` or `https://host`; raises `SetupError`."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise SetupError(f"cannot read the DynamoDB URL: {error}: write http://HOST:PORT") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
        raise SetupError("the DynamoDB URL must look like http://HOST:PORT or https://HOST")
    tls = ssl.create_default_context() if parts.scheme == "https" else None
    return Endpoint(parts.hostname, port or (443 if tls else 80), tls)


class _Answer(NamedTuple):
    status: int
    body: bytes
    crc: bytes | None


class _HttpProtocol(asyncio.Protocol):
    """Parses one response after another; `answer` is the future of the request in flight, if there is one."""

    def __init__(self) -> None:
        self.answer: asyncio.Future[_Answer] | None = None
        self.transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._body = b""
        self._parts: list[bytes] = []
        self._crc: bytes | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but its class

    def data_received(self, data: bytes) -> None:
        if self.answer is None:  # nothing was asked: the stream cannot be trusted any more
            self.abort()
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._fail(WrongAnswer(f"not an HTTP response: {error}"))
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        self._fail(Unavailable(f"the connection broke off: {exc or 'closed by the server'}"))

    def on_header(self, name: bytes, value: bytes) -> None:
        if len(name) == 11 and name.lower() == b"x-amz-crc32":
            self._crc = value

    def on_body(self, body: bytes) -> None:
        if self._body:
            self._parts.append(body)
        else:
            self._body = body

    def on_message_complete(self) -> None:
        body = b"".join((self._body, *self._parts)) if self._parts else self._body
        answer, crc = self.answer, self._crc
        self.answer, self._body, self._parts, self._crc = None, b"", [], None
        if not self._parser.should_keep_alive():
            self.abort()
        if answer is not None and not answer.done():
            answer.set_result(_Answer(self._parser.get_status_code(), body, crc))

    def abort(self) -> None:
        """Drop the connection at once; what is in flight fails when the loop reports the loss."""
        if self.transport is not None:
            self.transport.abort()
            self.transport = None

    def _fail(self, error: Exception) -> None:
        answer, self.answer = self.answer, None
        if answer is not None and not answer.done():
            answer.set_exception(error)


class WireConnection:
    """One keep-alive connection to DynamoDB; `call` may be used by one task at a time."""

    def __init__(self, endpoint: Endpoint, signer: Signer, connect_timeout_s: float) -> None:
        self._endpoint = endpoint
        self._signer = signer
        self._connect_timeout_s = connect_timeout_s
        self._http = _HttpProtocol()
        self._closed = False
        self._loop = asyncio.get_running_loop()
        self._heads: dict[str, tuple[bytes, bytes]] = {}

    async def call(self, action: str, body: Json) -> Json:
        """Send one request and read its answer; raises a `TargetError`, or `SetupError` for one never accepted."""
        http = self._http
        if http.transport is None or http.transport.is_closing():
            http = await self.open()
        if http.transport is None:
            raise Unavailable("the server closed the connection as it was made")
        http.answer = self._loop.create_future()
        http.transport.write(self._request(action, orjson.dumps(body)))
        try:
            answer = await http.answer
        except asyncio.CancelledError:
            self.abort()  # the answer would come later, and be taken for the next request's
            raise
        try:
            return _read(answer)
        except Expired:
            self._signer.expired()
            raise

    async def open(self) -> _HttpProtocol:
        """Connect, or connect anew; raises `Unavailable`, or `SetupError` for a certificate that is not trusted."""
        self._require_open()
        host, port, tls = self._endpoint
        try:
            async with asyncio.timeout(self._connect_timeout_s):
                _, http = await self._loop.create_connection(_HttpProtocol, host, port, ssl=tls)
        except ssl.SSLCertVerificationError as error:
            raise SetupError(f"the certificate of {host} is not trusted: {error.verify_message}") from None
        except TimeoutError:
            raise Unavailable(f"no connection to {self._endpoint.authority} in {self._connect_timeout_s:g} s") from None
        except OSError as error:
            raise Unavailable(f"cannot connect to {self._endpoint.authority}: {error.strerror or error}") from None
        self._http.abort()
        self._http = http
        self._require_open()  # or it was aborted while the connection was being made
        return http

    async def close(self) -> None:
        """Close the connection; never raises."""
        self.abort()

    def abort(self) -> None:
        """Drop the connection at once, whatever runs on it; it cannot be used again."""
        self._closed = True
        self._http.abort()

    def _require_open(self) -> None:
        if self._closed:
            self._http.abort()
            raise Unavailable("this connection was closed")

    def _request(self, action: str, body: bytes) -> bytes:
        """The request as bytes, by concatenation: this is the hot path."""
        head = self._heads.get(action)
        if head is None:
            head = self._heads[action] = self._head(action)
        lines, target = head
        return lines + self._signer.headers(target, body) + _MIDDLE + b"%d\r\n\r\n" % len(body) + body

    def _head(self, action: str) -> tuple[bytes, bytes]:
        target = _API + action.encode()
        host = self._endpoint.authority.encode()
        return b"POST / HTTP/1.1\r\nHost: " + host + b"\r\nX-Amz-Target: " + target + b"\r\n", target


def _read(answer: _Answer) -> Json:
    """The JSON object of an answer; raises what an error answer means."""
    status, body, crc = answer
    if crc is not None and crc != b"%d" % crc32(body):
        raise WrongAnswer(f"the body of {len(body)} bytes does not match its x-amz-crc32")
    if status != 200:
        raise _error(status, body)
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise WrongAnswer(f"the body is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise WrongAnswer("the body is not a JSON object")
    return value


def _error(status: int, body: bytes) -> Exception:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict) or "__type" not in value:
        if status >= 500:
            return Unavailable(f"HTTP {status}")
        return SetupError(f"HTTP {status} without a DynamoDB error: check that the URL is DynamoDB's")
    code = str(value["__type"]).rpartition("#")[2]
    return fault(code, str(value.get("message") or value.get("Message") or ""), status)
