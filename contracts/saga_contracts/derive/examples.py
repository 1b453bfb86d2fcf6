"""The example values of a saga: what fills the templates where nothing is sent for real (pure).

Contract cases are written with them, lint tries the declared replies with them, and in a pact they stand where a verifier puts
fresh values.
"""

import copy
from collections.abc import Mapping
from typing import Any

from saga_contracts.declare import elements, templates
from saga_contracts.declare.kinds import written
from saga_contracts.declare.saga import Saga, Step
from saga_contracts.wire import fresh
from saga_contracts.wire.keys import key_of, keys_of
from saga_contracts.wire.requests import in_path

SAGA_ID = "saga-1"
CALLBACK_URL = "http://saga-service.example/callbacks/{key}"
IN_PATH = "InPath"
"""Ends the name of a value as it stands in a path: percent-encoded."""


def with_fields(saga: Saga, fields: Mapping[str, Any]) -> Saga:
    """Give a saga whose example has other values in some fields of the payload; those are the same at each run."""
    stays = tuple(name for name in saga.payload.fresh if not any(name == one or name.startswith(f"{one}.") for one in fields))
    example = fresh.with_fields(saga.payload.example, fields)
    return saga.model_copy(update={"payload": saga.payload.model_copy(update={"example": example, "fresh": stays})})


def example_context(saga: Saga, step: Step) -> dict[str, Any]:
    """Give the example values that fill the templates of a step's calls."""
    key = key_of(step, SAGA_ID)
    earlier = {before: saga.outputs[before] for before in sorted(saga.ancestors(step.step))}
    own = {step.step: saga.outputs[step.step]} if step.needs_its_own else {}
    return {
        "payload": saga.payload.example,
        "outputs": {**earlier, **own},
        "key": key,
        "keys": keys_of({before: form for before, form in saga.key_forms.items() if before in earlier}, SAGA_ID),
        "saga_id": SAGA_ID,
        "step": written(elements.parted(step.step)[0]),
        **elements.values(step, saga.payload.example),
        "callback_url": CALLBACK_URL.replace("{key}", key),
    }


def generator_context(saga: Saga, step: Step) -> dict[str, Any]:
    """Give the expressions that a verifier replaces by fresh values, in the places of the examples."""
    payload = copy.deepcopy(saga.payload.example)
    for name in saga.payload.fresh:
        fresh.put(payload, name, f"${{{name}}}")
    example = example_context(saga, step)
    keys = {name: f"${{keys.{name}}}" for name in example["keys"]}
    outputs = {before: dict(found) for before, found in example["outputs"].items()}
    for before, name in asked_outputs(step):
        outputs[before][name] = f"${{outputs.{before}.{name}}}"
    others = {"key": "${stepKey}", "keys": keys, "saga_id": "${sagaId}", "callback_url": "${callbackUrl}"}
    return example | elements.with_element(step, payload) | {"outputs": outputs} | others


def asked_outputs(step: Step) -> tuple[tuple[str, str], ...]:
    """Give the outputs, by step and name, that a pact asks for anew as `outputs.STEP.NAME`.

    They are the step's own, which the calls that came before have told, where its calls need them; and those of earlier steps
    that its preconditions name, which a state may answer.
    """
    own = [(step.step, name) for name in step.forward.outputs] if step.needs_its_own else []
    named = [name.split(".") for name in sorted(set(templates.names_in(step.given.model_dump())))]
    return (*own, *((parts[1], parts[2]) for parts in named if parts[0] == "outputs"))


def path_generator_context(saga: Saga, step: Step) -> dict[str, Any]:
    """Give the expressions for a path: where a value has to be percent-encoded there, the encoded one has a name of its own."""
    example, found = example_context(saga, step), generator_context(saga, step)
    for name in saga.payload.fresh:
        value = templates.look_up(name, saga.payload.example)
        if value != "" and in_path(value) != str(value):  # an empty one can stand in no path
            fresh.put(found["payload"], name, f"${{{name}{IN_PATH}}}")
    for before, output in asked_outputs(step):
        shown = example["outputs"][before][output]
        if shown not in (None, "") and in_path(shown) != str(shown):
            found["outputs"][before][output] = f"${{outputs.{before}.{output}{IN_PATH}}}"
    found |= elements.values(step, found["payload"])
    for name, key in example["keys"].items():
        if in_path(key) != key:
            found["keys"][name] = f"${{keys.{name}{IN_PATH}}}"
    if in_path(example["key"]) != example["key"]:
        found["key"] = f"${{stepKey{IN_PATH}}}"
    return found
