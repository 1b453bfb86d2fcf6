"""What a dialect is, and how what a step writes itself wins over what its dialect fills in (pure).

A step's own word stands at each place: a request is joined field by field, its headers and query name by name; a reply and a body
are taken as a whole. `null` takes out what the dialect would fill in.
"""

from collections.abc import Mapping
from typing import Any

from saga_contracts.declare.kinds import Model
from saga_contracts.declare.saga import StepClass

Filled = dict[str, Any]
_WHOLE = ("replies", "outputs")
"""Their members are taken as a whole."""


class Dialect(Model):
    """One protocol and what it needs to know of a participant, such as its own paths; absent: the step writes it itself."""

    def fill(self, step: Mapping[str, Any]) -> Filled:
        """Give the fields of a step that follow from the protocol.

        Args:
            step: The step as it stands in the file: not yet judged, so that any field may have any shape.
        """
        raise NotImplementedError


def is_undone(step: Mapping[str, Any]) -> bool:
    """Can the step be undone?"""
    return step.get("class") == StepClass.COMPENSATABLE


def is_refused(step: Mapping[str, Any]) -> bool:
    """Does the step say what makes it refuse? Without that, a refusal that the dialect filled in could never be shown."""
    given = step.get("given")
    return isinstance(given, Mapping) and any(name.startswith("refusing") and given[name] for name in given)


def without_nothing(fields: Mapping[str, Any]) -> Filled:
    """Leave out the fields without a value."""
    return {name: value for name, value in fields.items() if value is not None}


def merged(filled: Mapping[str, Any], own: Mapping[str, Any], inside: str = "") -> Filled:
    """Join what a dialect fills in with what the step writes itself.

    >>> merged({"tries": 3, "forward": {"request": {"path": "/a", "method": "POST"}}}, {"forward": {"request": {"path": "/b"}}})
    {'tries': 3, 'forward': {'request': {'path': '/b', 'method': 'POST'}}}
    >>> merged({"status": {}, "headers": {"Accept": "text/plain"}}, {"status": None, "headers": {"accept": "*/*"}})
    {'headers': {'accept': '*/*'}}
    """
    if inside == "headers":
        named = {name.lower() for name in own}
        filled = {name: value for name, value in filled.items() if name.lower() not in named}
    result: Filled = {}
    for name in (*filled, *(name for name in own if name not in filled)):
        if name not in own:
            result[name] = filled[name]
        elif own[name] is not None or name not in (*filled, "body"):
            result[name] = _one(filled.get(name), own[name], name, whole=inside in _WHOLE)
    return result


def _one(filled: Any, own: Any, name: str, *, whole: bool) -> Any:
    if whole or name == "body" or not (isinstance(filled, Mapping) and isinstance(own, Mapping)):
        return own
    return merged(filled, own, name)
