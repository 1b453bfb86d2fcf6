"""What the saga file says of a call: how it is written, and what an answer means."""

import http.client
import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

import yaml

from plain.settings import FAULT, SAGA_FILES

Values = Mapping[str, Any]
_NAME = r"\{([a-z_][^\s{}]*)\}"


class Reply(NamedTuple):
    """An answer, as far as it matters."""

    status: int
    body: Any


@cache
def saga_file(kind: str) -> dict[str, Any]:
    """Read a saga file; a KeyError when there is none, or one that asks for more than this program can."""
    file = SAGA_FILES / kind / "saga.yaml"
    if not re.fullmatch(r"[a-z_]+", kind) or not file.is_file():
        raise KeyError(kind)
    saga: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    if any({"when", "for_each", "poll", "lookup"} & set(step) for step in saga["steps"]):
        raise KeyError(kind)
    return saga


def filled(value: Any, values: Values, *, in_path: bool = False) -> Any:
    """Put values into the templates of a JSON value."""
    if isinstance(value, dict):
        return {name: filled(member, values) for name, member in value.items()}
    if isinstance(value, list):
        return [filled(member, values) for member in value]
    if not isinstance(value, str):
        return value
    whole = re.fullmatch(_NAME, value)
    if whole:
        return _looked_up(whole[1], values)

    def one(found: re.Match[str]) -> str:
        text = str(_looked_up(found[1], values))
        return quote(text, safe=":@") if in_path else text

    return re.sub(_NAME, one, value)


def called(
    base: str, request: Mapping[str, Any], values: Values, correlation: Mapping[str, str], timeout_s: float
) -> Reply | None:
    """Send a declared request; None when nobody answered in time."""
    url = urlsplit(base)
    path = url.path + filled(request["path"], values, in_path=True)
    if request.get("query"):
        path += "?" + urlencode(filled(request["query"], values))
    headers = {name: str(filled(text, values)) for name, text in request.get("headers", {}).items()}
    if FAULT != "drops the correlation":
        headers |= correlation
    content = None
    if request.get("body") is not None:
        headers["Content-Type"] = "application/json"
        content = json.dumps(filled(request["body"], values))
    connection = http.client.HTTPConnection(url.netloc, timeout=timeout_s)
    try:
        connection.request(request["method"], path, content, headers)
        answer = connection.getresponse()
        return Reply(answer.status, _json(answer.read()))
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def meaning(replies: Mapping[str, Any], reply: Reply | None, values: Values) -> str:
    """Give the name of the declared reply that came, the one that asks for most; `nothing clear` when none fits."""
    if reply is None:
        return "nothing clear"
    several = [(one, name) for name, told in replies.items() for one in (told if isinstance(told, list) else [told])]
    fitting = [
        (len(str(one.get("body") or "")), name)
        for one, name in several
        if one["status"] == reply.status and fits(filled(one.get("body"), values), reply.body)
    ]
    return max(fitting)[1] if fitting else "nothing clear"


def fits(declared: Any, came: Any) -> bool:
    """Is what was declared there? `{$like: example}` stands for any value."""
    if declared is None or (isinstance(declared, dict) and set(declared) == {"$like"}):
        return declared is None or came is not None
    if isinstance(declared, dict):
        return isinstance(came, dict) and all(fits(member, came.get(name)) for name, member in declared.items())
    return bool(declared == came)


def outputs(step: Mapping[str, Any], body: Any) -> dict[str, Any]:
    """Take the declared outputs out of an answer, as far as they are there."""
    places = step["forward"].get("outputs", {})
    found = {name: place.removeprefix("/") for name, place in places.items()}
    return {name: body[place] for name, place in found.items() if isinstance(body, dict) and place in body}


def _looked_up(dotted: str, values: Values) -> Any:
    current: Any = values
    for part in dotted.split("."):
        current = current[part]
    return current


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return None
