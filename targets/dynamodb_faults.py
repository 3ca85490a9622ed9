"""What DynamoDB's error codes mean at the seam; both drivers raise what `fault` makes of them.

Source: DynamoDB Developer Guide, "Error handling with DynamoDB", and DynamoDB Local 3.3.1's answers.
"""

from __future__ import annotations

from targets.protocol import Conflict, SetupError, TargetError, Throttled, Unavailable

_THROTTLED = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "Throttling",
        "ThrottlingException",
    }
)
_UNAVAILABLE = frozenset(
    {
        "InternalFailure",
        "InternalServerError",
        "ServiceUnavailable",
        "ServiceUnavailableException",
    }
)
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException"})

_CURES = {
    "AccessDeniedException": "allow the dynamodb actions on this table to these credentials",
    "IncompleteSignatureException": "check the AWS credentials",
    "InvalidSignatureException": "check the AWS secret key and this machine's clock",
    "MissingAuthenticationTokenException": "check the AWS credentials",
    "ResourceNotFoundException": "let prepare load the data first, and drop nothing during a run",
    "UnrecognizedClientException": "check the AWS credentials and the region",
}


class Expired(Unavailable):
    """The session token is too old; fresh credentials may mend it for the operations that follow."""


class RefusedError(SetupError):
    """DynamoDB will never accept this request as things are; `code` is its own word for why. Stops the run."""

    def __init__(self, code: str, message: str) -> None:
        cure = _CURES.get(code)
        text = " ".join(message.split()) or "no reason given"
        super().__init__(f"DynamoDB refused a request: {code}: {text}" + (f": {cure}" if cure else ""))
        self.code = code


def fault(code: str, message: str, status: int) -> TargetError | SetupError:
    """The error to raise for an answer with this code (without its name space) and HTTP status."""
    if code == "ConditionalCheckFailedException":
        return Conflict(message)
    if code in _THROTTLED:
        return Throttled(f"{code}: {message}")
    if code in _EXPIRED:
        return Expired(f"{code}: {message}")
    if status >= 500 or code in _UNAVAILABLE:
        return Unavailable(f"{code}: {message}")
    return RefusedError(code, message)
