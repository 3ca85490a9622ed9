"""Waiting until a server answers: by a real request, since Docker's proxy accepts connections before it listens."""

from __future__ import annotations

import http.client
import socket
import struct
import time
from collections.abc import Callable

from targets.protocol import SetupError

_PROTOCOL_3 = 196608
_PROBE_TIMEOUT_S = 2.0


def postgres_answers(host: str, port: int) -> bool:
    """Whether PostgreSQL asks this stranger to authenticate, which it does only once it accepts sessions.

    While it starts or stops it answers with an error (57P03) instead. No driver is needed, and no password is sent.
    """
    parameters = b"user\0dbverdict\0database\0postgres\0\0"
    message = struct.pack("!ii", 8 + len(parameters), _PROTOCOL_3) + parameters
    try:
        with socket.create_connection((host, port), _PROBE_TIMEOUT_S) as connection:
            connection.sendall(message)
            return connection.recv(1) == b"R"
    except OSError:
        return False


def http_answers(host: str, port: int) -> bool:
    """Whether an HTTP server gives any answer at all: DynamoDB Local says 400 to a request without a signature."""
    connection = http.client.HTTPConnection(host, port, timeout=_PROBE_TIMEOUT_S)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status > 0
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def wait_until(
    answers: Callable[[], bool], alive: Callable[[], bool], limit_s: float, failure: Callable[[], str]
) -> None:
    """Ask until there is an answer; raises `SetupError(failure())` when the server dies or `limit_s` seconds pass."""
    deadline = time.monotonic() + limit_s
    while not answers():
        if not alive() or time.monotonic() > deadline:
            raise SetupError(failure())
        time.sleep(0.02)
