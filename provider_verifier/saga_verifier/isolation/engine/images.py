"""Finds the image of a container: one that is at the engine, one to fetch, or one to build from a Dockerfile.

A built image is named by the content of all that went into it, so that it is built once and reused as long as nothing of that
changes. Builds use only what the classic builder and BuildKit both know.
"""

import hashlib
import io
import os
import tarfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from saga_verifier.isolation.engine.api import Engine
from saga_verifier.isolation.engine.context import context_of, files_of, ignored_by
from saga_verifier.isolation.engine.errors import EngineError
from saga_verifier.isolation.errors import CannotStartError

__all__ = ["Build", "build_of", "built", "files_of", "found"]

IMAGE_LABEL = "sagapact.image"
STAGE_LABEL = "sagapact.stage"
"""On the stages of a Dockerfile that hold what changes often: with the classic builder they outlive the build."""
OLD_STAGE_S = 3600.0
KEPT_BUILDS = 3
"""So many builds of one image are kept; older ones are removed unless a container uses them."""


@dataclass(frozen=True, slots=True)
class Build:
    """An image to build.

    Attributes:
        name: Its repository name, such as `shop-billing`; the tag is made from the content.
        context: Files by their path in the build's context, `Dockerfile` among them: a path on disk, or the content itself.
        arguments: Values of the Dockerfile's `ARG`.
        network: The build's network; None: the engine's own.
        seeds: Further texts that the tag is made from, such as the id of the base image.
        more: Makes further files of the context when it is built; what they hold must follow from the rest.
        warning: What is to be said when it is built.
    """

    name: str
    context: Mapping[str, Path | bytes] = field(repr=False)
    arguments: Mapping[str, str] = field(default_factory=dict)
    network: str | None = None
    seeds: tuple[str, ...] = ()
    more: Callable[[], Mapping[str, Path | bytes]] = dict
    warning: str = ""

    @property
    def digest(self) -> str:
        """Name all that goes into the image."""
        whole = hashlib.sha256(repr((sorted(self.arguments.items()), self.seeds)).encode())
        for path, content in sorted(self.context.items()):
            kind = f"{path}\0{_mode(content):o}\0".encode(errors="surrogateescape")
            whole.update(kind + hashlib.sha256(_data(content)).hexdigest().encode() + b"\n")
        return whole.hexdigest()[:16]

    @property
    def tag(self) -> str:
        """Name the image with its content."""
        return f"{self.name}:{self.digest}"


def build_of(name: str, dockerfile: Path) -> Build:
    """Give the build of a Dockerfile whose context is its own folder, as far as its .dockerignore lets it in.

    Raises:
        CannotStartError: when there is no such file, or the folder cannot be sent.
    """
    if not dockerfile.is_file():
        raise CannotStartError(f"There is no Dockerfile {dockerfile}. Name an existing one, or name an image.")
    context = context_of(dockerfile.parent, ignored_by(dockerfile))
    return Build(name, {**context.files, "Dockerfile": _read(dockerfile)}, warning=context.warning)


def built(engine: Engine, build: Build, say: Callable[[str], None] = lambda _: None) -> str:
    """Give the name of a built image, building it when it is not there.

    Args:
        engine: Where.
        build: What.
        say: Told when it is built.

    Raises:
        EngineError: when it does not build.
    """
    tag = build.tag
    if engine.image(tag) is None:
        say(f"building {tag}")
        if build.warning:
            say(build.warning)
        packed = _packed({**build.context, **build.more()})
        engine.build(packed, name=tag, arguments=build.arguments, labels={IMAGE_LABEL: build.name}, network=build.network)
        _forget_old(engine, build.name)
    return tag


def found(engine: Engine, name: str) -> str:
    """Make sure that the engine has an image, fetching it when it has not.

    Raises:
        CannotStartError: when it is nowhere to be had.
    """
    if engine.image(name) is None:
        try:
            engine.pull(name)
        except EngineError as error:
            raise CannotStartError(
                f"The image {name} is not at the Docker engine and cannot be fetched. {error}\nBuild it, or name another."
            ) from None
    return name


def _forget_old(engine: Engine, name: str) -> None:
    builds = sorted(engine.images(f"{IMAGE_LABEL}={name}"), key=lambda one: one[1], reverse=True)
    for tag, _ in [one for one in builds if one[0].startswith(f"{name}:") and not one[0].endswith(":latest")][KEPT_BUILDS:]:
        engine.remove_image(tag)
    seen: set[str] = set()
    while old := [image for image in _old_stages(engine, name) if image not in seen]:  # below each one the one before it appears
        seen.update(old)
        for image in old:
            engine.remove_image(image)


def _old_stages(engine: Engine, name: str) -> list[str]:
    """Give what builds left; what is young may belong to a build that is under way."""
    return [image for image, made in engine.stages(f"{STAGE_LABEL}={name}") if time.time() - made > OLD_STAGE_S]


def _packed(context: Mapping[str, Path | bytes]) -> io.BytesIO:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for path, content in sorted(context.items()):
            data = _data(content)
            member = tarfile.TarInfo(path)  # without times and owners, so that the builder's own cache finds it again
            member.mode = _mode(content)
            if _is_link(content):
                member.type, member.linkname = tarfile.SYMTYPE, os.fsdecode(data)
            else:
                member.size = len(data)
            tar.addfile(member, None if _is_link(content) else io.BytesIO(data))
    packed.seek(0)
    return packed


def _data(content: Path | bytes) -> bytes:
    """Give what a file holds; of a link, where it leads."""
    if isinstance(content, bytes):
        return content
    return os.fsencode(content.readlink()) if content.is_symlink() else _read(content)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise CannotStartError(f"Cannot read {file} for the build: {error.strerror}. Let it be read, or ignore it.") from None


def _is_link(content: Path | bytes) -> bool:
    return isinstance(content, Path) and content.is_symlink()


def _mode(content: Path | bytes) -> int:
    if _is_link(content):
        return 0o777
    return 0o755 if isinstance(content, Path) and content.stat().st_mode & 0o100 else 0o644
