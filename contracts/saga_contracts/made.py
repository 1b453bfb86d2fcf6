"""What sagapact has made itself in a folder that a user named: only that is ever replaced or deleted.

A folder for results is taken when it is new or empty, and gets a marker, the file `.sagapact-made`, which names every file that
was written there. A folder that holds anything and has no marker is left alone, and so is a file that the marker does not name.
Links are never followed: a link in the place of a file is replaced, a link in the place of a folder is an error.
"""

import contextlib
import os
import uuid
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from saga_contracts.errors import UsageError

MARKER = ".sagapact-made"
_HEAD = "# Written by sagapact: it replaces and deletes in this folder only what is named here."
_LONGEST = 1024 * 1024


class MadeFolder:
    """A folder in which this program may write; made by `claim`.

    Attributes:
        path: The folder.
    """

    def __init__(self, path: Path, names: set[str]) -> None:
        self.path = path
        self._names = names

    def clear(self) -> None:
        """Delete the files that this program wrote here, and the folders that become empty by it; everything else stays."""
        with _told(self.path):
            for name in sorted(self._names):
                file = self.path / name
                if self._leads_elsewhere(name) is None and (file.is_symlink() or file.is_file()):
                    file.unlink()
            folders = {parent for name in self._names for parent in PurePosixPath(name).parents if parent.parts}
            for folder in sorted(folders, reverse=True):
                with contextlib.suppress(OSError):  # something else is in it
                    (self.path / folder).rmdir()
            self._save(set())

    def will_make(self, *names: str) -> None:
        """Say which files are going to be written here, by this or by another program; they are its own from now on.

        Args:
            names: Relative paths with `/`, such as `pacts/shop-billing.json`.

        Raises:
            UsageError: when a file of this name is there that this program did not write, or a folder on its way is a link.
        """
        for name in names:
            link = self._leads_elsewhere(name)
            if link is not None:
                raise UsageError(
                    f"{link} is a link that leads elsewhere, and is not followed. Remove it, or name another folder."
                )
            if name not in self._names and os.path.lexists(self.path / name):
                raise UsageError(
                    f"{self.path / name} is there already and was not made by sagapact, so it is left alone. "
                    "Move it away, or name another folder."
                )
        with _told(self.path):
            self._save(self._names | set(names))

    def write(self, name: str, text: str) -> None:
        """Write a text file, in the place of one that this program wrote before.

        Raises:
            UsageError: as for `will_make`, and when it cannot be written.
        """
        self.will_make(name)
        with _told(self.path):
            _replace(self.path / name, text)

    def _leads_elsewhere(self, name: str) -> Path | None:
        """Give a folder on the way to a file that is a link; None when there is none."""
        parents = [self.path / parent for parent in PurePosixPath(name).parents if parent.parts]
        return next((parent for parent in parents if parent.is_symlink()), None)

    def _save(self, names: set[str]) -> None:
        self._names = names
        _replace(self.path / MARKER, "\n".join([_HEAD, *sorted(names)]) + "\n")


def claim(folder: Path) -> MadeFolder:
    """Take a folder for results: a new one, an empty one, or one that this program took before.

    Raises:
        UsageError: when it holds anything and has no marker, is no folder, or cannot be written to; nothing was touched then.
    """
    with _told(folder):
        if os.path.lexists(folder) and not folder.is_dir():
            raise UsageError(f"{folder} is no folder, and is left alone. Name a new or an empty folder.")
        names = _names_in(folder / MARKER)
        if names is None and folder.is_dir() and any(folder.iterdir()):
            raise UsageError(
                f"The folder {folder} holds files that sagapact did not make, and is left alone. Name a new or an empty folder."
            )
        folder.mkdir(parents=True, exist_ok=True)
        made = MadeFolder(folder, names or set())
        made.will_make()
    return made


def _names_in(marker: Path) -> set[str] | None:
    """Read a marker; None when there is none. Names that lead out of the folder are left out, whoever wrote them."""
    if marker.is_symlink() or not marker.is_file():
        return None
    with marker.open("rb") as file:
        lines = file.read(_LONGEST).decode(errors="replace").splitlines()
    return {name for name in lines[1:] if _is_inside(name)} if lines[:1] == [_HEAD] else None


def _is_inside(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return bool(parts) and not name.startswith("/") and ".." not in parts and name != MARKER


def _replace(file: Path, text: str) -> None:
    """Write a file whole or not at all; a link of this name is replaced, not followed."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}-{uuid.uuid4().hex[:8]}")
    try:
        with part.open("x", encoding="utf-8") as written:
            written.write(text)
        part.replace(file)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def _told(folder: Path) -> Iterator[None]:
    """Say in one sentence that a folder cannot be written to."""
    try:
        yield
    except OSError as error:
        raise UsageError(f"Cannot write to {folder}: {error.strerror or error}. Name a folder that can be written to.") from None
