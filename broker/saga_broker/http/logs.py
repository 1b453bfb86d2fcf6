"""The broker's log: one JSON object a line on standard error, without secrets.

Every line has `time`, `level`, `logger` and `message`; lines written while a request is answered also have its `request_id`,
which the client was given, too. Who writes which lines stands elsewhere.
"""

import json
import logging
import re
import sys
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, TextIO
from urllib.parse import parse_qsl, quote, unquote

import orjson

REQUEST_ID: ContextVar[str | None] = ContextVar("request_id", default=None)
LEVELS = ("debug", "info", "warning", "error")
FIELDS = "fields"
HIDDEN = "***"

_USER = re.compile(r"(?<=//)[^/\s?#@\"']*@")
_SECRET_WORD = r"(?:pass(?:word|wd)?|pwd|secret|token|credentials?|authori[sz]ation|signature|(?:api|access|private)[-_]?key)"  # noqa: S105
_SCHEME = re.compile(r"\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]+", re.IGNORECASE)
_ASSIGNED = re.compile(rf"({_SECRET_WORD}[\"']?\s*[=:]\s*[\"']?)(?!\*\*\*)[^\s\"'&,;}})]+", re.IGNORECASE)
_TOKEN = re.compile(r"\bsgp_[A-Za-z0-9_-]{20,}")  # one of this broker's own, wherever it stands
_SECRET_NAME = re.compile(_SECRET_WORD, re.IGNORECASE)
_SUSPICIOUS = re.compile(rf"@|sgp_|bearer|basic|{_SECRET_WORD}", re.IGNORECASE)  # most texts are let through by this alone


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON; secrets are hidden here, so that none passes by another way."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one line."""
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {"time": moment, "level": record.levelname.lower(), "logger": record.name}
        line["message"] = redacted(record.getMessage())
        if (request_id := REQUEST_ID.get()) is not None:
            line["request_id"] = request_id
        line.update(getattr(record, FIELDS, {}))
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = redacted("".join(traceback.format_exception(*record.exc_info)))
        try:
            return orjson.dumps(line, default=str).decode()
        except TypeError:  # half of a surrogate pair, in a text that came from the system
            return json.dumps(line, default=str)


def write_logs(level: str = "info", stream: TextIO | None = None) -> None:
    """Let this process write its log.

    Args:
        level: One of `LEVELS`: what is less serious is left out.
        stream: Where to; default: standard error.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    logging.raiseExceptions = False  # a log that cannot be written must not write more
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("saga_broker").setLevel(level.upper())


def redacted(text: str) -> str:
    """Hide what looks like a secret: the user part of addresses, credentials of headers, values that are named as secrets."""
    if not _SUSPICIOUS.search(text):
        return text
    text = _USER.sub(f"{HIDDEN}@", text)
    text = _SCHEME.sub(rf"\1 {HIDDEN}", text)
    text = _TOKEN.sub(HIDDEN, text)
    return _ASSIGNED.sub(rf"\1{HIDDEN}", text)


def shown_path(raw: str) -> str:
    """Give a percent-encoded path as it may stand in a log."""
    decoded = unquote(raw) if "%" in raw else raw
    hidden = redacted(decoded)
    return raw if hidden == decoded else quote(hidden, safe="/:@*")


def shown_query(raw: str) -> str:
    """Give a query string as it may stand in a log: values whose name or form is that of a secret are hidden."""
    if not _SUSPICIOUS.search(unquote(raw) if "%" in raw else raw):
        return raw
    pairs = parse_qsl(raw, keep_blank_values=True)
    hidden = [(name, HIDDEN if _SECRET_NAME.search(name) else redacted(value)) for name, value in pairs]
    if hidden == pairs:
        return raw
    return "&".join(f"{quote(name, safe='[]')}={quote(value, safe='/:@*')}" for name, value in hidden)
