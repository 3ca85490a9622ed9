"""The wire driver against a server that does what a test tells it to: answers, errors, and every way to break off."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from targets.protocol import Conflict, SetupError, Throttled, Unavailable, WrongAnswer
from targets.sigv4 import Credentials, Signer
from targets.wire import Endpoint, WireConnection, parse_endpoint
from tests.contract import on_uvloop, within
from tests.scripted_server import (
    ScriptedServer,
    Step,
    answers,
    fails,
    is_silent,
    response,
    scripted,
    sends,
    sends_and_hangs_up,
)

pytestmark = pytest.mark.fast

PAGE = {"Items": [{"content": {"S": "x" * 100}}] * 12_000}  # 1.4 MB of JSON


class Expirable:
    """Fixed credentials that remember being found too old."""

    def __init__(self) -> None:
        self.expirations = 0

    def current(self, now_s: float) -> Credentials:
        return Credentials("AKIDTEST", "secret")

    def expired(self) -> None:
        self.expirations += 1


def connection_to(endpoint: Endpoint, credentials: Expirable | None = None) -> WireConnection:
    signer = Signer(credentials or Expirable(), "us-east-1", "dynamodb", endpoint.authority)
    return WireConnection(endpoint, signer, connect_timeout_s=5.0)


@asynccontextmanager
async def talking(*script: Step) -> AsyncIterator[tuple[ScriptedServer, WireConnection]]:
    async with scripted(*script) as server:
        connection = connection_to(parse_endpoint(server.url))
        yield server, connection
        await connection.close()


@on_uvloop
async def test_a_request_is_what_dynamodb_expects() -> None:
    async with talking(answers({"Table": 1})) as (server, connection):
        assert await connection.call("DescribeTable", {"TableName": "dbverdict_chat"}) == {"Table": 1}
        (request,) = server.requests
        assert request.line == "POST / HTTP/1.1"
        assert request.body == {"TableName": "dbverdict_chat"}
        assert request.headers["host"] == f"127.0.0.1:{server.port}"
        assert request.headers["x-amz-target"] == "DynamoDB_20120810.DescribeTable"
        assert request.headers["content-type"] == "application/x-amz-json-1.0"
        assert request.headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIDTEST/")


@on_uvloop
async def test_one_connection_serves_request_after_request() -> None:
    async with talking(*[answers({"n": n}) for n in range(50)]) as (server, connection):
        assert [(await connection.call("GetItem", {}))["n"] for _ in range(50)] == list(range(50))
        assert server.connections == 1


@on_uvloop
async def test_an_answer_of_more_than_a_megabyte_comes_whole() -> None:
    async with talking(answers(PAGE)) as (_, connection):
        assert await connection.call("Query", {}) == PAGE


@on_uvloop
async def test_an_answer_in_single_bytes_comes_whole() -> None:
    data = response(b'{"a":"b"}')
    async with talking(sends(*[data[at : at + 1] for at in range(len(data))])) as (_, connection):
        assert await connection.call("Query", {}) == {"a": "b"}


@on_uvloop
async def test_a_chunked_answer_is_put_together() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with talking(sends(head, b'4\r\n{"a"\r\n', b"1\r\n:\r\n2\r\n1}\r\n", b"0\r\n\r\n"), answers({})) as (
        server,
        connection,
    ):
        assert await connection.call("Query", {}) == {"a": 1}
        assert await connection.call("Query", {}) == {}
        assert server.connections == 1


@on_uvloop
async def test_a_wrong_checksum_is_a_wrong_answer() -> None:
    async with talking(sends(response(b"{}", crc=17)), answers({"ok": 1})) as (_, connection):
        with pytest.raises(WrongAnswer, match="crc32"):
            await connection.call("GetItem", {})
        assert await connection.call("GetItem", {}) == {"ok": 1}


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"\xff"])
@on_uvloop
async def test_a_body_that_is_no_json_object_is_a_wrong_answer(body: bytes) -> None:
    async with talking(sends(response(body))) as (_, connection):
        with pytest.raises(WrongAnswer):
            await connection.call("GetItem", {})


@on_uvloop
async def test_what_is_not_http_is_a_wrong_answer_and_the_connection_is_replaced() -> None:
    async with talking(sends(b"SSH-2.0-OpenSSH_9.2\r\n"), answers({})) as (server, connection):
        with pytest.raises(WrongAnswer, match="not an HTTP response"):
            await connection.call("GetItem", {})
        assert await connection.call("GetItem", {}) == {}
        assert server.connections == 2


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("ConditionalCheckFailedException", 400, Conflict),
        ("ProvisionedThroughputExceededException", 400, Throttled),
        ("ThrottlingException", 400, Throttled),
        ("RequestLimitExceeded", 400, Throttled),
        ("InternalServerError", 500, Unavailable),
        ("ServiceUnavailable", 503, Unavailable),
        ("SomethingNew", 500, Unavailable),
        ("ExpiredTokenException", 400, Unavailable),
        ("ValidationException", 400, SetupError),
        ("ResourceNotFoundException", 400, SetupError),
        ("AccessDeniedException", 400, SetupError),
        ("UnrecognizedClientException", 400, SetupError),
    ],
)
@on_uvloop
async def test_an_error_answer_says_what_it_means_and_keeps_the_connection(
    code: str, status: int, error: type[Exception]
) -> None:
    async with talking(fails(code, "two\nlines", status), answers({})) as (server, connection):
        with pytest.raises(error) as raised:
            await connection.call("GetItem", {})
        assert error is not SetupError or "\n" not in str(raised.value)
        assert await connection.call("GetItem", {}) == {}
        assert server.connections == 1


@on_uvloop
async def test_an_expired_token_asks_for_new_credentials() -> None:
    credentials = Expirable()
    async with scripted(fails("ExpiredTokenException")) as server:
        connection = connection_to(parse_endpoint(server.url), credentials)
        with pytest.raises(Unavailable):
            await connection.call("GetItem", {})
        assert credentials.expirations == 1
        await connection.close()


@pytest.mark.parametrize(("status", "error"), [(404, SetupError), (502, Unavailable)])
@on_uvloop
async def test_a_web_page_is_not_dynamodb(status: int, error: type[Exception]) -> None:
    async with talking(sends(response(b"<html>no</html>", status))) as (_, connection):
        with pytest.raises(error, match=f"HTTP {status}"):
            await connection.call("GetItem", {})


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 OK\r\nConte", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"])
@on_uvloop
async def test_a_connection_that_breaks_before_the_answer_is_over_is_unavailable_and_nothing_is_sent_twice(
    sent: bytes,
) -> None:
    async with talking(sends_and_hangs_up(sent), answers({"fresh": True})) as (server, connection):
        with pytest.raises(Unavailable):
            await connection.call("PutItem", {"n": 1})
        assert await connection.call("PutItem", {"n": 2}) == {"fresh": True}
        assert [request.body["n"] for request in server.requests] == [1, 2]


@on_uvloop
async def test_a_connection_closed_while_it_stood_idle_is_opened_anew_unnoticed() -> None:
    async with talking(sends_and_hangs_up(response(b'{"n":1}')), answers({"n": 2})) as (server, connection):
        assert await connection.call("GetItem", {}) == {"n": 1}
        await within(5, server.client_left.wait())
        assert await connection.call("GetItem", {}) == {"n": 2}
        assert server.connections == 2


@on_uvloop
async def test_a_server_that_says_close_is_taken_at_its_word() -> None:
    async with talking(sends(response(b'{"n":1}', 200, "Connection: close")), answers({"n": 2})) as (
        server,
        connection,
    ):
        assert await connection.call("GetItem", {}) == {"n": 1}
        assert await connection.call("GetItem", {}) == {"n": 2}
        assert server.connections == 2


@on_uvloop
async def test_a_request_cut_off_by_a_time_limit_takes_its_connection_along() -> None:
    async with talking(is_silent, answers({})) as (server, connection):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(connection.call("GetItem", {}), 0.05)
        await within(5, server.client_left.wait())
        with pytest.raises(Unavailable, match="closed"):
            await connection.call("GetItem", {})
        assert len(server.requests) == 1


@on_uvloop
async def test_abort_ends_a_request_that_waits_for_its_answer() -> None:
    async with talking(is_silent) as (server, connection):
        call = asyncio.create_task(connection.call("GetItem", {}))
        await within(5, server.request_arrived.wait())
        connection.abort()
        with pytest.raises(Unavailable):
            await within(5, call)
        await within(5, server.client_left.wait())


@on_uvloop
async def test_closing_twice_and_without_a_server_is_harmless() -> None:
    async with talking(answers({})) as (_, connection):
        await connection.call("GetItem", {})
    await connection.close()
    connection.abort()
    never_opened = connection_to(Endpoint("127.0.0.1", 9, None))
    await never_opened.close()


@on_uvloop
async def test_a_refused_connection_is_unavailable_and_names_the_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    connection = connection_to(Endpoint("127.0.0.1", port, None))
    with pytest.raises(Unavailable, match=f"cannot connect to 127.0.0.1:{port}"):
        await connection.open()


@pytest.mark.parametrize(
    "url", ["127.0.0.1:8000", "ftp://x", "http://", "http://h:port", "http://h:1/path", "http://[::1"]
)
def test_an_url_that_names_no_server_is_refused_with_the_cure(url: str) -> None:
    with pytest.raises(SetupError, match="http://HOST:PORT"):
        parse_endpoint(url)


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("http://127.0.0.1:8000", "127.0.0.1:8000"),
        ("http://[::1]:8000/", "[::1]:8000"),
        ("https://dynamodb.eu-central-1.amazonaws.com", "dynamodb.eu-central-1.amazonaws.com"),
        ("http://user:secret@localhost:80", "localhost"),
    ],
)
def test_the_host_header_names_the_port_unless_it_is_the_usual_one(url: str, authority: str) -> None:
    assert parse_endpoint(url).authority == authority


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that only this test trusts, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    made, key = folder / "cert.pem", folder / "key.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test".split()
    where = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(made)]
    try:
        subprocess.run([*command, *where], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl is not installed: no certificate to test TLS with")
    return made, key


@asynccontextmanager
async def tls_server(certificate: tuple[Path, Path], *script: Step) -> AsyncIterator[ScriptedServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    async with scripted(*script, tls=context) as server:
        yield server


@on_uvloop
async def test_requests_run_over_tls(certificate: tuple[Path, Path]) -> None:
    async with tls_server(certificate, answers(PAGE), answers({"n": 2})) as server:
        trusting = ssl.create_default_context(cafile=certificate[0])
        connection = connection_to(Endpoint("127.0.0.1", server.port, trusting))
        assert await connection.call("Query", {}) == PAGE
        assert await connection.call("Query", {}) == {"n": 2}
        assert server.connections == 1
        await connection.close()


@on_uvloop
async def test_a_certificate_nobody_vouches_for_is_refused(certificate: tuple[Path, Path]) -> None:
    async with tls_server(certificate) as server:
        connection = connection_to(parse_endpoint(f"https://127.0.0.1:{server.port}"))
        with pytest.raises(SetupError, match="not trusted"):
            await connection.open()
