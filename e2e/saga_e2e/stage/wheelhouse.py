"""The wheels that go into an image: fetched by pip on this machine, with the versions and hashes of `constraints.txt`.

So a build of an image needs no index, and nothing of this machine's pip settings gets into a layer.
"""

import hashlib
import importlib.util
import os
import re
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from saga_contracts.errors import SagapactError
from saga_verifier.isolation.engine.context import context_of, may_be_secret

PYTHON = "3.11"
"""Python in the images."""
_PLATFORMS = ("manylinux_2_34", "manylinux_2_28", "manylinux_2_17", "manylinux2014", "linux")  # glibc of Debian 12: 2.36
_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
_PINNED = re.compile(r"^([A-Za-z0-9_.\-]+==[^\s;\\]+)", re.MULTILINE)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_NAME = re.compile(r"^[A-Za-z0-9_.\-]+")
_TIMEOUT_S = 600


def requirements(root: Path, extras: Collection[str], without: Collection[str] = ()) -> tuple[str, ...]:
    """Give what `pyproject.toml` requires, for the package itself and some of its extras.

    Args:
        root: The checkout.
        extras: Names of extras.
        without: Names of distributions to leave out.
    """
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *(one for extra in extras for one in project["optional-dependencies"][extra])]
    return tuple(sorted({one for one in wanted if _name(one) not in without}))


def wheels(root: Path, wanted: Collection[str], architecture: str, cache: Path) -> dict[str, Path | bytes]:
    """Give the wheels of some requirements and of all that these require, by file name.

    Args:
        root: The checkout, which holds `constraints.txt`.
        wanted: Requirements as pip writes them.
        architecture: The engine's, as Docker names it.
        cache: Folder in which fetched wheels are kept.

    Raises:
        SagapactError: when they cannot be fetched, or one is not what was pinned.
    """
    constraints = (root / "constraints.txt").read_text(encoding="utf-8")
    key = hashlib.sha256(repr((sorted(wanted), architecture, constraints)).encode()).hexdigest()[:16]
    folder = cache / key
    if not folder.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as made:
            _fetch(wanted, constraints, architecture, Path(made) / "wheels")
            _verify(Path(made) / "wheels", constraints)
            if not folder.is_dir():  # another process may have been quicker
                (Path(made) / "wheels").rename(folder)
    return {wheel.name: wheel for wheel in sorted(folder.glob("*.whl"))}


def own_packages(root: Path, packages: Collection[str]) -> dict[str, Path | bytes]:
    """Give some of our packages as they are in our wheel, with the metadata by which the command finds its parts.

    Args:
        root: The checkout.
        packages: Names of import packages.

    Raises:
        SagapactError: when our wheel cannot be made.
    """
    isolation = ["--no-build-isolation"] if importlib.util.find_spec("hatchling") else []
    with tempfile.TemporaryDirectory() as folder:
        _pip("make our own wheel", "wheel", "--quiet", "--no-deps", *isolation, "--wheel-dir", folder, str(root))
        with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as wheel:
            return dict(_chosen(wheel, packages))


def _chosen(wheel: zipfile.ZipFile, packages: Collection[str]) -> Iterator[tuple[str, bytes]]:
    for name in wheel.namelist():
        top = name.partition("/")[0]
        metadata = top.endswith(".dist-info") and not name.endswith("/RECORD")
        if (top in packages or metadata) and not any(may_be_secret(part) for part in name.split("/")):
            yield name, wheel.read(name)


def _fetch(wanted: Collection[str], constraints: str, architecture: str, folder: Path) -> None:
    versions = folder.parent / "versions.txt"
    versions.write_text("\n".join(_PINNED.findall(constraints)), encoding="utf-8")
    machine = _MACHINES.get(architecture, architecture)
    platforms = [word for platform in _PLATFORMS for word in ("--platform", f"{platform}_{machine}")]
    target = ["--implementation", "cp", "--python-version", PYTHON, *platforms, "--only-binary", ":all:"]
    _pip(
        "fetch the wheels", "download", "--quiet", "--constraint", str(versions), "--dest", str(folder), *target, *sorted(wanted)
    )


def _verify(folder: Path, constraints: str) -> None:
    pinned = frozenset(_HASH.findall(constraints))
    for wheel in folder.glob("*.whl"):
        if hashlib.sha256(wheel.read_bytes()).hexdigest() not in pinned:
            raise SagapactError(f"The wheel {wheel.name} is not the one that constraints.txt pins. Run `make constraints`.")


def _pip(what: str, *words: str) -> None:
    command = [sys.executable, "-m", "pip", *words, "--disable-pip-version-check", "--no-input"]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        raise SagapactError(f"Cannot {what}: pip took longer than {_TIMEOUT_S} s. Look at its index, then try again.") from None
    if done.returncode != 0:
        last = "\n    ".join(done.stderr.strip().splitlines()[-10:])
        raise SagapactError(f"Cannot {what}: pip ended with status {done.returncode}. Mend what it says:\n    {last}")


def _name(requirement: str) -> str:
    match = _NAME.match(requirement)
    return match[0] if match else requirement


def sources(root: Path, folders: Mapping[str, str]) -> str:
    """Name the content of some packages' sources.

    Args:
        root: The checkout.
        folders: Folder in the checkout, by package.
    """
    whole = hashlib.sha256()
    for package, folder in sorted(folders.items()):
        for name, path in context_of(root / folder).files.items():
            content = os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes()
            whole.update(f"{package}/{name}\0".encode() + hashlib.sha256(content).digest())
    return whole.hexdigest()
