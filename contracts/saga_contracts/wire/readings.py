"""What an effect probe reads out of a document: fields of an object by name, and by JSON pointer whatever stands anywhere (pure).

A list of one object is that object, as one row of a database is; the objects of several addresses are one where no field stands
in two of them. A pointer that ends in `/#` is how many members a list has.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from saga_contracts.declare.outputs import pointer

_COUNT, _MOST = "#", 10_000


def taken(names: Iterable[str], document: Any) -> dict[str, Any] | None:
    """Give the named fields of a document; null for one that is not there.

    Args:
        names: Names of fields, or JSON pointers (they begin with a slash).
        document: A JSON value.

    Returns:
        None when there is no field to be read by its name.

    >>> taken(["/0/free", "/1/of"], [{"free": 5}, {"of": 8}]), taken(["free"], [{"free": 5}])
    ({'/0/free': 5, '/1/of': 8}, {'free': 5})
    """
    wanted = list(names)
    fields = _fields(document)
    if not isinstance(document, Mapping | list) or (fields is None and any(not _is_pointer(name) for name in wanted)):
        return None
    return {name: _at(document, name) if _is_pointer(name) else (fields or {}).get(name) for name in wanted}


def made(fields: Mapping[str, Any]) -> Any:
    """Give the smallest document in which these fields stand, so that `taken` reads them again.

    >>> made({"/0/free": 5, "/1/of": 8}), made({"free": 5})
    ([{'free': 5}, {'of': 8}], {'free': 5})
    """
    document: Any = None
    for name, value in sorted(fields.items(), key=lambda field: not _counts(*field)):  # so that members find their place
        if _is_pointer(name):
            parts = [part.replace("~1", "/").replace("~0", "~") for part in name.split("/")[1:]]
            document = _put(document, parts[:-1], [None] * value) if _counts(name, value) else _put(document, parts, value)
        else:
            document = {**(document or {}), name: value}
    return {} if document is None else document


def _at(document: Any, name: str) -> Any:
    if not name.endswith(f"/{_COUNT}"):
        return pointer(document, name)
    found = pointer(document, name.removesuffix(f"/{_COUNT}"))
    return len(found) if isinstance(found, list) else pointer(document, name)


def _counts(name: str, value: Any) -> bool:
    return name.endswith(f"/{_COUNT}") and isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST


def _is_pointer(name: str) -> bool:
    return name.startswith("/")


def _fields(document: Any) -> Mapping[str, Any] | None:
    if isinstance(document, Mapping):
        return document
    if not isinstance(document, list) or not all(isinstance(one, Mapping) for one in document):
        return None
    joined: dict[str, Any] = {}
    for one in document:
        if joined.keys() & one.keys():
            return None
        joined.update(one)
    return joined


def _put(document: Any, parts: list[str], value: Any) -> Any:
    if not parts:
        return value
    part, rest = parts[0], parts[1:]
    if part.isdigit() and not isinstance(document, Mapping):
        members = list(document or [])
        members += [None] * (int(part) + 1 - len(members))
        members[int(part)] = _put(members[int(part)], rest, value)
        return members
    own = dict(document) if isinstance(document, Mapping) else {}
    return {**own, part: _put(own.get(part), rest, value)}
