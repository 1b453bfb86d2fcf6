"""Reading what a program wrote, without secrets. The guard writes the file and keeps it within bounds."""

from pathlib import Path

from saga_contracts.rim.redact import Redactor

_TAIL_BYTES = 64_000
_LINE_LIMIT = 2_000


class ProcessLog:
    """The log of one program, over all of its starts."""

    def __init__(self, path: Path, redact: Redactor) -> None:
        self.path = path
        self._redact = redact

    def tail(self, lines: int) -> str:
        """Give the last lines, redacted, over-long ones cut."""
        return "\n".join(_last(self._text(), lines))

    def since(self, banner: str) -> str:
        """Give what was written after the last banner."""
        return self._text().rpartition(banner)[2]

    def quoted(self, banner: str, lines: int = 20) -> str:
        """Give the last lines after the last banner as a paragraph of an error message."""
        last = _last(self.since(banner), lines)
        return "\n    ".join(["The last lines of its log:", *last]) if last else "It wrote nothing to its log."

    def _text(self) -> str:
        """Give the newest part of the log; secrets are taken out before anything else looks at it."""
        margin = self._redact.longest
        older = self.path.with_name(self.path.name + ".older")
        data, size = b"", 0
        for path in (older, self.path):
            if path.exists():
                size += path.stat().st_size
                data += _end_of(path, _TAIL_BYTES + margin)
        data = data[-(_TAIL_BYTES + margin) :]
        text = self._redact(data.decode(errors="replace"))
        was_cut = older.exists() or size > len(data)
        return text[margin:] if was_cut else text  # a secret that was cut at the beginning is in the margin


def _end_of(path: Path, count: int) -> bytes:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - count))
        return file.read(count)


def _last(text: str, lines: int) -> list[str]:
    chosen = text.splitlines()[-lines:] if lines > 0 else []
    return [line if len(line) <= _LINE_LIMIT else line[: _LINE_LIMIT - 1] + "…" for line in chosen]
