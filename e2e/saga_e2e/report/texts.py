"""Words and numbers as the report writes them (pure)."""

import json
import shlex
from typing import Any

from saga_e2e.report.data import HttpRequest


def short(value: Any, most: int = 120) -> str:
    """Write a JSON value in one line that is not longer than `most`; None is empty."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(", ", ": "))
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def sentence(text: str) -> str:
    """Begin a text with a capital letter and end it with a point, as a sentence."""
    stripped = text.strip()
    return stripped[:1].upper() + stripped[1:] + ("" if stripped[-1:] in ("", ".", "!", "?", ":") else ".")


def number(value: float | str | None) -> str:
    """Write a number so that it is read easily: thousands apart, at most three digits behind the point."""
    if value is None:
        return "not measured"
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return f"{value:,}".replace(",", "\u202f")
    return f"{value:,.3f}".rstrip("0").rstrip(".").replace(",", "\u202f")


def duration(value_ms: float | None) -> str:
    """Write a duration that is given in milliseconds."""
    if value_ms is None:
        return ""
    return f"{value_ms / 1000:.1f} s" if value_ms >= 1000 else f"{value_ms:.0f} ms"  # noqa: PLR2004  (a second)


def counted(count: int, one: str, many: str | None = None) -> str:
    """Write a count with its noun."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def as_curl(request: HttpRequest) -> str:
    """Write a request as a command to paste into a shell."""
    lines = [f"curl --include --request {shlex.quote(request.method or 'GET')} --url {shlex.quote(request.url)}"]
    lines += [f"  --header {shlex.quote(f'{name}: {value}')}" for name, value in request.headers.items()]
    if request.body is not None:
        body = request.body if isinstance(request.body, str) else json.dumps(request.body, ensure_ascii=False)
        lines.append(f"  --data-raw {shlex.quote(body)}")
    return " \\\n".join(lines)
