"""Writing what is answered and told: templates filled, outputs of the key's own, the correlation that is given back (pure)."""

import copy
from collections.abc import Mapping
from typing import Any

from saga_contracts.declare import elements, templates
from saga_contracts.declare.outputs import Output, Teller, as_typed, examples, place_of, raw, told_by, whole
from saga_contracts.derive.slices import StepSlice
from saga_contracts.stand_in.book import Row
from saga_contracts.stand_in.caller import keys_told, names_of
from saga_contracts.stand_in.right import NOTHING_ECHOED, Echoed, Right
from saga_contracts.wire import bodies, correlation, replies
from saga_contracts.wire.unfilling import Bound, as_context


def context_of(slice_: StepSlice, values: Bound) -> dict[str, Any]:
    """Give the values of templates; what nobody named is what the file gives as its example."""
    known = elements.with_element(slice_.step, slice_.payload.example)
    examples = {**known, "outputs": slice_.example_outputs, "keys": keys_told(slice_, values)}
    return _merged(examples, as_context({**names_of(slice_, values), **values}))


def echo_of(slice_: StepSlice, values: Bound) -> Echoed:
    """Give what is given back of the correlation; nothing to who sent none."""
    if not names_of(slice_, values)["saga_id"]:
        return NOTHING_ECHOED
    declared, context = slice_.correlation, context_of(slice_, values)
    in_body = {place: bodies.as_text(templates.fill(value, context)) for place, value in declared.echoed_in_body.items()}
    return Echoed(correlation.echoed(declared, context), in_body)


def with_outputs(rules: Right, row: Row, body: Any, declared: Any, role: str = "forward") -> Any:
    """Put the outputs of this very step key where the file shows an example of them in a body.

    Args:
        rules: Give an output its value.
        row: Of the key.
        body: The declared body with its values.
        declared: The same as the file has it: what is literal there stays.
        role: Of the call that is answered.
    """
    made = body
    for name, place in _places(rules, role).items():
        example = None if place.body is None else raw(place, made, {})
        if example is not None and place.body is not None:
            changed = _with(made, place.body, whole(place, _own(rules, row, name, example, place, role)))
            if changed is not None and replies.fits_body(declared, changed) is None:
                made = changed
    return made


def with_outputs_in_headers(
    rules: Right, row: Row, headers: Mapping[str, str], declared: Mapping[str, Any], role: str = "forward"
) -> dict[str, str]:
    """Put the outputs of this very step key where the file shows an example of them in headers; arguments as above."""
    made = dict(headers)
    for name, place in _places(rules, role).items():
        for header, value in headers.items():
            example = raw(place, None, {header.lower(): value}) if isinstance(declared[header], Mapping) else None
            if example is not None:
                made[header] = bodies.as_text(whole(place, _own(rules, row, name, example, place, role)))
    return made


def is_row_of(rules: Right, row: Row, values: Bound) -> bool:
    """Do the values of a call name outputs of this very row?"""
    mine = f"outputs.{rules.step.step}."
    named = {name.removeprefix(mine): value for name, value in values.items() if name.startswith(mine)}
    return all(bodies.as_text(value) == bodies.as_text(_told(rules, row).get(name)) for name, value in named.items())


def _told(rules: Right, row: Row) -> dict[str, Any]:
    """Give the outputs of a row as its answers tell them."""
    found = {}
    for _, told, body, headers in examples(rules.step):
        for name, place in told_by(rules.step, told).items():
            example = raw(place, body, headers)
            if name not in found and example is not None:
                found[name] = as_typed(_own(rules, row, name, example, place), place.as_type)
    return found


def _places(rules: Right, role: str) -> dict[str, Output]:
    if role == "lookup":
        return told_by(rules.step, Teller.LOOKUP)
    return {name: place_of(declared) for name, declared in rules.step.forward.outputs.items()}


def _own(rules: Right, row: Row, name: str, example: Any, place: Output, role: str = "forward") -> Any:
    """Give an output a value of its own in the form of its example: a text that is to be read as a number stays one.

    A look-up gives what the other answers tell, whatever its own example is.
    """
    if role == "lookup":
        told = _told(rules, row).get(name)
        return bodies.as_text(told) if isinstance(example, str) else told
    if place.as_type != "number" or not isinstance(example, str):
        return rules.own_output(row, name, example)
    number = as_typed(example, "number")
    return bodies.as_text(rules.own_output(row, name, number)) if isinstance(number, int) else example


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
