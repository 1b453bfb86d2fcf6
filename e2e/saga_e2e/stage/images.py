"""The images of the reference landscape: base images chosen for this machine, our own built once and reused by content.

    python -m saga_e2e.stage.images            build all, and print their names as variables (NAME=value)
    python -m saga_e2e.stage.images broker     only that one

A base image is, in this order: what SAGAPACT_BASE_IMAGE or SAGAPACT_POSTGRES_IMAGE names; the official image, when the engine has
it or can fetch it; one made from Debian's packages. One of ours that SAGAPACT_BROKER_IMAGE, SAGAPACT_VERIFIER_IMAGE or
SAGAPACT_LANDSCAPE_IMAGE names is used as it is.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from saga_contracts.errors import SagapactError, UsageError
from saga_e2e.stage import wheelhouse
from saga_verifier.isolation.engine import Engine, EngineError
from saga_verifier.isolation.engine.images import Build, built, files_of, found

PYTHON_IMAGE = "python:3.11-slim-bookworm"
POSTGRES_IMAGE = "postgres:15-bookworm"
_BASE_TIMEOUT_S = 900
_CONTRACTS = {"saga_contracts": "contracts/saga_contracts"}
_BROKER = {**_CONTRACTS, "saga_broker": "broker/saga_broker"}


@dataclass(frozen=True, slots=True)
class Recipe:
    """One of our images.

    Attributes:
        folder: Holds its Dockerfile.
        extras: Which of our extras it needs.
        packages: Folder of each of our packages in it.
        without: Distributions that it does not need.
        from_wheel: Are the packages taken from our wheel, with its metadata? Else as they lie in the checkout.
    """

    folder: str
    extras: tuple[str, ...]
    packages: Mapping[str, str]
    without: tuple[str, ...] = ()
    from_wheel: bool = True


RECIPES = {
    "broker": Recipe("broker", ("broker", "telemetry"), _BROKER, ("pact-python",)),
    "verifier": Recipe("provider_verifier", ("verifier",), {**_BROKER, "saga_verifier": "provider_verifier/saga_verifier"}),
    "landscape": Recipe(
        "e2e/images/landscape",
        ("e2e",),
        {**_CONTRACTS, "participants": "e2e/participants", "saga_service": "e2e/saga_service", "sagas": "contracts/sagas"},
        ("aiohttp", "pact-python", "pytest"),
        from_wheel=False,
    ),
}
"""Our images, by name."""


@dataclass(slots=True)
class Images:
    """Finds and builds images at one engine.

    Args:
        engine: The Docker engine.
        say: Told what takes long, and which bases were chosen.
        root: The checkout; None: the one that this file is in.
    """

    engine: Engine
    say: Callable[[str], None] = lambda _: None
    root: Path = field(default_factory=lambda: Path(__file__).resolve().parents[3])
    _base: str = field(default="", init=False)

    @property
    def can_build(self) -> bool:
        """Is there a checkout to build from?"""
        return (self.root / "constraints.txt").is_file()

    def newest(self, image: str) -> str:
        """Give an image by the name under which users know it; in a checkout, one of ours with the content that it has now.

        Args:
            image: Such as `sagapact-broker:latest`, or one that is not ours.
        """
        name = image.removeprefix("sagapact-").removesuffix(":latest")
        return self.image(name) if name in RECIPES and image == f"sagapact-{name}:latest" and self._is_made_here(name) else image

    def server(self, otherwise: str) -> str:
        """Give the image of the PostgreSQL server; where none can be built and none is named, another."""
        return self.postgres() if self._is_made_here("postgres") else otherwise or POSTGRES_IMAGE

    def forwarder(self) -> str:
        """Give an image that has Python, for the forwarder; it need not be there unless it is used."""
        return self.base() if self._is_made_here("base") else PYTHON_IMAGE

    def base(self) -> str:
        """Give the image with Python that ours are built on.

        Raises:
            UsageError: when this is no checkout.
        """
        if not self._base:
            named = os.environ.get("SAGAPACT_BASE_IMAGE", "")
            self._base = found(self.engine, named) if named else self._own_base()
            self.say(f"base image: {self._base}")
        return self._base

    def postgres(self) -> str:
        """Give the image of the PostgreSQL server."""
        named = os.environ.get("SAGAPACT_POSTGRES_IMAGE", "")
        if named:
            return found(self.engine, named)
        self._check_checkout()
        base = (self._chosen(POSTGRES_IMAGE, "") if self.base() == PYTHON_IMAGE else "") or self.base()
        context = files_of(self.root / "e2e/images/postgres")
        build = Build(
            "sagapact-postgres", context, {"BASE_IMAGE": base}, network="host", seeds=(self._id(base),)
        )  # the build's network: apt works then even where containers cannot be given a way out
        return self._built("postgres", build)

    def image(self, name: str) -> str:
        """Give one of our images.

        Args:
            name: `broker`, `verifier` or `landscape`.
        """
        named = os.environ.get(f"SAGAPACT_{name.upper()}_IMAGE", "")
        if named:
            return found(self.engine, named)
        return self._built(name, self.build_of(name))

    def build_of(self, name: str) -> Build:
        """Say how one of our images is built.

        Raises:
            UsageError: when this is no checkout.
        """
        self._check_checkout()
        recipe, base = RECIPES[name], self.base()
        wanted = wheelhouse.requirements(self.root, recipe.extras, recipe.without)
        pinned = (self.root / "constraints.txt").read_text(encoding="utf-8")
        metadata = (self.root / "pyproject.toml").read_text(encoding="utf-8") if recipe.from_wheel else ""
        seeds = (self._id(base), *wanted, pinned, metadata, wheelhouse.sources(self.root, recipe.packages))
        folder = self.root / recipe.folder
        context: dict[str, Path | bytes] = {"Dockerfile": folder / "Dockerfile"}
        if folder.parent.name == "images":
            context |= files_of(folder)
        return Build(f"sagapact-{name}", context, {"BASE_IMAGE": base}, seeds=seeds, more=lambda: self._filled(recipe, wanted))

    def all(self, names: tuple[str, ...] = ("postgres", *RECIPES)) -> dict[str, str]:
        """Give several images by name."""
        return {name: self.postgres() if name == "postgres" else self.image(name) for name in names}

    def _built(self, name: str, build: Build) -> str:
        tag = built(self.engine, build, self.say)
        self.engine.tag(tag, f"sagapact-{name}:latest")
        return tag

    def _filled(self, recipe: Recipe, wanted: tuple[str, ...]) -> dict[str, Path | bytes]:
        wheels = wheelhouse.wheels(self.root, wanted, self.engine.architecture, self.root / "build" / "wheels")
        if recipe.from_wheel:
            own = wheelhouse.own_packages(self.root, recipe.packages)
        else:
            own = {}
            for package, folder in recipe.packages.items():
                own |= files_of(self.root / folder, f"{package}/")
        files: dict[str, Path | bytes] = {f"wheels/{name}": wheel for name, wheel in wheels.items()}
        return files | {f"own/{name}": content for name, content in own.items()}

    def _own_base(self) -> str:
        self._check_checkout()
        script = self.root / "e2e/images/debian_base.sh"
        made = Build("sagapact-base", {"debian_base.sh": script}).tag
        return self._chosen(PYTHON_IMAGE, made) or self._made_base(script, made)

    def _is_made_here(self, name: str) -> bool:
        return self.can_build or bool(os.environ.get(f"SAGAPACT_{name.upper()}_IMAGE"))

    def _check_checkout(self) -> None:
        if not self.can_build:
            raise UsageError(f"Images are built from a checkout of sagapact, and {self.root} is none. Run this in a checkout.")

    def _chosen(self, official: str, made: str) -> str:
        """Choose an image.

        Args:
            official: The official one.
            made: The one that an earlier run made because the official one was not to be had; then that is not asked for again.

        Returns:
            Its name, or nothing where neither is to be had.
        """
        here = [name for name in (official, made) if name and self.engine.image(name) is not None]
        if here:
            return here[0]
        try:
            self.engine.pull(official)
        except EngineError:
            return ""
        return official

    def _made_base(self, script: Path, name: str) -> str:
        self.say(f"no registry of images can be reached: making {name} from Debian's packages (a minute or two)")
        made = subprocess.run(
            [str(script), name], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_BASE_TIMEOUT_S, check=False
        )
        if made.returncode != 0:
            last = "\n    ".join(made.stderr.strip().splitlines()[-8:])
            raise SagapactError(f"The base image could not be made:\n    {last}")
        return name

    def _id(self, image: str) -> str:
        return str((self.engine.image(image) or {}).get("Id", ""))


def main(words: list[str]) -> int:
    """Build the named images, or all."""
    known = ("postgres", *RECIPES)
    unknown = [word for word in words if word not in known]
    try:
        if unknown:
            raise UsageError(f"There is no image {', '.join(unknown)}. Known: {', '.join(known)}.")
        with Engine() as engine:
            images = Images(engine, say=lambda text: print(f"images: {text}", file=sys.stderr, flush=True))  # noqa: T201  (its output)
            for name, image in images.all(tuple(words) or known).items():
                print(f"SAGAPACT_{name.upper()}_IMAGE={image}", flush=True)  # noqa: T201  (its output)
    except SagapactError as error:
        print(f"images: {error}", file=sys.stderr)  # noqa: T201  (its output)
        return error.exit_status
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
