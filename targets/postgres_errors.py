"""What PostgreSQL's error codes mean at the seam (the appendix "PostgreSQL Error Codes" of its manual)."""

from __future__ import annotations

from uuid import UUID

from targets.protocol import Conflict, TargetError, Throttled, TimedOut, Unavailable
from workloads.operations import CreateChat, Operation

_OUTCOMES: dict[str, type[TargetError]] = {
    "23505": Conflict,  # unique_violation: the position or the id is taken
    "40001": Conflict,  # serialization_failure
    "57014": TimedOut,  # query_canceled: statement_timeout
    "55P03": TimedOut,  # lock_not_available: lock_timeout
    "40P01": TimedOut,  # deadlock_detected
    "53300": Unavailable,  # too_many_connections
    "53": Throttled,  # insufficient resources: disk, memory
    "08": Unavailable,  # connection exceptions
    "57": Unavailable,  # operator intervention: shutdown, crash, starting up
    "25P03": Unavailable,  # idle_in_transaction_session_timeout: the session is gone
    "25006": Unavailable,  # read_only_sql_transaction: the server became a standby
}

_BROKE = "the connection broke: look into the server's log"
_CURES = {
    "42501": "grant the role CREATE on the database, or use the role that made the schema",
    "53100": "free disk space on the server, or load less",
    "55P03": "another run uses the schema: let it end, or choose another prefix",
    "2BP01": "move what dbverdict did not make out of the schema",
    "08": _BROKE,
    "57": _BROKE,
}


def outcome_of(sqlstate: str) -> type[TargetError] | None:
    """The outcome of an operation that failed with this code; None where the statement itself is at fault: a bug."""
    return _OUTCOMES.get(sqlstate) or _OUTCOMES.get(sqlstate[:2])


def cure_of(sqlstate: str) -> str | None:
    """What a person can mend when preparing failed with this code; None where it is a bug of ours."""
    return _CURES.get(sqlstate) or _CURES.get(sqlstate[:2])


def asks_for_impossible_id(operation: Operation) -> bool:
    """Whether it looks for an id that is no UUID, under which nothing can be stored; making such a chat is a bug."""
    if isinstance(operation, CreateChat):
        return False
    ids = (getattr(operation, name, None) for name in ("tenant_id", "user_id", "role_id", "chat_id"))
    return not all(_is_uuid(text) for text in ids if text is not None)


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
