"""The directory of a program and of those beside it: its data, and a log for each; removed with the last of them."""

import shutil
import tempfile
from pathlib import Path


class Home:
    """A fresh directory; whoever enters it keeps it until it leaves.

    Attributes:
        root: The whole directory.
        work: The data that the programs share.

    Args:
        name: Whose it is, as messages call it.
        folder: Where it is made; None: in the system's folder for temporary files.
        keep: Is it left where it is at the end?
    """

    def __init__(self, name: str, folder: Path | None, *, keep: bool) -> None:
        self.root = Path(tempfile.mkdtemp(prefix=f"sagapact-{_plain(name)}-", dir=folder))
        self.work = self.root / "data"
        self.work.mkdir()
        self._keep = keep
        self._inside: list[object] = []
        self._entered = 0

    def enter(self, who: object) -> Path:
        """Let one in; give where its log is written."""
        self._inside.append(who)
        self._entered += 1
        return self.root / ("output.log" if self._entered == 1 else f"output-{self._entered}.log")

    def empty(self) -> None:
        """Remove the data."""
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(exist_ok=True)

    def leave(self, who: object) -> None:
        """Let one go, and remove the directory after the last; again does nothing."""
        if who in self._inside:
            self._inside.remove(who)
        if not self._inside and not self._keep:
            shutil.rmtree(self.root, ignore_errors=True)


def _plain(name: str) -> str:
    return "".join(letter if letter.isalnum() and letter.isascii() else "-" for letter in name)[:40]
