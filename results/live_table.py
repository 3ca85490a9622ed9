"""A run as rows for Locust's web UI: what run.json says now, or would say, in the report's own figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from results.figures import ABSENT, count, ms
from results.sheet import plain

COLUMNS: Final = {
    "what": "",
    "number": "count",
    "errors": "errors",
    "response_p50": "response p50 ms",
    "response_p90": "p90 ms",
    "response_p99": "p99 ms",
    "response_max": "max ms",
    "service_p50": "service p50 ms",
    "service_p99": "p99 ms ",
    "note": "",
}
"""Each column's key and heading. No key is `name`: Locust's UI would sort the rows by it, and the turn comes first."""

_RESPONSE: Final = ("p50", "p90", "p99", "max")
_SERVICE: Final = ("p50", "p99")

Row = dict[str, str]


def rows(run: Mapping[str, Any] | None, phase: str) -> list[Row]:
    """The turn, each operation, then why the run is no evidence; one row that says so before there is a run."""
    if run is None:
        return [_row(what="no run yet", note=phase)]
    turn = _figures("turn", run["turns"]) | {"note": f"{phase}; {validity(run)}"}
    operations = [_figures(name, operation) for name, operation in run["operations"].items()]
    reasons = [
        _row(what=plain(reason["rule"]), note=plain(f"{reason['figure']}: {reason['remedy']}"))
        for reason in _reasons(run)
    ]
    return [turn, *operations, *reasons]


def validity(run: Mapping[str, Any]) -> str:
    """Whether the run is evidence, in a few words: so far, or at its end."""
    if run["status"] == "complete":
        return "valid" if run["validity"]["valid"] else "INVALID"
    return "would be INVALID now" if _reasons(run) else "valid so far"


def _reasons(run: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """A run that goes on is not called empty."""
    return [reason for reason in run["validity"]["reasons"] if run["status"] == "complete" or reason["rule"] != "empty"]


def _figures(name: str, part: Mapping[str, Any]) -> Row:
    response, service = part["response_ms"], part.get("service_ms")
    return _row(
        what=plain(name),
        number=count(part["count"]),
        errors=count(part["errors"]),
        **{f"response_{name}": ms(response[name]) for name in _RESPONSE},
        **{f"service_{name}": ms(service[name]) if service else ABSENT for name in _SERVICE},
    )


def _row(**cells: str) -> Row:
    return dict.fromkeys(COLUMNS, "") | cells
