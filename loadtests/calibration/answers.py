"""What the calibration server answers: as much of DynamoDB's JSON as loading users and reading them takes."""

from __future__ import annotations

from typing import Any, Final
from zlib import crc32

import orjson

from targets.dynamodb_items import Item, key

_MARK: Final = orjson.dumps(key("dbverdict", "mark"))
_HEAD: Final = (
    b"HTTP/1.1 %b\r\nContent-Type: application/x-amz-json-1.0\r\nx-amz-crc32: %d\r\nContent-Length: %d"
    b"\r\nx-amzn-RequestId: 0\r\n\r\n"
)
_ERROR: Final = "com.amazonaws.dynamodb.v20120810#"


def response(value: Item, status: bytes = b"200 OK") -> bytes:
    """A whole HTTP response with the checksum DynamoDB sends."""
    body = orjson.dumps(value)
    return _HEAD % (status, crc32(body), len(body)) + body


def _refusal(code: str, message: str) -> bytes:
    return response({"__type": _ERROR + code, "message": message}, b"400 Bad Request")


class Answers:
    """One table in memory; an item that was read is kept as the bytes of its answer, so that reading it is cheap."""

    def __init__(self) -> None:
        self._table: str | None = None
        self._items: dict[tuple[str, str], Item] = {}
        self._read: dict[bytes, bytes] = {}

    def delayed(self, action: bytes, body: bytes) -> bool:
        """Whether this request is the load: a read of anything but our own mark."""
        return action == b"GetItem" and _MARK not in body

    def answer(self, action: bytes, body: bytes) -> bytes:
        """The response to one request."""
        if action == b"GetItem":
            return self._read.get(body) or self._get(body)
        self._read.clear()
        request = orjson.loads(body)
        if action == b"DescribeTable":
            return self._describe()
        if action in (b"CreateTable", b"DeleteTable"):
            self._table = request["TableName"] if action == b"CreateTable" else None
            self._items.clear()
            return response({})
        if action == b"PutItem":
            self._put(request["Item"])
            return response({})
        if action == b"BatchWriteItem":
            return self._write_batch(request["RequestItems"])
        return _refusal("UnknownOperationException", "the calibration server loads and reads users, nothing else")

    def _describe(self) -> bytes:
        if self._table is None:
            return _refusal("ResourceNotFoundException", "no such table")
        return response({"Table": {"TableName": self._table, "TableStatus": "ACTIVE", "TableArn": "calibration"}})

    def _write_batch(self, tables: dict[str, list[dict[str, Any]]]) -> bytes:
        for writes in tables.values():
            for write in writes:
                self._put(write["PutRequest"]["Item"])
        return response({"UnprocessedItems": {}})

    def _put(self, item: Item) -> None:
        self._items[item["PK"]["S"], item["SK"]["S"]] = item

    def _get(self, body: bytes) -> bytes:
        request = orjson.loads(body)
        item = self._items.get((request["Key"]["PK"]["S"], request["Key"]["SK"]["S"]))
        found = {} if item is None else {"Item": item}
        consumed = {"TableName": request["TableName"], "CapacityUnits": 1.0}
        answer = self._read[body] = response({**found, "ConsumedCapacity": consumed})
        return answer
