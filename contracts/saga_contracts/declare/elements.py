"""A step that is run once for each element of a list of the payload: its units, and what their templates may name (pure).

A unit is the step for one element, named `ship:0`, `ship:1` and so on; no step of a file has a colon in its name. Where a step
itself stands for its units, as in contracts and decks, the first element is meant.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from saga_contracts.declare import templates

if TYPE_CHECKING:  # a saga is made of steps, and steps are parted by this module
    from saga_contracts.declare.saga import Saga, Step

ROOTS = frozenset({"item", "item_index"})
MOST = 1000
"""So many elements a list may have for a step to be run for each."""
_PAYLOAD = "payload."


def unit_name(step: str, index: int) -> str:
    """Name a step for one element, counted from 0."""
    return f"{step}:{index}"


def parted(name: str) -> tuple[str, int | None]:
    """Give the step and the element's number of a unit's name; no number for a step itself.

    >>> parted("ship:2"), parted("ship")
    (('ship', 2), ('ship', None))
    """
    step, colon, index = name.partition(":")
    return (step, int(index)) if colon and index.isdecimal() else (name, None)


def name_of(step: "Step") -> str:
    """Give the name under which a step is called: the unit of the first element, where it stands for all of them."""
    is_unit = step.for_each is None or parted(step.step)[1] is not None
    return step.step if is_unit else unit_name(step.step, 0)


def list_name(step: "Step") -> str | None:
    """Give the list of the payload that a step is run for, reached by dots; None: it is run once, or says it wrongly."""
    name = templates.whole(step.for_each) if step.for_each is not None else None
    return name.removeprefix(_PAYLOAD) if name is not None and name.startswith(_PAYLOAD) else None


def elements(step: "Step", payload: Mapping[str, Any]) -> list[Any]:
    """Give the elements that a step is run for; none where the payload has no such list."""
    name = list_name(step)
    try:
        found = templates.look_up(name, payload) if name is not None else []
    except templates.TemplateError:
        return []
    return found if isinstance(found, list) else []


def values(step: "Step", payload: Mapping[str, Any]) -> dict[str, Any]:
    """Give what templates of a step may name besides: the element and its number; nothing for a step that is run once."""
    if step.for_each is None:
        return {}
    index = parted(step.step)[1] or 0
    found = elements(step, payload)
    return {"item_index": index} | ({"item": found[index]} if index < len(found) else {})


def with_element(step: "Step", payload: Mapping[str, Any]) -> dict[str, Any]:
    """Give what the templates of a step's preconditions may name: the payload, and its element."""
    return {"payload": payload, **values(step, payload)}


def names_one(value: Any) -> bool:
    """Does a JSON value with templates name something that only one element has: itself, its number, or its key?"""
    return any(name.partition(".")[0] in (*ROOTS, "key") for name in templates.names_in(value))


def in_payload(step: "Step", name: str) -> str | None:
    """Give the field of the payload, reached by dots, that a template's name stands for; None: for none.

    `item.sku` stands for `items.0.sku`.
    """
    if name.startswith(_PAYLOAD):
        return name.removeprefix(_PAYLOAD)
    root, dot, rest = name.partition(".")
    where = list_name(step)
    if root != "item" or where is None:
        return None
    return f"{where}.{parted(step.step)[1] or 0}{dot}{rest}"


def step_of(saga: "Saga", name: str) -> "Step":
    """Give the step, or the unit of a step, of this name.

    Raises:
        KeyError: when the saga has no such step, or it has no units.
    """
    base, index = parted(name)
    step = saga.step(name if name in saga.graph.index else base)
    if index is None or step.step == name:
        return step
    if step.for_each is None:
        raise KeyError(name)
    return step.model_copy(update={"step": name})


def unfolded(saga: "Saga", payload: Mapping[str, Any], most: int = MOST) -> "Saga":
    """Give the saga as it is run for one payload: each step that is run for each element parted into its units.

    Args:
        saga: The saga; one that is unfolded stays as it is.
        payload: What it is started with.
        most: So many elements are looked at, the first ones.
    """
    folded = [step for step in saga.steps if step.for_each is not None and parted(step.step)[1] is None]
    if not folded:
        return saga
    units = {
        step.step: tuple(unit_name(step.step, index) for index in range(len(elements(step, payload)[:most]))) for step in folded
    }
    steps: list[Step] = []
    for step in saga.steps:
        by_hand = None if step.undo_after is None else tuple(_each(step.undo_after, units))
        order = {"after": tuple(_before(saga, step, units)), "undo_after": by_hand}
        steps += [step.model_copy(update={**order, "step": name}) for name in units.get(step.step, (step.step,))]
    return saga.model_copy(update={"steps": tuple(steps)})


def _before(saga: "Saga", step: "Step", units: Mapping[str, tuple[str, ...]]) -> Iterable[str]:
    """Give what a step waits for; for one without elements, what that one waits for."""
    found: dict[str, None] = {}
    for name in step.after:
        found |= dict.fromkeys(units.get(name) or (_before(saga, saga.step(name), units) if name in units else (name,)))
    return found


def _each(names: Iterable[str], units: Mapping[str, tuple[str, ...]]) -> Iterable[str]:
    return (unit for name in names for unit in units.get(name, (name,)))
