"""What Pact's verifier says about an interaction, in lines that a person can read: where, what was expected, what came."""

from collections.abc import Iterator, Mapping
from typing import Any

from saga_contracts.rim.redact import is_secret_name

_NOTHING = "nothing"


def lines(mismatch: Mapping[str, Any] | None) -> Iterator[str]:
    """Give the lines of one interaction's `mismatch`."""
    if mismatch is None:
        return
    members = mismatch.get("mismatches")
    if isinstance(members, list) and members:
        yield from (_line(one) for one in sorted(members, key=_order))
    else:
        yield str(mismatch.get("message") or mismatch.get("mismatch") or mismatch)


_PLACES = ("StatusMismatch", "HeaderMismatch", "MetadataMismatch", "BodyTypeMismatch", "BodyMismatch")


def _order(one: Mapping[str, Any]) -> tuple[int, str]:
    kind = str(one.get("type"))
    return (_PLACES.index(kind) if kind in _PLACES else len(_PLACES), str(one.get("key") or one.get("path") or ""))


def _line(one: Mapping[str, Any]) -> str:
    kind, key, path = one.get("type"), str(one.get("key", "")), str(one.get("path", "$"))
    expected, actual, why = one.get("expected"), one.get("actual"), str(one.get("mismatch", ""))
    if kind == "StatusMismatch":
        return f"status: expected {expected}, got {actual}"
    if kind in ("HeaderMismatch", "MetadataMismatch"):
        where = "header" if kind == "HeaderMismatch" else "metadata"
        if is_secret_name(key):
            return f"{where} {key}: the value does not match (not shown)"
        if kind == "HeaderMismatch":  # Pact puts some of them between quotes
            expected, actual = _bare(expected), _bare(actual)
        rule = f" ({why})" if " to match " in why else ""
        return f"{where} {key}: expected {_shown(expected)}, got {_shown(actual)}{rule}"
    if kind == "BodyTypeMismatch":
        return f"body: expected the content type {_shown(expected)}, got {_shown(actual)}"
    if kind == "BodyMismatch":
        return f"body {path}: {_body(path, expected, actual, why)}"
    return why or f"{kind}: expected {_shown(expected)}, got {_shown(actual)}"


def _body(path: str, expected: Any, actual: Any, why: str) -> str:
    if is_secret_name(path.rpartition(".")[2]):
        return "the value does not match (not shown)"
    text = f"expected {_shown(expected)}, got {_shown(actual)}"
    return f"{text} ({why})" if why and "to be equal to" not in why else text


def _bare(value: Any) -> Any:
    return value[1:-1] if isinstance(value, str) and len(value) > 1 and value[0] == value[-1] == '"' else value


def _shown(value: Any, limit: int = 200) -> str:
    if value is None or value == "":
        return _NOTHING
    text = str(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
