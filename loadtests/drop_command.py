"""`dbverdict drop`: remove what `prepare` made on a person's own server."""

from __future__ import annotations

import asyncio

from targets.catalog import TargetOptions, find_design
from targets.protocol import SetupError


def drop_data(target: str, url: str, prefix: str, allow_aws: bool, region: str | None) -> None:
    """Drop the marked data of one design; raises `SetupError` when they are not ours or cannot be reached."""
    design = find_design(target)
    if design.server is None:
        raise SetupError(f"{target} keeps nothing: there is nothing to drop")
    if not url and design.server != "aws":
        raise SetupError("drop needs the --url of your server; embedded and Docker servers remove their own data")
    options = TargetOptions(url=url, prefix=prefix, connections=1, allow_aws=allow_aws, region=region)
    asyncio.run(design.make(options).drop())
    print(f"dropped: {prefix}chat, if it was there")
