"""Which files go into an image's build: those of a folder, less what .dockerignore names, less what is secret.

The rules of .dockerignore are Docker's: the last line that fits decides, `!` lets in again, what is in an ignored folder is
ignored with it, and `NAME.dockerignore` beside the Dockerfile NAME stands for the common one. Secrets and caches stay out unless
a line with `!` names them, such as `!.env`; a link goes in as a link, whatever it leads to.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase as same_name
from pathlib import Path

from docker.utils.build import Pattern  # type: ignore[import-untyped]
from docker.utils.fnmatch import fnmatchcase  # type: ignore[import-untyped]

from saga_verifier.isolation.errors import CannotStartError

MOST_BYTES = 500_000_000
MOST_FILES = 50_000
SECRETS = (
    *(".env", ".env.*", ".git", ".git-credentials", ".netrc", "_netrc", ".pypirc", ".npmrc", ".aws", ".azure", ".ssh", ".gnupg"),
    *(".kube", ".docker", ".pgpass", ".vault-token", "*.pem", "*.key", "*.p12", "*.pfx", "*.jks", "*.keystore"),
    *("id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*"),
)
"""Names of files and folders that are secret as a rule."""
EXAMPLES = (".env.example", ".env.sample", ".env.template", ".env.dist")
"""Names that look like secrets and are none."""
CACHES = ("__pycache__", ".venv", "node_modules", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".tox")
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Context:
    """What goes into a build.

    Attributes:
        files: Path on disk of each file, by its path in the build.
        kept_out: What stayed out because it may be secret, relative to the folder; what is in a folder of these is not named.
    """

    files: Mapping[str, Path]
    kept_out: tuple[str, ...] = ()

    @property
    def warning(self) -> str:
        """Say once what stayed out for safety; nothing when nothing did."""
        if not self.kept_out:
            return ""
        more = f" and {len(self.kept_out) - _SHOWN} more" if self.kept_out[_SHOWN:] else ""
        named = ", ".join(self.kept_out[:_SHOWN]) + more
        mend = f"a line such as !{self.kept_out[0]} in .dockerignore lets it in"
        return f"left out of the build, since it may be secret: {named} ({mend})"


def context_of(folder: Path, ignored: Iterable[str] = ()) -> Context:
    """Give what goes into a build from a folder.

    Args:
        folder: The folder.
        ignored: The lines of its .dockerignore.

    Raises:
        CannotStartError: when it is more than a build should be sent, or a folder cannot be read.
    """
    walk = _Walk(folder, _rules(ignored))
    try:
        files = dict(sorted(walk.files()))
        _check_size(folder, files)
    except OSError as error:
        raise CannotStartError(f"Cannot read {error.filename or folder} for the build: {error.strerror}.") from None
    return Context(files, tuple(sorted(walk.kept_out)))


def ignored_by(dockerfile: Path) -> tuple[str, ...]:
    """Give the lines of the .dockerignore that goes with a Dockerfile: its own, or that of its folder.

    Raises:
        CannotStartError: when it cannot be read.
    """
    for file in (dockerfile.with_name(f"{dockerfile.name}.dockerignore"), dockerfile.with_name(".dockerignore")):
        if file.is_file():
            try:
                return tuple(file.read_text(encoding="utf-8-sig").splitlines())
            except (OSError, UnicodeDecodeError) as error:
                raise CannotStartError(f"Cannot read {file}: {error}. Save it as UTF-8.") from None
    return ()


def files_of(folder: Path, prefix: str = "", only: Callable[[Path], bool] = lambda _: True) -> dict[str, Path | bytes]:
    """Give the files of a folder of ours for a build, without caches and without what may be secret.

    Args:
        folder: The folder.
        prefix: Where it stands in the context.
        only: Which files to take.
    """
    return {f"{prefix}{name}": path for name, path in context_of(folder).files.items() if only(path)}


def may_be_secret(name: str) -> bool:
    """Is this the name of a file or folder that is secret as a rule?"""
    return name not in EXAMPLES and any(same_name(name, secret) for secret in SECRETS)


@dataclass(frozen=True, slots=True)
class _Rule:
    """One line of .dockerignore: which paths, and whether it lets in."""

    pattern: str
    lets_in: bool
    parts: tuple[str, ...]

    def fits(self, path: str) -> bool:
        return bool(fnmatchcase(path, self.pattern))

    def may_fit_below(self, folder: str) -> bool:
        """May a path in this folder fit?"""
        for part, own in zip(folder.split("/"), self.parts, strict=False):
            if "**" in own:
                return True
            if not fnmatchcase(part, own):
                return False
        return len(self.parts) > folder.count("/") + 1

    def names(self, name: str) -> bool:
        """Does one of its parts speak of such a name, and not of any name?"""
        return any(part == name or (same_name(name, part) and part.strip("*?.")) for part in self.parts)


def _rules(lines: Iterable[str]) -> tuple[_Rule, ...]:
    rules = []
    for raw in lines:
        line = raw.strip()
        if raw.startswith("#") or not line:
            continue
        lets_in = line.startswith("!")
        parts = Pattern.normalize(line.removeprefix("!") if lets_in else line)
        if parts:
            rules.append(_Rule("/".join(parts), lets_in, tuple(parts)))
    return tuple(rules)


class _Walk:
    """Goes through a folder; what a rule says of a folder holds for what is in it, until a later rule says otherwise."""

    def __init__(self, folder: Path, rules: tuple[_Rule, ...]) -> None:
        self.folder, self.rules = folder, rules
        self.kept_out: list[str] = []

    def files(
        self, within: str = "", above: tuple[bool, ...] | None = None, risky: tuple[str, ...] = ()
    ) -> Iterator[tuple[str, Path]]:
        """Give what goes in.

        Args:
            within: The folder to go through, from the whole one on.
            above: Which rules fit that folder.
            risky: The names on the way there that are secret or a cache.
        """
        for entry in sorted(os.scandir(self.folder / within), key=lambda one: one.name):
            path = f"{within}/{entry.name}" if within else entry.name
            fitting = tuple(rule.fits(path) for rule in self.rules)
            fitting = tuple(map(any, zip(above, fitting, strict=True))) if above is not None else fitting
            names = (*risky, entry.name) if may_be_secret(entry.name) or entry.name in CACHES else risky
            goes_in = not self._ignored(fitting) and self._released(names, fitting)
            found: list[tuple[str, Path]] = []
            if entry.is_dir(follow_symlinks=False):
                below = goes_in or any(rule.lets_in and rule.may_fit_below(path) for rule in self.rules)
                found = list(self.files(path, fitting, names)) if below else []
            elif goes_in and (entry.is_symlink() or entry.is_file()):
                found = [(path, self.folder / path)]
            if not found and not risky and may_be_secret(entry.name) and not goes_in and not self._ignored(fitting):
                self.kept_out.append(path)
            yield from found

    def _ignored(self, fitting: tuple[bool, ...]) -> bool:
        last = [rule for rule, fits in zip(self.rules, fitting, strict=True) if fits]
        return bool(last) and not last[-1].lets_in

    def _released(self, names: tuple[str, ...], fitting: tuple[bool, ...]) -> bool:
        """A secret or a cache goes in only when a line that lets it in speaks of it."""
        speaking = [rule for rule, fits in zip(self.rules, fitting, strict=True) if fits and rule.lets_in]
        return all(any(rule.names(name) for rule in speaking) for name in names)


def _check_size(folder: Path, files: Mapping[str, Path]) -> None:
    sizes: dict[str, int] = {}
    for name, path in files.items():
        top = name.partition("/")[0]
        sizes[top] = sizes.get(top, 0) + path.lstat().st_size
    if sum(sizes.values()) <= MOST_BYTES and len(files) <= MOST_FILES:
        return
    largest = sorted(sizes.items(), key=lambda one: one[1], reverse=True)[:_SHOWN]
    shown = ", ".join(f"{name} ({size / 1_000_000:.0f} MB)" for name, size in largest)
    raise CannotStartError(
        f"The build of {folder} would take {len(files)} files with {sum(sizes.values()) / 1_000_000:.0f} MB; "
        f"at most {MOST_FILES} files with {MOST_BYTES // 1_000_000} MB are sent. The largest: {shown}. "
        "Name in .dockerignore what the image does not need."
    )
