"""A null HTTP server in DynamoDB's shape, on loopback: every `GetItem` is answered at once with what was stored.

It knows one table, items by key, and nothing else; a response is made once for each request body.
Prints its port, and ends when stdin ends.
"""

from __future__ import annotations

import asyncio
import sys
from typing import cast
from zlib import crc32

import orjson
import uvloop

from targets.dynamodb_items import Item

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


MISSING_TABLE = response(
    {"__type": "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException", "message": "no such table"},
    b"400 Bad Request",
)
UNKNOWN_ACTION = response(
    {"__type": "com.amazon.coral.service#UnknownOperationException", "message": "the null server does not know this"},
    b"400 Bad Request",
)


class Table:
    """Whether the table exists, and its items."""

    def __init__(self) -> None:
        self.exists = False
        self._items: dict[bytes, Item] = {}
        self._made: dict[bytes, bytes] = {}  # request body -> whole response

    def answer(self, action: bytes, body: bytes) -> bytes:
        """The response to one request."""
        if action == b"GetItem":
            return self._made.get(body) or self._get(body)
        self._made.clear()
        if action == b"DescribeTable":
            table = {"TableName": "dbverdict_chat", "TableStatus": "ACTIVE", "TableArn": "null"}
            return response({"Table": table}) if self.exists else MISSING_TABLE
        if action in (b"CreateTable", b"DeleteTable"):
            self.exists = action == b"CreateTable"
            self._items.clear()
            return response({})
        if action == b"PutItem":
            self._put(orjson.loads(body)["Item"])
            return response({})
        if action == b"BatchWriteItem":
            for requests in orjson.loads(body)["RequestItems"].values():
                for request in requests:
                    self._put(request["PutRequest"]["Item"])
            return response({"UnprocessedItems": {}})
        return UNKNOWN_ACTION

    def _put(self, item: Item) -> None:
        self._items[_key_of(item)] = item

    def _get(self, body: bytes) -> bytes:
        item = self._items.get(_key_of(orjson.loads(body)["Key"]))
        capacity = {"TableName": "dbverdict_chat", "CapacityUnits": 1.0}
        made = response({"ConsumedCapacity": capacity} | ({} if item is None else {"Item": item}))
        self._made[body] = made
        return made


def _key_of(item: Item) -> bytes:
    return orjson.dumps([item["PK"], item["SK"]])


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
