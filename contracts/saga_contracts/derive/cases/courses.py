"""How the cases of a step come about: what came before, the call itself, and the one reply that a contract can demand (pure)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from saga_contracts.declare.outputs import Teller, told_by
from saga_contracts.declare.saga import Reply, Saga, Step, Under
from saga_contracts.derive import expectations
from saga_contracts.derive.cases.case import Role
from saga_contracts.derive.examples import example_context
from saga_contracts.derive.expectations import Letter, Situation
from saga_contracts.derive.slices import StepSlice
from saga_contracts.wire import fresh, replies


@dataclass(frozen=True, slots=True)
class Course:
    """How a case of a step comes about.

    Attributes:
        word: The calls that come before, such as `F C`; empty: none.
        letter: The call itself; None for a status call.
        under: The domain precondition.
        obligations: What the case serves.
    """

    word: str
    letter: Letter | None
    under: Under
    obligations: tuple[str, ...]


def course_of(slice_: StepSlice, role: Role, name: str) -> Course | None:
    """Give how a case comes about; None when the step has no such case."""
    for own_role, own_name, before, letter, serves in _CALLS:
        if (own_role, own_name) == (role, name):
            word = _word(slice_, before)
            return None if word is None else Course(word, letter, _under(before, letter), serves)
    asked = {Role.STATUS: _QUESTIONS, Role.LOOKUP: _LOOKUPS}
    for own_name, before, serves in asked.get(role, ()):
        if own_name == name:
            word = _word(slice_, before)
            return None if word is None else Course(word, None, _under(before, None), serves)
    return None


@dataclass(frozen=True, slots=True)
class Row:
    """One case of a step before it has its states."""

    role: Role
    name: str
    word: str
    under: Under
    outcome: str
    reply: Reply
    obligations: tuple[str, ...]


_CALLS: tuple[tuple[Role, str, str, Letter, tuple[str, ...]], ...] = (
    (Role.FORWARD, "done", "", Letter.FORWARD, ("O1", "O31")),
    (Role.FORWARD, "in_progress", "", Letter.FORWARD, ("O1", "O18", "O31")),
    (Role.FORWARD, "done_again", "{done}", Letter.FORWARD, ("O3", "O31")),
    (Role.FORWARD, "refused", "", Letter.REFUSED, ("O1", "O2", "O31")),
    (Role.FORWARD, "refused_again", "{refused}", Letter.FORWARD, ("O32", "O31")),
    (Role.FORWARD, "suspended", "C", Letter.FORWARD, ("O9", "O31")),
    (Role.FORWARD, "misused", "M", Letter.MISUSED, ("O4", "O31")),
    (Role.FORWARD, "retryable", "", Letter.RETRYABLE, ("O1", "O31")),
    (Role.COMPENSATE, "done", "{done}", Letter.COMPENSATE, ("O1", "O6", "O13", "O31")),
    (Role.COMPENSATE, "done_again", "{done} C", Letter.COMPENSATE, ("O7", "O13", "O31")),
    (Role.COMPENSATE, "null", "", Letter.COMPENSATE, ("O8", "O13", "O31")),
    (Role.COMPENSATE, "after_refusal", "{refused}", Letter.COMPENSATE, ("O2", "O13", "O31")),
)
"""The calls of a step: role, name, what came before, the call itself, what the case serves."""
_QUESTIONS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("absent", "", ("O14", "O31", "O33")),
    ("applied", "{done}", ("O14", "O31", "O33")),
    ("refused", "{refused}", ("O14", "O31", "O33")),
    ("compensated", "{done} C", ("O14", "O31", "O33")),
    ("null_compensated", "C", ("O8", "O14", "O31", "O33")),
)
"""The status calls of a step: name, what came before, what the case serves."""
_LOOKUPS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("absent", "", ("O33", "O31")),
    ("found", "{done}", ("O33", "O31")),
)
"""The look-ups of a step: name, what came before, what the case serves."""


def rows(saga: Saga, slice_: StepSlice) -> Iterator[Row]:
    """Give the cases of a step's calls, status calls and look-ups, before they have their states."""
    step = slice_.step
    for role, name, before, letter, serves in _CALLS:
        word = _word(slice_, before)
        if word is None or not _possible(slice_, role, name, letter) or not _can_be_made(step, role, before):
            continue
        under = _under(before, letter)
        usual = _demanded(slice_, _situation(slice_, word, under), letter, name)
        for reply in () if usual is None else expectations.declared(step, role.value, usual)[:1]:
            outcome = read_as(saga, step, role, reply)
            yield Row(role, name, word, under, outcome, reply, serves)
    for name, before, serves in _QUESTIONS if step.status is not None else ():
        word = _word(slice_, before)
        if word is not None and _can_be_made(step, Role.STATUS, before):
            under = _under(before, None)
            state = _situation(slice_, word, under).state
            for reply in expectations.declared(step, Role.STATUS.value, state.value)[:1]:
                yield Row(Role.STATUS, name, word, under, state.value, reply, serves)
    for name, before, serves in _LOOKUPS if step.lookup is not None else ():
        word = _word(slice_, before)
        for reply in () if word is None else expectations.declared(step, Role.LOOKUP.value, name)[:1]:
            yield Row(Role.LOOKUP, name, str(word), _under(before, None), name, reply, serves)


def _can_be_made(step: Step, role: Role, before: str) -> bool:
    """Have the calls that came before told the outputs of the step's own that a call needs?"""
    needed = step.own_outputs(role.value)
    accepted = told_by(step, Teller.ACCEPTED) if step.tells_later else {}
    return not needed or before.startswith("{done}") or (before.startswith("{refused}") and needed <= accepted.keys())


def _under(before: str, letter: Letter | None) -> Under:
    return expectations.under([letter] if letter else [], refusing="{refused}" in before)


def _word(slice_: StepSlice, before: str) -> str | None:
    """Write out what came before; None when it cannot come at this step."""
    callback = slice_.step.tells_later
    if "C" in before and slice_.step.compensate is None:
        return None
    if before == "C" and slice_.step.own_outputs("compensate"):
        return None
    if "{refused}" in before and not expectations.can_be_refused(slice_.step):
        return None
    if before == "M" and not fresh.can_be_misused(slice_.payload, slice_.step):
        return None
    return before.format(done="F D" if callback else "F", refused="F X" if callback else "R")


def _possible(slice_: StepSlice, role: Role, name: str, letter: Letter) -> bool:
    """Does this call ever come at this step?"""
    callback = slice_.step.tells_later
    if slice_.step.only_reads and name not in ("done", "refused", "retryable"):
        return False
    if role == Role.COMPENSATE:
        return slice_.step.compensate is not None
    if letter == Letter.RETRYABLE:  # what HTTP itself calls passing is not one reply that a contract could demand
        return slice_.step.given.retryable is not None and bool(slice_.step.forward.replies.retryable)
    if letter == Letter.REFUSED:
        return not callback and expectations.can_be_refused(slice_.step)
    return name not in ("done", "in_progress") or callback == (name == "in_progress")


def _situation(slice_: StepSlice, word: str, under: Under) -> Situation:
    """Give the situation that a word leads to; after `M` the key belongs to another payload, as after `F`."""
    situation = Situation(refusing=under == Under.REFUSING)
    for letter in word.replace("M", "F").split():
        situation = expectations.after_event(situation, Letter(letter), callback=slice_.step.tells_later)
    return situation


def _demanded(slice_: StepSlice, situation: Situation, letter: Letter, case: str) -> str | None:
    """Give the name of the one declared reply that a contract can demand.

    That is the reply which the file declares for this very case (of a list the first), or the only one that is right. Where
    several different replies are right, a contract of one reply would accuse a participant that gives another: the deck judges
    it, and the client is shown each of them by a client-only case.
    """
    names = expectations.answers(slice_, situation, letter)
    if not names or names[0] == case:
        return names[0] if names else None
    role = "compensate" if letter == Letter.COMPENSATE else "forward"
    looks = [expectations.declared(slice_.step, role, name) for name in names]
    if case == "suspended" and len(looks[0]) > 1:  # which of the refusals it would be is not said
        return None
    return names[0] if all(look == looks[0] for look in looks) else None


def read_as(saga: Saga, step: Step, role: Role, reply: Reply) -> str:
    """Give what a client must make of a declared reply that comes as it is declared."""
    context = example_context(saga, step)
    readers: dict[Role, Callable[..., Any]] = {
        Role.FORWARD: replies.forward_outcome,
        Role.COMPENSATE: replies.compensate_outcome,
        Role.STATUS: replies.status_outcome,
        Role.LOOKUP: replies.lookup_outcome,
    }
    return str(readers[role](step, replies.example_of(reply, context), context).value)
