"""A null HTTP server in DynamoDB's shape, on loopback: every `GetItem` is answered with the same user, at once.

It remembers whether the table exists and our mark in it, so that the target `dynamodb-local` can prepare against it.
Prints its port, and ends when stdin ends.
"""

from __future__ import annotations

import asyncio
import sys
from typing import cast
from zlib import crc32

import orjson
import uvloop

from targets.dynamodb_items import Item, key, user_item
from workloads.operations import User

_ID = "00000000-0000-4000-8000-000000000000"
_MARK_KEY = orjson.dumps(key("dbverdict", "mark"))
_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"Content-Length: "
_TARGET = b"DynamoDB_20120810."


def response(value: Item, status: bytes = b"200 OK") -> bytes:
    """A whole HTTP response with the checksum DynamoDB sends."""
    body = orjson.dumps(value)
    head = (
        b"HTTP/1.1 %b\r\nContent-Type: application/x-amz-json-1.0\r\nx-amz-crc32: %d\r\nContent-Length: %d"
        b"\r\nx-amzn-RequestId: 0\r\n\r\n"
    )
    return head % (status, crc32(body), len(body)) + body


CANNED_USER = response(
    {
        "Item": user_item(User(_ID, _ID, "nobody@example.com", "Nobody", _ID)),
        "ConsumedCapacity": {"TableName": "dbverdict_chat", "CapacityUnits": 1.0},
    }
)
MISSING_TABLE = response(
    {"__type": "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException", "message": "no such table"},
    b"400 Bad Request",
)
UNKNOWN_ACTION = response(
    {"__type": "com.amazon.coral.service#UnknownOperationException", "message": "the null server does not know this"},
    b"400 Bad Request",
)


class Table:
    """What there is to remember: whether the table exists, and the mark in it."""

    def __init__(self) -> None:
        self.exists = False
        self.mark: Item | None = None

    def answer(self, action: bytes, body: bytes) -> bytes:
        """The response to one request."""
        if action == b"GetItem":
            return self._mark_response() if _MARK_KEY in body else CANNED_USER
        if action == b"DescribeTable":
            table = {"TableName": "dbverdict_chat", "TableStatus": "ACTIVE", "TableArn": "null"}
            return response({"Table": table}) if self.exists else MISSING_TABLE
        if action in (b"CreateTable", b"DeleteTable"):
            self.exists, self.mark = action == b"CreateTable", None
            return response({})
        if action == b"PutItem":
            self.mark = orjson.loads(body)["Item"]
            return response({})
        if action == b"BatchWriteItem":
            return response({"UnprocessedItems": {}})
        return UNKNOWN_ACTION

    def _mark_response(self) -> bytes:
        return response({} if self.mark is None else {"Item": self.mark})


class NullProtocol(asyncio.Protocol):
    """One connection; requests may arrive in pieces, or several at once."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._left = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self._left:
            data = self._left + data
        while (end := data.find(_END_OF_HEAD)) >= 0:
            at = data.find(_LENGTH, 0, end)
            target = data.find(_TARGET, 0, end)
            if at < 0 or target < 0:
                self._transport.abort()  # no DynamoDB client
                return
            body = end + len(_END_OF_HEAD)
            following = body + int(data[at + len(_LENGTH) : data.find(b"\r", at)])
            if len(data) < following:
                break
            action = data[target + len(_TARGET) : data.find(b"\r", target)]
            self._transport.write(self._table.answer(action, data[body:following]))
            data = data[following:]
        self._left = data


async def main() -> None:
    """Serve until stdin ends."""
    loop = asyncio.get_running_loop()
    table = Table()
    server = await loop.create_server(lambda: NullProtocol(table), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    await orders.read()


if __name__ == "__main__":
    uvloop.run(main())
