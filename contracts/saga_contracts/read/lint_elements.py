"""The rules of steps that are run once for each element of a list: the list is there, and each element has its own key (pure)."""

from collections.abc import Iterator

from saga_contracts.declare import elements, templates
from saga_contracts.declare.problems import Path, Problem
from saga_contracts.declare.saga import Saga, Step, StepClass
from saga_contracts.derive.slices import step_slice
from saga_contracts.wire.keys import UUID

_WAY = 'Write it as for_each: "{payload.items}".'


def problems(saga: Saga, step: Step, at: Path) -> Iterator[Problem]:
    """Give every fault of a step that is run for each element."""
    if step.for_each is None:
        return
    found = _list_problem(saga, step)
    if found is not None:
        yield Problem((*at, "for_each"), *found)
    if step.step_class == StepClass.PIVOT:
        what = "A pivot decides once, so it cannot be run for each element."
        yield Problem((*at, "for_each"), what, "Send the whole list in one call, or declare another class.")
    if step.needs_its_own:
        what = "A step that is run for each element cannot be undone or asked for by what its own reply tells."
        yield Problem((*at, "for_each"), what, "Call `compensate` and `status` by the key or by fields of `{item}`.")
    yield from _key(step, at)


def notes(saga: Saga) -> Iterator[str]:
    """Say what is not played of steps that are run for each element, one sentence each."""
    for step in saga.steps:
        if step.for_each is None or step.compensate is None or step_slice(saga, step.step).plays_two_elements:
            continue
        yield (
            f"{step.step}: only the first element is played, not that undoing one spares another (O24). For that the outcome is "
            "in the reply, the example has two elements, and preconditions (`given.enough`) and probe name `{item.…}`."
        )


def _list_problem(saga: Saga, step: Step) -> tuple[str, str] | None:
    name = templates.whole(str(step.for_each))
    if name is None:
        return "This is not one template, so it names no list.", _WAY
    root, _, field = name.partition(".")
    if root != "payload" or not field:
        what = "Only a list of the payload can be gone through: how many calls there are must be known when the saga starts."
        return what, "Put the list into the payload, or send the whole of it in one call."
    try:
        found = templates.look_up(name, {"payload": saga.payload.example})
    except templates.TemplateError:
        return f"The payload has no field `{field}`.", "Name a list of the payload, and show it in the example."
    return _example_problem(field, found)


def _example_problem(field: str, found: object) -> tuple[str, str] | None:
    if not isinstance(found, list):
        return f"`{field}` is no list in the example.", _WAY
    if not found:
        return f"`{field}` is empty in the example, so no contract would show this step.", "Show two elements."
    if len(found) > elements.MOST:
        return f"`{field}` has more than {elements.MOST} elements in the example.", "Show two elements."
    return None


def _key(step: Step, at: Path) -> Iterator[Problem]:
    if not step.has_written_key and not step.only_reads:
        what = f"With `key: {step.key}` nothing tells the elements apart: its fields are the same for each of them."
        yield Problem((*at, "key"), what, "Declare `key: header`, `path` or `body`: the key then holds the element's number.")
    form = step.key_form
    if form is not None and form != UUID and "item_index" not in set(templates.names_in(form)):
        what = "The key does not hold `{item_index}`, so all elements would share it."
        yield Problem((*at, "key_form"), what, "Write a template such as `{saga_id}-{step}-{item_index}`, or `uuid`.")
