"""A run as rows for Locust's web UI: what run.json says now, or would say, in the report's own figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from results.figures import ABSENT, count, ms
from results.sheet import plain
from results.validity import OF_THE_DATABASE, Reason

COLUMNS: Final = {
    "what": "",
    "number": "count",
    "errors": "errors",
    "response_p50": "response p50 ms",
    "response_p90": "response p90 ms",
    "response_p99": "response p99 ms",
    "response_max": "response max ms",
    "service_p50": "service p50 ms",
    "service_p99": "service p99 ms",
    "note": "state",
}
"""Each column's key and heading. No key is `name`: Locust's UI would sort the rows by it, and the turn comes first."""

_RESPONSE: Final = ("p50", "p90", "p99", "max")
_SERVICE: Final = ("p50", "p99")

Row = dict[str, str]


def rows(run: Mapping[str, Any] | None, phase: str, warnings: Iterable[Reason] = ()) -> list[Row]:
    """The turn with the run's state, what is wrong with it, each operation; one row alone before there is a run.

    While a run goes on `warnings` say what is wrong, afterwards its own judgement does.
    """
    if run is None:
        return [_row(what="no run yet", note=plain(phase))]
    wrong = _judged(run) if run["status"] == "complete" else _warned(warnings)
    turn = _figures("turn", run["turns"]) | {"note": plain(f"{phase}; {_state(run, wrong)}")}
    reasons = [_row(what=plain(rule), note=plain(text)) for rule, text in wrong.items()]
    return [turn, *reasons, *(_figures(name, operation) for name, operation in run["operations"].items())]


def _state(run: Mapping[str, Any], wrong: Mapping[str, str]) -> str:
    if run["status"] == "complete":
        return "valid" if run["validity"]["valid"] else "INVALID"
    return "valid so far" if OF_THE_DATABASE.issuperset(wrong) else "INVALID so far"


def _warned(warnings: Iterable[Reason]) -> dict[str, str]:
    return {warning.rule: f"{warning.figure}: {warning.remedy}" for warning in warnings}


def _judged(run: Mapping[str, Any]) -> dict[str, str]:
    reasons = {found["rule"]: f"{found['figure']}: {found['remedy']}" for found in run["validity"]["reasons"]}
    missed = (limit for limit in run["limits"] if not limit["ok"])
    return reasons | {limit["name"]: f"{limit['value']}, limit {limit['limit']}" for limit in missed}


def _figures(what: str, part: Mapping[str, Any]) -> Row:
    response, service = part["response_ms"], part.get("service_ms")
    return _row(
        what=plain(what),
        number=count(part["count"]),
        errors=count(part["errors"]),
        **{f"response_{name}": ms(response[name]) for name in _RESPONSE},
        **{f"service_{name}": ms(service[name]) if service else ABSENT for name in _SERVICE},
    )


def _row(**cells: str) -> Row:
    return dict.fromkeys(COLUMNS, "") | cells
