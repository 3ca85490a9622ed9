"""A real HTTP server on loopback that answers DynamoDB requests as a test tells it to, bytes and breakages included."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from zlib import crc32


class Request(NamedTuple):
    """One request as it arrived; header names are in lower case."""

    line: str
    headers: dict[str, str]
    body: Any


Step = Callable[["ScriptedServer", asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""What the server does once a request has arrived."""


def response(body: bytes, status: int = 200, *headers: str, crc: int | None = None) -> bytes:
    """A response as DynamoDB writes it, with the right checksum unless another is given."""
    lines = [
        f"HTTP/1.1 {status} Whatever",
        "Content-Type: application/x-amz-json-1.0",
        f"x-amz-crc32: {crc32(body) if crc is None else crc}",
        f"Content-Length: {len(body)}",
        *headers,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def sends(*pieces: bytes) -> Step:
    """Answer with these bytes, piece by piece."""

    async def step(server: ScriptedServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)

    return step


def answers(value: Any, status: int = 200) -> Step:
    """Answer with this value as JSON."""
    return sends(response(json.dumps(value).encode(), status))


def fails(code: str, message: str = "because", status: int = 400) -> Step:
    """Answer with a DynamoDB error."""
    return answers({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": message}, status)


def sends_and_hangs_up(data: bytes) -> Step:
    """Send these bytes, close, and know when the client has seen it."""

    async def step(server: ScriptedServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        writer.write_eof()
        await reader.read()
        server.client_left.set()
        writer.close()

    return step


async def is_silent(server: ScriptedServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Never answer, and know when the client has gone."""
    server.request_arrived.set()
    try:
        await reader.read()
    except ConnectionError:
        pass  # an aborted connection is reset
    server.client_left.set()
    writer.close()


@dataclass
class ScriptedServer:
    """Takes one step of its script for each request, on whichever connection it comes."""

    script: list[Step]
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    client_left: asyncio.Event = field(default_factory=asyncio.Event)
    request_arrived: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while not writer.is_closing() and (request := await _read_request(reader)):
            self.requests.append(request)
            await self.script[len(self.requests) - 1](self, reader, writer)
        writer.close()


async def _read_request(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    line, *rest = head.rstrip("\r\n").split("\r\n")
    headers = {name.lower(): value for name, value in (entry.split(": ", 1) for entry in rest)}
    body = json.loads(await reader.readexactly(int(headers["content-length"])))
    return Request(line, headers, body)


@asynccontextmanager
async def scripted(*script: Step, tls: ssl.SSLContext | None = None) -> AsyncIterator[ScriptedServer]:
    """A server that follows this script on a free port."""
    server = ScriptedServer(list(script))
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
