"""The model for two steps of one saga at the same participant: how the calls of both can arrive, mixed (pure).

Both steps follow the transitions of `model`; what is added here is what the saga does with both: the second may have to wait for
the first, one fault makes both be undone, and undoing goes backwards.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from saga_contracts.model import At, Letter, Outage, Phase, Rules, State, moves

PairWord = tuple[tuple[int, Letter], ...]
"""Arrivals of both: 0 or 1 for the step, and the letter."""


@dataclass(frozen=True, slots=True)
class PairRules:
    """What the model needs to know of two steps and their saga.

    Attributes:
        steps: The rules of each; what concerns other steps is taken from the fields below.
        ordered: Does the second step wait for the first one?
        optional: Which of them may fail without making the saga fail?
        others_fail_beside: May a third step fail while both may still be running or waiting to start?
        others_fail: May a third step fail once both are done?
        cancels: Are running siblings cancelled when a step fails?
    """

    steps: tuple[Rules, Rules]
    ordered: bool
    optional: tuple[bool, bool]
    others_fail_beside: tuple[bool, bool]
    others_fail: bool
    cancels: bool


@dataclass(frozen=True, slots=True)
class _Both:
    budget: int
    steps: tuple[At, At]
    started: tuple[bool, bool]
    failing: bool = False
    ended: bool = False


def words(rules: PairRules, faults: int) -> frozenset[PairWord]:
    """Give every mixed word that at most this many faults can cause, the empty one left out."""
    alone = tuple(replace(one, undone_after_done=False, cancels_siblings=False) for one in rules.steps)
    rules = replace(rules, steps=(alone[0], alone[1]))
    start = _Both(faults, (At(budget=faults), At(budget=faults)), (True, not rules.ordered))
    return frozenset(word for word in _words(rules, start) if word)


@lru_cache(maxsize=500_000)
def _words(rules: PairRules, both: _Both) -> frozenset[PairWord]:
    found: set[PairWord] = set()
    if both.ended and all(at.state != State.IN_PROGRESS for at in both.steps):
        found.add(())
    for letter, following in _next(rules, both):
        rest = _words(rules, following)
        found.update(rest if letter is None else {(letter, *word) for word in rest})
    return frozenset(found)


def _next(rules: PairRules, both: _Both) -> Iterator[tuple[tuple[int, Letter] | None, _Both]]:
    for number in (0, 1):
        if both.started[number]:
            yield from _step_moves(rules, both, number)
    if both.ended:
        return
    yield from _saga_moves(rules, both)


def _step_moves(rules: PairRules, both: _Both, number: int) -> Iterator[tuple[tuple[int, Letter] | None, _Both]]:
    at = replace(both.steps[number], budget=both.budget)
    waits = both.ended or at.phase == Phase.DONE or not _may_undo(rules, both, number)
    for letter, following in moves(rules.steps[number], at):
        if waits and letter is None:
            continue
        if waits and following.phase != at.phase:
            continue
        if waits and (following.tried, following.outage) != (at.tried, at.outage):
            continue
        failed = not rules.optional[number] and _fails(at, letter, following)
        gives_up = _gives_up(rules.steps[number], at, letter, following) and not rules.optional[number]
        after = _put(both, number, following)
        after = replace(after, failing=both.failing or failed, ended=both.ended or gives_up)
        yield (None if letter is None else (number, letter)), after


def _may_undo(rules: PairRules, both: _Both, number: int) -> bool:
    """Is it this step's turn? A step that is to be undone waits for running siblings and for the steps after it."""
    at = both.steps[number]
    if at.phase != Phase.UNDO:
        return True
    if rules.optional[number] and not both.failing:
        return True
    other = both.steps[1 - number]
    if both.started[1 - number] and other.phase in (Phase.FORWARD, Phase.WAITING):
        return False
    return not (number == 0 and rules.ordered and both.started[1] and other.phase in (Phase.UNDO, Phase.DONE))


def _saga_moves(rules: PairRules, both: _Both) -> Iterator[tuple[None, _Both]]:
    first, second = both.steps
    if not both.failing and not both.started[1] and first.phase in (Phase.DONE, Phase.OVER):
        yield None, replace(both, started=(True, True))
    if not both.failing and both.budget > 0 and _another_may_fail(rules, both):
        yield None, replace(both, failing=True, budget=both.budget - 1)
    if both.failing:
        yield from _fail_moves(rules, both)
    elif all(both.started) and all(at.phase in (Phase.DONE, Phase.OVER) for at in both.steps):
        yield None, _ended(both)
    if both.failing and not any(_open(rules, both, number) for number in (0, 1)):
        yield None, _ended(both)
    del second


def _another_may_fail(rules: PairRules, both: _Both) -> bool:
    if all(both.started) and all(at.phase in (Phase.DONE, Phase.OVER) for at in both.steps):
        return rules.others_fail
    running = [number for number in (0, 1) if both.started[number] and both.steps[number].phase not in (Phase.DONE, Phase.OVER)]
    return all(rules.others_fail_beside[number] for number in running or (1,))


def _fail_moves(rules: PairRules, both: _Both) -> Iterator[tuple[None, _Both]]:
    for number, at in enumerate(both.steps):
        if not both.started[number] or not rules.steps[number].can_be_undone:
            continue
        if rules.cancels and at.phase in (Phase.FORWARD, Phase.WAITING):
            late = at.late_forwards + (at.phase == Phase.FORWARD)
            undone = replace(at, phase=Phase.UNDO, tried=0, outage=Outage.NONE, late_forwards=late)
            yield None, _put(both, number, replace(undone, budget=both.budget))
        if at.phase == Phase.DONE:
            undone = replace(at, phase=Phase.UNDO, tried=0, outage=Outage.NONE)
            candidate = _put(both, number, replace(undone, budget=both.budget))
            if _may_undo(rules, candidate, number):
                yield None, candidate


def _open(rules: PairRules, both: _Both, number: int) -> bool:
    at = both.steps[number]
    if not both.started[number]:
        return False
    return at.phase in (Phase.FORWARD, Phase.WAITING, Phase.UNDO) or (
        at.phase == Phase.DONE and rules.steps[number].can_be_undone
    )


def _ended(both: _Both) -> _Both:
    over = tuple(replace(at, phase=Phase.OVER) for at in both.steps)
    return replace(both, steps=(over[0], over[1]), ended=True)


def _fails(at: At, letter: Letter | None, following: At) -> bool:
    """Did this move make the step fail: refused, or to be undone for want of an answer?"""
    if at.phase not in (Phase.FORWARD, Phase.WAITING):
        return False
    if following.phase == Phase.UNDO:
        return True
    refused = letter is not None or (at.phase == Phase.WAITING and following.budget == at.budget)
    return following.phase == Phase.OVER and refused


def _gives_up(rules: Rules, at: At, letter: Letter | None, following: At) -> bool:
    """Did this move end a step that is never undone, without its outcome being known?"""
    running = at.phase in (Phase.FORWARD, Phase.WAITING)
    return running and not rules.can_be_undone and following.phase == Phase.OVER and not _fails(at, letter, following)


def _put(both: _Both, number: int, at: At) -> _Both:
    steps = (at, both.steps[1]) if number == 0 else (both.steps[0], at)
    clean = tuple(replace(one, budget=0) for one in steps)
    return replace(both, budget=at.budget, steps=(clean[0], clean[1]))
