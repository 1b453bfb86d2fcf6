"""Writes what a document told down as a saga file, each guess marked, each open question at its place (pure)."""

import re
from typing import Any

from saga_contracts.start import outcomes
from saga_contracts.start.steps import COMPENSATABLE, PIVOT, READ_ONLY, RETRIABLE, is_undone, step_block
from saga_contracts.start.told import Step, Told
from saga_contracts.start.writing import Block, Note, ask, guess, text_of

_CORRELATION = re.compile(r"(x-)?(correlation|saga|transaction|conversation)-?id")
"""Headers, in small letters, that may say to which saga a call belongs."""


def draft(told: Told, saga: str | None, owner: str | None) -> str:
    """Give the text of a saga file.

    Args:
        told: What the document told; it has at least one step.
        saga: The saga's name, where the user gave it.
        owner: The service that owns it, where the user named it.
    """
    block = Block().put("format", 1)
    name = saga or told.saga
    block.put("saga", name or "saga", *(() if name else (ask("What is the saga called?"),)))
    if told.description:
        block.put("description", told.description)
    if owner or told.owner:
        block.put("owner", owner or told.owner)
    else:
        block.put("owner", "owner", ask("Which service owns the saga and makes its calls?"))
    block.put("level", 1, guess("a draft begins with replies only; 2 looks at status calls, too, 3 at effect probes."))
    block.put("correlation", "none", _about_correlation(told))
    block.note(*(ask(one) for one in told.questions))
    block.put("payload", _payload(told))
    block.put("steps", [step_block(step, kind) for step, kind in zip(told.steps, _classes(told.steps), strict=True)])
    return text_of(
        block,
        f"A draft, made from {told.source} ({told.kind}). `sagapact contracts lint` names each TODO until it is answered here",
        "and its comment removed. A guess is a comment that says so: check it. A field under `$like` may have any value of its",
        "type; write the value itself where it tells something.",
    )


def _about_correlation(told: Told) -> Note:
    found = {
        name for step in told.steps if step.forward is not None for name in step.forward.names if _CORRELATION.fullmatch(name)
    }
    if found:
        return ask(
            f"Calls have the header {', '.join(sorted(found))}: does it carry the saga's id, and on every call (`correlation`)?"
        )
    return guess("no header for the saga's id is known; name what every call has, if there is any.")


def _payload(told: Told) -> Block:
    fields = told.payload
    schema = {
        "type": "object",
        "required": sorted(fields),
        "properties": {name: fields[name].schema for name in sorted(fields)},
    }
    made_up = [name for name in sorted(fields) if fields[name].made_up]
    notes = [ask("What is the saga started with? No field of its payload is known.")] if not fields else []
    notes += [guess(f"made up after the schema: {', '.join(made_up)}.")] if made_up else []
    shared = [f"{name} ({', '.join(users)})" for name, users in sorted(told.users.items()) if len(users) > 1 and name in fields]
    notes += [ask(f"Is it one and the same value in each of these steps: {'; '.join(shared)}?")] if shared else []
    block = Block().put("schema", schema).put("example", {name: fields[name].example for name in sorted(fields)}, *notes)
    if fields:
        fresh = [name for name in sorted(fields) if _looks_fresh(name, fields[name].schema)]
        block.put("fresh", fresh, ask("Which fields tell two sagas apart? They get a new value whenever the saga is played."))
    return block


def _looks_fresh(name: str, schema: dict[str, Any]) -> bool:
    named = name.lower().endswith("id") and "enum" not in schema and "const" not in schema
    return named and schema.get("type") in ("string", "integer")


def _classes(steps: list[Step]) -> list[str]:
    """Give each step a class that may stand in this order.

    Before a step that can be undone, all can, if only one day; of the others, the first that can refuse is the pivot.
    """
    last = max((place for place, step in enumerate(steps) if is_undone(step)), default=-1)
    found: list[str] = []
    for place, step in enumerate(steps):
        if is_undone(step):
            found.append(COMPENSATABLE)
        elif step.forward is not None and step.forward.method == "GET":
            found.append(READ_ONLY)
        elif place < last:
            found.append(COMPENSATABLE)
        else:
            refuses = step.refuses or outcomes.can_refuse(step.forward)
            found.append(PIVOT if refuses and not {PIVOT, RETRIABLE} & set(found) else RETRIABLE)
    return found
