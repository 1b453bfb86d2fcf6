"""What a transaction does next, from the states of its legs alone."""

from collections.abc import Collection, Mapping
from typing import Any

from plain.settings import FAULT
from plain.tables import Leg

Saga = Mapping[str, Any]
Step = Mapping[str, Any]
Legs = Mapping[str, Leg]

BUSY = frozenset({"sent", "accepted", "asked"})
_RANK = {"compensatable": 0, "pivot": 1, "retriable": 2}


def startable(saga: Saga, legs: Legs) -> list[Step]:
    """Give the steps that may start now: nothing has failed, and all that comes before them is done."""
    steps = [step for step in saga["steps"] if legs[step["step"]].state == "new"]
    if FAULT == "begins with the last step":
        steps.reverse()
    undone = any(leg.state == "undone" for leg in legs.values())
    if has_failed(saga, legs) and not (FAULT == "begins siblings after a failure" and undone):
        return []
    if FAULT in ("ignores after", "begins with the last step"):
        return steps
    return [step for step in steps if all(_is_behind(other, legs) for other in saga["steps"] if _comes_before(other, step))]


def has_failed(saga: Saga, legs: Legs) -> bool:
    """May no other step start, because one that is needed is refused, or nobody knows of it?"""
    states = [(step, legs[step["step"]].state) for step in saga["steps"] if not step.get("optional")]
    return any(state in ("no", "unsure") or (state == "spent" and step["class"] == "pivot") for step, state in states)


def is_undone(saga: Saga, legs: Legs) -> bool:
    """Is the transaction to be rolled back? Not when a pivot is undecided: it may have happened, or happen late."""
    if FAULT == "undoes past the pivot" and any(leg.state == "spent" for leg in legs.values()):
        return True
    return any(legs[step["step"]].state in ("no", "unsure") for step in saga["steps"] if not step.get("optional"))


def to_undo(saga: Saga, legs: Legs, *, rolling_back: bool) -> list[Step]:
    """Give the steps that may have an effect that must go: refused ones, too, when a try of theirs had no clear answer."""
    found = []
    for step in saga["steps"]:
        leg = legs[step["step"]]
        unclear = leg.state == "no" and leg.unclear and FAULT != "forgets that a refused step was unclear before"
        unsure = leg.state == "unsure" and FAULT != "leaves an unsure step alone"
        done = leg.state == "ok" and rolling_back
        untouched = leg.state == "new" and rolling_back and FAULT == "undoes what was never begun"
        wanted = rolling_back or step.get("optional")
        if step.get("compensate") and wanted and (unclear or unsure or done or untouched or leg.state == "undoing"):
            found.append(step)
    return found


def undoable(saga: Saga, todo: Collection[Step], legs: Legs) -> list[Step]:
    """Give the steps whose undoing may start now: nothing that came after them is still to be undone."""
    if saga.get("policies", {}).get("failing_compensation") == "stop" and any(leg.state == "stuck" for leg in legs.values()):
        return []
    if FAULT == "undoes in forward order":
        return list(todo)[:1]
    names = {step["step"] for step in todo}
    return [step for step in todo if not any(step["step"] in before(saga, name) for name in names)]


def before(saga: Saga, name: str) -> set[str]:
    """Name the steps that a step waits for, directly or not."""
    direct = next(set(step.get("after", [])) for step in saga["steps"] if step["step"] == name)
    return direct.union(*(before(saga, one) for one in direct))


def news(saga: Saga, legs: Legs) -> dict[str, str]:
    """Give what the owner has to be told, by step."""
    left = {step["step"] for step in to_undo(saga, legs, rolling_back=is_undone(saga, legs))}
    found = {}
    for step in saga["steps"]:
        name, state = step["step"], legs[step["step"]].state
        if state == "stuck":
            found[name] = "compensation_failed"
        elif state == "spent" and not step.get("optional"):
            found[name] = "step_exhausted"
        elif name in left:
            found[name] = "compensation_skipped"
    return found


def _comes_before(other: Step, step: Step) -> bool:
    return other["step"] in step.get("after", []) or _RANK[other["class"]] < _RANK[step["class"]]


def _is_behind(step: Step, legs: Legs) -> bool:
    state = legs[step["step"]].state
    accepted = state == "accepted" and FAULT == "takes an accepted step for done"
    undone = state == "undone" and FAULT == "begins siblings after a failure"
    return (
        state == "ok"
        or accepted
        or undone
        or (bool(step.get("optional")) and state in ("no", "unsure", "spent", "undone", "stuck"))
    )
