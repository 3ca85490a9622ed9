"""Our table on a DynamoDB server: made, marked as ours, loaded, and removed; nothing else is ever touched.

The mark is an item in the table, since DynamoDB Local has no tags; on AWS the table is tagged as well, when it is
created. Until loading is over the mark says dirty, so that a load that was broken off is done again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from itertools import islice
from typing import NamedTuple

from targets.dynamodb_design import BATCH_SIZE
from targets.dynamodb_faults import RefusedError
from targets.dynamodb_items import FORMAT, Item, key, table_definition
from targets.protocol import SetupError, Throttled
from targets.wire import WireConnection

_MARK = key("dbverdict", "mark")
_TAG = "dbverdict"
_CALL_LIMIT_S = 60.0
_POLLS = 600  # of at most 1 s each: AWS makes a table in seconds, rarely in minutes
_LONGEST_PAUSE_S = 1.0
_SENDS = 12  # of one batch, while loading: about 8 s of back-off


class Mark(NamedTuple):
    """What stands in a table of ours: whose data they are, and whether a run may have written to them since."""

    fingerprint: str
    dirty: bool
    format: int = FORMAT


class OwnTable:
    """The table of this name over one connection, on AWS (`tagged`) or not."""

    def __init__(self, wire: WireConnection, name: str, tagged: bool) -> None:
        self._wire = wire
        self._name = name
        self._tagged = tagged

    async def call(self, action: str, body: Item) -> Item:
        """One call within a minute; raises `SetupError` when it takes longer, and whatever the call raises."""
        try:
            async with asyncio.timeout(_CALL_LIMIT_S):
                return await self._wire.call(action, body)
        except TimeoutError:
            raise SetupError(f"DynamoDB did not answer {action} in {_CALL_LIMIT_S:g} s: is the server stuck?") from None

    async def description(self) -> Item | None:
        """What `DescribeTable` says, or None when there is no such table."""
        try:
            answer = await self.call("DescribeTable", {"TableName": self._name})
        except RefusedError as refused:
            if refused.code == "ResourceNotFoundException":
                return None
            raise
        return dict(answer["Table"])

    async def require_ours(self) -> Mark | None:
        """The mark of our table, or None when there is no table; raises `SetupError` for a table that is not ours."""
        description = await self._settled()
        if description is None:
            return None
        mark = await self._read_mark()
        if mark is not None:
            return mark
        if self._tagged and await self._has_tag(str(description["TableArn"])):
            return Mark("", dirty=True)
        raise SetupError(
            f"the table {self._name} was not made by dbverdict and is left alone: choose another prefix or remove it"
        )

    async def write_mark(self, fingerprint: str, dirty: bool) -> None:
        """Say whose data stand here."""
        body = {"fingerprint": {"S": fingerprint}, "dirty": {"BOOL": dirty}, "format": {"N": str(FORMAT)}}
        await self.call("PutItem", {"TableName": self._name, "Item": {**_MARK, **body}})

    async def create(self) -> None:
        """Make the table and its index, wait until both are active, and mark it."""
        tags = {"Tags": [{"Key": _TAG, "Value": "table"}]} if self._tagged else {}
        await self.call("CreateTable", {**table_definition(self._name), **tags})
        if await self._settled() is None:
            raise SetupError(f"the table {self._name} vanished while it was made: does someone else drop it?")
        await self.write_mark("", dirty=True)

    async def delete(self) -> None:
        """Remove the table and wait until it is gone."""
        await self.call("DeleteTable", {"TableName": self._name})
        await self._settled()

    async def _settled(self) -> Item | None:
        """The description once table and index are active, or None once there is no table."""
        pause_s = 0.02
        for _ in range(_POLLS):
            description = await self.description()
            if description is None or _is_active(description):
                return description
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
        raise SetupError(f"the table {self._name} does not become active: look at it in the AWS console")

    async def _read_mark(self) -> Mark | None:
        body = {"TableName": self._name, "Key": _MARK, "ConsistentRead": True}
        try:
            item = (await self.call("GetItem", body)).get("Item")
        except RefusedError as refused:
            if refused.code == "ValidationException":  # a table with other keys
                return None
            raise
        if item is None:
            return None
        return Mark(item["fingerprint"]["S"], item["dirty"]["BOOL"], int(item["format"]["N"]))

    async def _has_tag(self, arn: str) -> bool:
        """Whether we made a table whose mark was not yet written when that was broken off (unverified on AWS)."""
        answer = await self.call("ListTagsOfResource", {"ResourceArn": arn})
        return any(tag["Key"] == _TAG for tag in answer["Tags"])


def _is_active(description: Item) -> bool:
    indexes = description.get("GlobalSecondaryIndexes", [])
    return description["TableStatus"] == "ACTIVE" and all(index["IndexStatus"] == "ACTIVE" for index in indexes)


async def load(items: Iterator[Item], name: str, open_wire: Callable[[], WireConnection], connections: int) -> None:
    """Write every item over `connections` connections at once; raises what the first connection to fail raised."""
    batches = iter(lambda: list(islice(items, BATCH_SIZE)), [])
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(connections):
                group.create_task(_load_batches(batches, name, open_wire))
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None


async def _load_batches(batches: Iterator[list[Item]], name: str, open_wire: Callable[[], WireConnection]) -> None:
    async with closing_wire(open_wire()) as wire:
        table = OwnTable(wire, name, tagged=False)
        for batch in batches:
            await _write_batch(table, {name: [{"PutRequest": {"Item": item}} for item in batch]})


async def _write_batch(table: OwnTable, waiting: Item) -> None:
    """Send a batch until nothing is left unprocessed, with growing pauses, as the API asks."""
    pause_s = 0.02
    for _ in range(_SENDS):
        waiting = await _send(table, waiting)
        if not waiting:
            return
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
    raise SetupError("DynamoDB keeps throttling the load: raise the table's limits or store fewer users")


async def _send(table: OwnTable, waiting: Item) -> Item:
    """What of a batch is still to be written."""
    try:
        return dict((await table.call("BatchWriteItem", {"RequestItems": waiting}))["UnprocessedItems"])
    except Throttled:
        return waiting


@asynccontextmanager
async def closing_wire(wire: WireConnection) -> AsyncIterator[WireConnection]:
    """The connection, closed at the end whatever happened."""
    try:
        yield wire
    finally:
        await wire.close()
