"""The calls of a history as lines to paste into a shell (pure).

`$PROVIDER` stands for the participant's address, since the verified one is gone by then; a live header is a variable of its own
name, since nothing that leaves a verification shows what it holds.
"""

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from saga_contracts.rim.redact import HIDDEN, is_secret_name

PROVIDER = "PROVIDER"
MOST_OF_A_REPLY = 100
_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
_LOOKS = frozenset({"S", "L", "probe"})
"""Calls that only look."""
_OURS = frozenset({"accept-encoding", "connection", "user-agent"})
"""Headers that curl sends as it likes."""
_JSON = "Content-Type: application/json"


def pasted(calls: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Give the calls of a history in their order: each as one line, with what it was and what came back as its comment.

    Args:
        calls: As evidence holds them (`Called.as_json`). Of what only looks, that after the last event is given, once.
    """
    for call in told(calls):
        request = call["request"]
        is_call = request["method"] in _METHODS and " " not in request["url"]
        command = curl(request["method"], request["url"], request["headers"], request["body"]) if is_call else ""
        comment = f"# {call['letter']}: {_came(call)}"
        yield f"{command}  {comment}" if command else f"{comment} (read by {request['method']} {_line(request['url'])})"


def told(calls: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Give the calls that tell a history: its events, and what was looked at after the last of them."""
    last = max((number for number, call in enumerate(calls) if call["letter"] not in _LOOKS), default=-1)
    after = {(call["letter"], json.dumps(call, sort_keys=True, default=str)): call for call in calls[last + 1 :]}
    yield from (call for call in calls[: last + 1] if call["letter"] not in _LOOKS)
    yield from after.values()


def curl(method: str, url: str, headers: Mapping[str, str], body: Any) -> str:
    """Write a request as one command.

    >>> print(curl("POST", "http://127.0.0.1:8001/a?b=1", {"Authorization": "•••"}, {"c": 1}))
    curl -i -X POST "$PROVIDER"'/a?b=1' -H "Authorization: $AUTHORIZATION" -H 'Content-Type: application/json' -d '{"c": 1}'
    """
    words = [
        "curl -i -X",
        shlex.quote(method),
        _address(url),
        *(f"-H {_header(*one)}" for one in headers.items() if one[0].lower() not in _OURS),
    ]
    if body is not None:
        has_type = any(name.lower() == "content-type" for name in headers)
        text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
        words += [*([] if has_type else [f"-H {shlex.quote(_JSON)}"]), f"-d {shlex.quote(_line(text))}"]
    return " ".join(words)


def _address(url: str) -> str:
    parts = urlsplit(url)
    rest = f"{parts.path}{f'?{parts.query}' if parts.query else ''}"
    return f'"${PROVIDER}"{shlex.quote(rest) if rest else ""}'


def _header(name: str, value: str) -> str:
    if value == HIDDEN or (HIDDEN in value and is_secret_name(name)):
        variable = re.sub(r"[^A-Z0-9]", "_", name.upper())
        return f'"{name}: ${variable}"' if re.fullmatch(r"[A-Za-z0-9-]+", name) else shlex.quote(f"{name}: {value}")
    return shlex.quote(_line(f"{name}: {value}"))


def _came(call: Mapping[str, Any]) -> str:
    """Say what came back, in one line that cannot be cut out of its comment."""
    reply = call["reply"]
    if reply["status"] is None and reply["body"] is None:
        return f"no answer: it {_line(reply['error'])}" if reply["error"] else "no answer"
    body = "" if reply["body"] is None else f" {_line(_text(reply['body']))}"
    short = body if len(body) <= MOST_OF_A_REPLY else f"{body[: MOST_OF_A_REPLY - 1]}…"
    outcome = f" ({call['outcome']})" if call["outcome"] else ""
    return f"{reply['status'] or 'read'}{short}{outcome}"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _line(text: str) -> str:
    """Give a text as one line: what a participant says never begins a line of its own, which a shell might run."""
    return " ".join(text.split())
