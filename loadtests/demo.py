"""`make demo`: the main job, on embedded servers. Fails only if postgres or dynamodb-local has no valid run."""

from __future__ import annotations

import sys

from loadtests.run_command import demo, gather, make_plan, say
from results.validity import USAGE
from targets.protocol import SetupError

OPTIONS = {
    "target": ["postgres", "dynamodb-local", "dynamodb-local-boto3", "null"],
    "workload": "chat",
    "rate": "40",
    "warmup": "5s",
    "duration": "15s",
    "rounds": "2",
    "provider": "embedded",
    "stored_users": "400",
    "stored_chats_per_user": "8",
    "people": "400",
}


def main() -> int:
    """Run the demo; answers its exit code."""
    try:
        return demo(make_plan(gather(OPTIONS, None)), needed={"postgres", "dynamodb-local"})
    except SetupError as error:
        say(str(error))
        return USAGE


if __name__ == "__main__":
    sys.exit(main())
