"""DynamoDB, design D1, through the wire driver: on DynamoDB Local or (unverified here) on AWS.

Strictest settings by default: every read of the table is consistent. The index has eventual reads only.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import NamedTuple

from targets.catalog import TargetOptions
from targets.dynamodb_design import SingleTable
from targets.dynamodb_items import items
from targets.dynamodb_table import Mark, OwnTable, closing_wire, load
from targets.protocol import Conflict, SetupError, TargetError
from targets.sigv4 import Credentials, FixedCredentials, Signer
from targets.wire import Endpoint, WireConnection, parse_endpoint
from workloads.dataset import Dataset
from workloads.operations import Operation, Reply

LOCAL_CREDENTIALS = Credentials("dbverdictlocal", "not-a-secret")
"""What DynamoDB Local is shown, whatever the environment holds: it checks nothing, and real keys stay at home."""

LOCAL_REGION = "us-east-1"

_SETUP_CONNECT_LIMIT_S = 10.0


class _Site(NamedTuple):
    """Where requests go and who signs them."""

    endpoint: Endpoint
    signer: Signer
    region: str


class DynamoDbConnection:
    """One lane: carries the design's conversations over one keep-alive connection."""

    def __init__(self, wire: WireConnection, design: SingleTable) -> None:
        self._wire = wire
        self._design = design

    async def execute(self, operation: Operation) -> Reply:
        """Run one operation; raises a `TargetError`, or `SetupError` for what DynamoDB will never accept."""
        conversation = self._design.converse(operation)
        try:
            call = next(conversation)
            while True:
                try:
                    answer = await self._wire.call(call.action, call.body)
                except Conflict as conflict:
                    call = conversation.throw(conflict)
                else:
                    call = conversation.send(answer)
        except StopIteration as end:
            reply: Reply = end.value
            return reply

    async def close(self) -> None:
        """Close the connection; never raises."""
        await self._wire.close()

    def abort(self) -> None:
        """Drop the connection at once, whatever runs on it."""
        self._wire.abort()


class DynamoDbTarget:
    """The table `<prefix>chat`; `aws` needs `allow_aws`, since it costs money (raises `SetupError` without it)."""

    def __init__(self, options: TargetOptions, aws: bool = False) -> None:
        if aws and not options.allow_aws:
            raise SetupError("a target on AWS costs money and runs only with --allow-aws")
        if not aws and not options.url:
            raise SetupError("dynamodb-local has no address: give --url http://HOST:PORT or let a provider start one")
        self._options = options
        self._aws = aws
        self._design = SingleTable(f"{options.prefix}chat")
        self._known_site: _Site | None = None

    @property
    def design(self) -> SingleTable:
        """The calls that make up each operation, for another driver of the same table."""
        return self._design

    async def prepare(self, dataset: Dataset) -> None:
        """Make the table hold exactly these rows; quick when they stand there unwritten. Raises `SetupError`."""
        async with self._table() as table:
            mark = await table.require_ours()
            stands = mark == Mark(dataset.fingerprint, dirty=False)
            if not stands:
                await self._load_anew(table, dataset, exists=mark is not None)
            if not stands or dataset.will_be_written:
                await table.write_mark(dataset.fingerprint, dirty=dataset.will_be_written)

    async def connect(self) -> DynamoDbConnection:
        """Open one lane; raises `Unavailable`, or `SetupError` for credentials or a region that cannot work."""
        wire = self._wire(await self._site(), self._options.timeout_s)
        await wire.open()
        return DynamoDbConnection(wire, self._design)

    async def describe(self) -> Mapping[str, str]:
        """Endpoint, consistency, billing mode and how an append is made. Raises `SetupError`."""
        site = await self._site()
        async with self._table() as table:
            description = await table.description() or {}
        billing = description.get("BillingModeSummary", {}).get("BillingMode", "not known")
        return {
            "endpoint": f"AWS, {site.region}" if self._aws else f"DynamoDB Local at {site.endpoint.authority}",
            "consistency": "base table reads: strong; list_chats and e-mail look-ups: eventual (GSI1)",
            "billing_mode": str(billing),
            "append": "Put then Update, not atomic",
            "driver": "wire",
        }

    async def drop(self) -> None:
        """Remove our table; raises `SetupError` for a table of that name that is not ours, and leaves it alone."""
        async with self._table() as table:
            if await table.require_ours() is not None:
                await table.delete()

    async def _load_anew(self, table: OwnTable, dataset: Dataset, exists: bool) -> None:
        if exists:
            await table.delete()
        await table.create()
        site = await self._site()
        await load(
            items(dataset),
            self._design.table,
            lambda: self._wire(site, _SETUP_CONNECT_LIMIT_S),
            self._options.connections,
        )

    @asynccontextmanager
    async def _table(self) -> AsyncIterator[OwnTable]:
        """Our table over a connection of its own; a failure becomes a `SetupError`, since nothing is measured here."""
        site = await self._site()
        try:
            async with closing_wire(self._wire(site, _SETUP_CONNECT_LIMIT_S)) as wire:
                yield OwnTable(wire, self._design.table, tagged=self._aws)
        except TargetError as error:
            raise SetupError(f"DynamoDB at {site.endpoint.authority}: {error}: does the server run?") from None

    def _wire(self, site: _Site, connect_limit_s: float) -> WireConnection:
        return WireConnection(site.endpoint, site.signer, connect_limit_s)

    async def _site(self) -> _Site:
        if self._known_site is None:
            # On AWS credentials may come from files, a process or the instance: never on the event loop.
            self._known_site = await asyncio.to_thread(self._aws_site) if self._aws else self._local_site()
        return self._known_site

    def _local_site(self) -> _Site:
        endpoint = parse_endpoint(self._options.url)
        signer = Signer(FixedCredentials(LOCAL_CREDENTIALS), LOCAL_REGION, "dynamodb", endpoint.authority)
        return _Site(endpoint, signer, LOCAL_REGION)

    def _aws_site(self) -> _Site:
        from targets.aws import AwsAccess  # boto3 takes 0.2 s to import, and DynamoDB Local does without it

        access = AwsAccess(self._options.region)
        endpoint = parse_endpoint(self._options.url or access.endpoint)
        signer = Signer(access.credentials, access.region, "dynamodb", endpoint.authority)
        return _Site(endpoint, signer, access.region)
