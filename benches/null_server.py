"""A null HTTP server in DynamoDB's shape, on loopback: every `GetItem` is answered at once with what was stored.

The calibration server without its delays and its log. Prints its port, and ends when stdin ends.
"""

from __future__ import annotations

import asyncio
import sys

import uvloop

from loadtests.calibration.answers import Answers
from loadtests.calibration.wire import Wire


async def main() -> None:
    """Serve until stdin ends."""
    loop = asyncio.get_running_loop()
    answers = Answers()

    def take(transport: asyncio.Transport, action: bytes, body: bytes) -> None:
        transport.write(answers.answer(action, body))

    server = await loop.create_server(lambda: Wire(take), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    await orders.read()


if __name__ == "__main__":
    uvloop.run(main())
