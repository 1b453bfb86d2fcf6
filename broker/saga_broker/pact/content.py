"""What makes two pacts the same, and the ids of their interactions. Pure.

The content sha is that of the Pact Broker, so that a pact has the same sha here and there, and results stay valid when a
pact moves: SHA-1 of compact JSON with sorted keys, interactions sorted by their own JSON text, and the rest of the document left
out. Numbers are written as Ruby writes them; one that no floating-point number equals, and that the Pact Broker would round, as
it was sent: two pacts that differ in its last digits are two.
"""

import hashlib
import json
import re
from typing import Any

import orjson

from saga_contracts.wire.exact import Exact

_EXPONENT = re.compile(r"^(-?\d+)e")
_MAYBE_EXPONENT = re.compile(r"\de[+-]\d")


def content_sha(pact: Any) -> str:
    """Give the content sha of a pact.

    Args:
        pact: The pact as parsed JSON, without the ids that a broker adds.

    Returns:
        40 hexadecimal digits.
    """
    return _sha1(_what_counts(pact))


def text_sha(raw: bytes) -> str:
    """Give the sha of a pact's whole text, for brokers that are told to look at all of it."""
    return hashlib.sha1(raw, usedforsecurity=False).hexdigest()


def with_ids(pact: Any) -> Any:
    """Give every interaction and message its id, the SHA-1 of its own content; an id that was sent is overwritten."""
    if not isinstance(pact, dict):
        return pact
    return {key: _listed(value) if key in {"interactions", "messages"} else value for key, value in pact.items()}


def without_ids(pact: Any) -> Any:
    """Leave out the ids of interactions and messages."""
    if not isinstance(pact, dict):
        return pact
    return {key: _stripped(value) if key in {"interactions", "messages"} else value for key, value in pact.items()}


def interaction_id(interaction: dict[str, Any]) -> str:
    """Give the id of an interaction."""
    return _sha1(_sorted_json({key: value for key, value in interaction.items() if key != "_id"}))


def specification_version(pact: dict[str, Any]) -> Any:
    """Find the version of the Pact specification that a pact names; None when it names none."""
    metadata = pact.get("metadata")
    if not isinstance(metadata, dict):
        return None
    for key in ("pactSpecification", "pact-specification"):
        inner = metadata.get(key)
        if isinstance(inner, dict) and inner.get("version") is not None:
            return inner["version"]
    return metadata.get("pactSpecificationVersion")


def sorted_content(pact: Any) -> Any:
    """Sort the keys of a pact and the order of its interactions; what differs then differs for verification too."""
    if not isinstance(pact, dict):
        return _sorted(pact)
    ordered = _sorted(pact)
    name = "interactions" if ordered.get("interactions") else "messages"
    if isinstance(ordered.get(name), list):
        ordered[name] = sorted(ordered[name], key=ruby_json)
    return ordered


def ruby_json(value: Any) -> str:
    """Write compact JSON with the numbers spelled as Ruby spells them."""
    if isinstance(value, Exact):
        return _ruby_exact(value)
    if isinstance(value, float):
        return _ruby_float(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{_text(key)}:{ruby_json(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(ruby_json(item) for item in value) + "]"
    return _text(value)


def _what_counts(pact: Any) -> str:
    """Write the part of a pact that matters for verification."""
    if not isinstance(pact, dict) or not any(isinstance(pact.get(name), list) for name in ("interactions", "messages")):
        return _sorted_json(pact)
    sorted_one = "interactions" if pact.get("interactions") else "messages"
    members = []
    for name in ("interactions", "messages"):
        value = pact.get(name)
        if name == sorted_one and isinstance(value, list):
            members.append(f'"{name}":[{",".join(sorted(_sorted_json(item) for item in value))}]')
        elif value is not None:
            members.append(f'"{name}":{_sorted_json(value)}')
    version = specification_version(pact)
    if version is not None:
        members.append(f'"pact_specification_version":{ruby_json(version)}')
    return "{" + ",".join(members) + "}"


def _sorted_json(value: Any) -> str:
    """Write compact JSON with sorted keys; the standard encoder, which is faster, spells all but odd numbers as Ruby does."""
    text = "" if _has_odd_numbers(value) else json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return text if text and not _MAYBE_EXPONENT.search(text) else ruby_json(_sorted(value))


def _has_odd_numbers(value: Any) -> bool:
    """Look for numbers that were kept as they were sent, and for very large ones, as fast as can be."""
    try:
        orjson.dumps(value)
    except TypeError:
        return True
    return False


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_sorted(item) for item in value]
    return value


def _listed(items: Any) -> Any:
    if not isinstance(items, list):
        return items
    return [_with_id(item) if isinstance(item, dict) else item for item in items]


def _with_id(item: dict[str, Any]) -> dict[str, Any]:
    return {"_id": interaction_id(item), **{key: value for key, value in item.items() if key != "_id"}}


def _stripped(items: Any) -> Any:
    if not isinstance(items, list):
        return items
    return [{k: v for k, v in item.items() if k != "_id"} if isinstance(item, dict) else item for item in items]


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _ruby_float(value: float) -> str:
    return _EXPONENT.sub(r"\1.0e", repr(value))


def _ruby_exact(value: Exact) -> str:
    if not set(value.text) & set(".eE"):
        return "0" if value.text == "-0" else value.text
    return _ruby_float(float(value)) if value.is_lossless else value.text


def _sha1(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
