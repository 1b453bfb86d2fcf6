"""Reads query strings as Ruby's Rack does: `q[][pacticipant]=A&q[][version]=1&q[][pacticipant]=B` is a list of two.

A repeated key opens the next element, so the order carries meaning; no common Python parser has this rule.
"""

import re
from typing import Any
from urllib.parse import parse_qsl

from saga_broker.http.errors import RefusedError

MAX_PAIRS = 2000
_NAME = re.compile(r"\A[\[\]]*([^\[\]]+)\]*")
_CHILD = re.compile(r"\A\[\](?:\[([^\[\]]+)\]\Z|(.+)\Z)", re.DOTALL)
_MAX_DEPTH = 32

Params = dict[str, Any]


def parse_query(query: str) -> Params:
    """Read a query string.

    Args:
        query: The part after the question mark, percent-encoded.

    Returns:
        Strings, lists and objects, nested as the keys say.

    Raises:
        RefusedError: The keys contradict one another, or there are too many.
    """
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=MAX_PAIRS)
    except ValueError as error:
        raise RefusedError(400, "The query string has too many parameters.") from error
    params: Params = {}
    for name, value in pairs:
        _put(params, name, value, 0)
    return params


def _put(params: Params, name: str, value: Any, depth: int) -> Params:
    found = _NAME.match(name)
    if not found or depth > _MAX_DEPTH:
        return params
    key, after = found.group(1), name[found.end() :]
    if after == "":
        params[key] = value
    elif after == "[":
        params[name] = value
    elif after == "[]":
        _list(params, key).append(value)
    elif child := _CHILD.match(after):
        _put_in_list(_list(params, key), child.group(1) or child.group(2), value, depth)
    else:
        inner = params.setdefault(key, {})
        if not isinstance(inner, dict):
            raise _contradiction(key, "object")
        _put(inner, after, value, depth + 1)
    return params


def _put_in_list(items: list[Any], child: str, value: Any, depth: int) -> None:
    last = items[-1] if items else None
    if isinstance(last, dict) and not _has(last, child):
        _put(last, child, value, depth + 1)
    else:
        items.append(_put({}, child, value, depth + 1))


def _has(params: Params, name: str) -> bool:
    if "[]" in name:
        return False
    inner: Any = params
    for part in re.split(r"[\[\]]+", name):
        if part == "":
            continue
        if not isinstance(inner, dict) or part not in inner:
            return False
        inner = inner[part]
    return True


def _list(params: Params, key: str) -> list[Any]:
    items = params.setdefault(key, [])
    if not isinstance(items, list):
        raise _contradiction(key, "list")
    return items


def _contradiction(key: str, kind: str) -> RefusedError:
    return RefusedError(400, f"The query parameter '{key}' is given both as a {kind} and as something else.")
