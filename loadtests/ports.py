"""Ports Locust is about to take, tried before: its own failure is a traceback."""

from __future__ import annotations

import socket
from argparse import ArgumentParser

from targets.protocol import SetupError


def refuse_busy_master_port() -> None:
    """Locust binds the master's port before any event of ours, so its options are looked at here already."""
    parser = ArgumentParser(add_help=False, allow_abbrev=False)
    for flag in ("--master", "--worker"):
        parser.add_argument(flag, action="store_true")
    parser.add_argument("--processes", type=int)
    parser.add_argument("--master-bind-host", default="*")
    parser.add_argument("--master-bind-port", type=int, default=5557)
    given, _ = parser.parse_known_args()
    if (given.master or given.processes) and not given.worker:
        host = "" if given.master_bind_host == "*" else given.master_bind_host
        refuse_busy_port(host, given.master_bind_port, "--master-bind-port")


def refuse_busy_port(host: str, port: int, option: str = "--web-port") -> None:
    """A port is tried before Locust takes it: its own failure is a traceback."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise SetupError(f"port {port} cannot be had ({error.strerror}): choose another with {option}") from error
