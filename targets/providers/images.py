"""The names of the container images: docker/images.toml says them once, environment variables override them."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

from targets.protocol import SetupError
from targets.server import ServerKind

IMAGES_FILE = Path(__file__).parents[2] / "docker" / "images.toml"


def image_variable(kind: ServerKind) -> str:
    """The environment variable that overrides the image of this kind of server: DBVERDICT_IMAGE_POSTGRES, …"""
    return "DBVERDICT_IMAGE_" + kind.upper().replace("-", "_")


def image_name(kind: ServerKind) -> str:
    """The image to run for this kind of server; raises `SetupError` when none is named."""
    if own := os.environ.get(image_variable(kind)):
        return own
    return read_images("images")[kind]


def local_image_name(kind: ServerKind) -> str:
    """The tag docker/local/build.py gives to the image it builds on this machine."""
    return read_images("local")[kind]


def read_images(section: str) -> dict[str, str]:
    """One section of docker/images.toml: server kind to image; raises `SetupError` without the file."""
    try:
        with IMAGES_FILE.open("rb") as file:
            return dict(tomllib.load(file)[section])
    except OSError as error:
        raise SetupError(
            f"{IMAGES_FILE} is missing: run from a clone, or name images in DBVERDICT_IMAGE_POSTGRES and "
            "DBVERDICT_IMAGE_DYNAMODB_LOCAL"
        ) from error
