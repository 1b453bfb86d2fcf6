"""Whose call is it? What a call says of its saga, its step and its key, one telling the other (pure)."""

import json
from collections.abc import Iterator, Mapping

from saga_contracts.declare import elements, templates
from saga_contracts.declare.kinds import written
from saga_contracts.declare.saga import KeyStyle, Request
from saga_contracts.derive.slices import StepSlice
from saga_contracts.wire.keys import UUID, key_of, keys_of, saga_in, saga_of
from saga_contracts.wire.matching import Declared, Heard, names_found
from saga_contracts.wire.unfilling import Bound, agree, bound_value

ROLES = ("forward", "compensate", "status", "lookup", "probe")


def calls_of(slice_: StepSlice) -> Iterator[Declared]:
    """Give the calls that a participant hears for a step."""
    examples = {**elements.with_element(slice_.step, slice_.payload.example), "outputs": slice_.example_outputs}
    for role in ROLES:
        call = getattr(slice_.step, role)
        if call is not None and call.request is not None:
            yield Declared(slice_.step.step, role, call.request, examples)


def readable(slice_: StepSlice) -> StepSlice:
    """Give a step whose effect the stub shows by a call of its own, where the saga file leaves it to the provider file."""
    step = slice_.step
    if step.probe is None or step.probe.request is not None:
        return slice_
    natural = [f"payload.{name}" for name in step.key_fields or ()] if step.key == KeyStyle.NATURAL else []
    names = natural or (["key"] if step.key != KeyStyle.NONE else sorted(told_by_all(slice_)))
    states = {name for state in (*step.given.enough, *step.given.refusing) for name in templates.names_in(state.params)}
    asked = [f"{{{name}}}" for name in dict.fromkeys([*names, *sorted(states)])]
    look = Request(method="GET", path="/".join(["/_effects", step.step, *asked]))
    probe = step.probe.model_copy(update={"request": look})
    return slice_.model_copy(update={"step": step.model_copy(update={"probe": probe})})


def correlated(slice_: StepSlice, heard: Heard) -> Bound | None:
    """Give what the correlation headers of a call say; None when they speak of another step."""
    found: Bound = {}
    for name, template in slice_.correlation.sent.items():
        if name.lower() in heard.headers:
            values = bound_value(template, heard.headers[name.lower()], {}, {"step": written(slice_.step.step)})
            if values is None or not agree(values, found):
                return None
            found |= values
    return found


def is_of(slice_: StepSlice, values: Bound) -> bool:
    """May a call with these values be one of the step? Not when its key names another step."""
    key = values.get("key")
    return key is None or slice_.step.key_form == UUID or saga_of(slice_.step, str(key)) is not None


def names_of(slice_: StepSlice, values: Bound) -> dict[str, str]:
    """Give saga id, key and step as far as one tells the other; empty texts for what nothing tells."""
    step, key, saga_id = slice_.step, values.get("key"), values.get("saga_id")
    if saga_id is None and key is not None:
        saga_id = saga_of(step, str(key))
    if saga_id is None:
        told = (saga_in(name, form, str(values[f"keys.{name}"])) for name, form in _told_keys(slice_, values))
        saga_id = next((one for one in told if one is not None), None)
    if key is None and saga_id is not None:
        key = key_of(step, str(saga_id))
    return {"saga_id": str(saga_id or ""), "key": str(key or ""), "step": written(step.step)}


def keys_told(slice_: StepSlice, values: Bound) -> Mapping[str, str]:
    """Give the keys of earlier steps, as far as the saga's id is told."""
    saga_id = names_of(slice_, values)["saga_id"]
    return keys_of(slice_.key_forms, saga_id) if saga_id else {}


def _told_keys(slice_: StepSlice, values: Bound) -> Iterator[tuple[str, str]]:
    return ((name, form) for name, form in slice_.key_forms.items() if f"keys.{name}" in values)


def identity_of(slice_: StepSlice, found: Bound) -> str:
    """Give what the calls of one step of one saga have in common."""
    step = slice_.step
    if step.key == KeyStyle.NATURAL:
        return json.dumps({name: _under(found, f"payload.{name}") for name in step.key_fields or ()}, sort_keys=True)
    names = names_of(slice_, found)
    told = {name: found[f"keys.{name}"] for name, _ in _told_keys(slice_, found)}
    if told and not names["key"]:  # its own key is that of an earlier step, and nothing else is told
        return json.dumps(told, sort_keys=True)
    if step.has_key or names["saga_id"]:
        return names["key"]
    return json.dumps({name: found[name] for name in sorted(told_by_all(slice_)) if name in found})


def told_by_all(slice_: StepSlice) -> set[str]:
    """Give the names that every call of a step tells."""
    roles = [role for role in ("forward", "compensate", "status") if not slice_.step.own_outputs(role)]
    calls = [getattr(slice_.step, role) for role in roles]
    return set.intersection(*(names_found(call.request) - {"step"} for call in calls if call is not None))


def _under(found: Bound, dotted: str) -> dict[str, object]:
    """Give a value by its name, or what stands under that name."""
    return {name: value for name, value in found.items() if name == dotted or name.startswith(f"{dotted}.")}
