"""Reading what a container wrote, without secrets. The engine keeps it, within bounds, until the container is removed."""

from pathlib import Path

from saga_contracts.rim.redact import Redactor
from saga_verifier.isolation.engine import Engine

_LINE_LIMIT = 2_000
_MARGIN = 60  # lines read beyond those asked for, so that a secret of several lines is never cut
_ALL = 100_000


class ContainerLog:
    """The log of one container, over all of its starts."""

    def __init__(self, engine: Engine, container: str, redact: Redactor) -> None:
        self._engine, self._container, self._redact = engine, container, redact

    def tail(self, lines: int, since: float | None = None) -> list[str]:
        """Give the last lines, redacted, over-long ones cut."""
        if lines <= 0:
            return []
        text = self._redact(self._engine.log(self._container, lines=lines + _MARGIN, since=since))
        return [line if len(line) <= _LINE_LIMIT else line[: _LINE_LIMIT - 1] + "…" for line in text.splitlines()[-lines:]]

    def quoted(self, since: float | None = None, lines: int = 20) -> str:
        """Give the last lines as a paragraph of an error message."""
        last = self.tail(lines, since)
        return "\n    ".join(["The last lines of its log:", *last]) if last else "It wrote nothing to its log."

    def keep(self, file: Path) -> None:
        """Write all of it to a file that nobody else can read: what it tells is known only in part."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(self._redact(self._engine.log(self._container, lines=_ALL)), encoding="utf-8")
