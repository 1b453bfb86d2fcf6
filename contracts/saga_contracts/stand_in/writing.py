"""Writing what is answered and told: templates filled, outputs of the key's own, the correlation that is given back (pure)."""

import copy
from collections.abc import Mapping
from typing import Any

from saga_contracts.declare import elements, templates
from saga_contracts.declare.outputs import pointer
from saga_contracts.derive.slices import StepSlice
from saga_contracts.stand_in.book import Row
from saga_contracts.stand_in.caller import keys_told, names_of
from saga_contracts.stand_in.right import NOTHING_ECHOED, Echoed, Right
from saga_contracts.wire import bodies, correlation, replies
from saga_contracts.wire.unfilling import Bound, as_context


def context_of(slice_: StepSlice, values: Bound) -> dict[str, Any]:
    """Give the values of templates; what nobody named is what the file gives as its example."""
    known = elements.with_element(slice_.step, slice_.payload.example)
    examples = {**known, "outputs": slice_.outputs, "keys": keys_told(slice_, values)}
    return _merged(examples, as_context({**names_of(slice_, values), **values}))


def echo_of(slice_: StepSlice, values: Bound) -> Echoed:
    """Give what is given back of the correlation; nothing to who sent none."""
    if not names_of(slice_, values)["saga_id"]:
        return NOTHING_ECHOED
    declared, context = slice_.correlation, context_of(slice_, values)
    in_body = {place: bodies.as_text(templates.fill(value, context)) for place, value in declared.echoed_in_body.items()}
    return Echoed(correlation.echoed(declared, context), in_body)


def with_outputs(rules: Right, row: Row, body: Any, declared: Any) -> Any:
    """Put the outputs of this very step key where the file shows an example of them.

    Args:
        rules: Give an output its value.
        row: Of the key.
        body: The declared body with its values.
        declared: The same as the file has it: what is literal there stays.
    """
    made = body
    for name, path in rules.step.forward.outputs.items():
        example = pointer(made, path)
        changed = None if example is None else _with(made, path, rules.own_output(row, name, example))
        if changed is not None and replies.fits_body(declared, changed) is None:
            made = changed
    return made


def with_all(body: Any, values: Mapping[str, str]) -> Any:
    """Give a body with further values at JSON pointers; a body that is none becomes an object."""
    made = copy.deepcopy(body) if body is not None or not values else {}
    for path, value in values.items():
        *parents, last = _parts(path)
        at = made
        for part in parents:
            at = at.setdefault(part, {})
        at[last] = value
    return made


def _with(document: Any, path: str, value: Any) -> Any:
    """Give a document with another value at a JSON pointer, or None when there is no such place."""
    made = copy.deepcopy(document)
    *parents, last = _parts(path)
    at = made
    try:
        for part in parents:
            at = at[int(part)] if isinstance(at, list) else at[part]
        at[int(last) if isinstance(at, list) else last] = value
    except (KeyError, IndexError, ValueError, TypeError):
        return None
    return made


def _parts(path: str) -> list[str]:
    return [raw.replace("~1", "/").replace("~0", "~") for raw in path.split("/")[1:]]


def _merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Give nested values, the second's before the first's."""
    found = dict(one)
    for name, value in other.items():
        mine = found.get(name)
        if isinstance(mine, Mapping) and isinstance(value, Mapping):
            found[name] = _merged(mine, value)
        else:
            found[name] = value
    return found
