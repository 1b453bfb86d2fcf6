"""Writing a picture where somebody asked for it."""

from pathlib import Path

from saga_contracts.errors import UsageError


def write(path: Path, text: str) -> None:
    """Write a picture; an earlier picture is replaced, as one expects of `-o`, any other file is left alone.

    Raises:
        UsageError: when something else is there, or nothing can be written there.
    """
    try:
        if path.is_file() and not path.read_bytes()[:100].lstrip().startswith((b"<svg", b"<?xml")):
            raise UsageError(f"{path} is there already and is no picture, so it is left alone. Name another file.")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        reason = error.strerror or error
        raise UsageError(f"Cannot write {path}: {reason}. Name a file in a folder that can be written to.") from None
