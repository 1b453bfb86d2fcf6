"""The rules of what two sagas share at a step: its semantic lock can be known, met and freed (pure)."""

from collections.abc import Iterator

from saga_contracts.declare import templates
from saga_contracts.declare.problems import Path, Problem, did_you_mean
from saga_contracts.declare.saga import Saga, Step, StepClass
from saga_contracts.wire import matching


def problems(saga: Saga, step: Step, at: Path) -> Iterator[Problem]:
    """Give every broken rule of a step's semantic lock."""
    if step.semantic_lock is None or step.only_reads:
        return
    here = (*at, "semantic_lock")
    yield from _conflict(step, here)
    yield from _known(step, here)
    yield from _released(saga, step, here)


def _conflict(step: Step, here: Path) -> Iterator[Problem]:
    """The outcome that another saga gets must be one that the step can have."""
    lock = step.semantic_lock
    if lock is None or lock.conflict != "refused":
        return
    if step.step_class == StepClass.RETRIABLE:
        what = "A retriable step never refuses (O25), so that no saga can get this conflict."
        yield Problem((*here, "conflict"), what, "Write `conflict: retryable`.")
    elif not (step.forward.replies.refused or step.refuses_later):
        what = "Another saga is to be refused meanwhile, but no refusal is declared."
        yield Problem((*here, "conflict"), what, "Declare the reply `refused`, or write `conflict: retryable`.")


def _known(step: Step, here: Path) -> Iterator[Problem]:
    """What is locked must stand in the forward call."""
    lock = step.semantic_lock
    told = matching.names_found(step.forward.request)
    for name in dict.fromkeys(templates.names_in(lock.resource if lock is not None else "")):
        if name.startswith("payload.") and not any(name == one or name.startswith(f"{one}.") for one in told):
            what = f"The forward call does not hold `{{{name}}}`, so that the participant cannot know what is locked."
            yield Problem((*here, "resource"), what, "Put it into the request, or name a field that stands there.")


def _released(saga: Saga, step: Step, here: Path) -> Iterator[Problem]:
    """What frees a lock is a later step at the same participant."""
    name = step.semantic_lock.released_by if step.semantic_lock is not None else None
    if name is None:
        return
    later = [one.step for one in saga.steps if step.step in _before(saga, one) and one.participant == step.participant]
    if name not in later:
        what = f"`{name}` is no step after this one at {step.participant}."
        mend = did_you_mean(name, later) if later else "Remove it: this participant does not see the end of the saga."
        yield Problem((*here, "released_by"), what, mend)


def _before(saga: Saga, step: Step) -> frozenset[str]:
    """Give the steps before a step, whatever names `after` holds."""
    known = {one.step: one.after for one in saga.steps}
    found: set[str] = set()
    waiting = list(step.after)
    while waiting:
        name = waiting.pop()
        if name in known and name not in found:
            found.add(name)
            waiting.extend(known[name])
    return frozenset(found)
