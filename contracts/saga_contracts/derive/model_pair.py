"""The model for two steps of one saga at the same participant: how the calls of both can arrive, mixed (pure).

Both steps follow the transitions of `model`; what is added here is what the saga does with both: the second may have to wait for
the first, one fault makes both be undone, and undoing goes backwards.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from saga_contracts.declare.outcomes import State
from saga_contracts.derive.expectations import Letter
from saga_contracts.derive.model import At, Fault, Meaning, Move, Outage, Phase, Rules, moves

PairWord = tuple[tuple[int, Letter], ...]
"""Arrivals of both: 0 or 1 for the step, and the letter."""


@dataclass(frozen=True, slots=True)
class Third:
    """What one of the saga's other steps means for the pair; only steps that can make the saga fail are told.

    Attributes:
        before: Is it done before the first, before the second step starts?
        after: Does it wait for the first, for the second step?
    """

    before: tuple[bool, bool]
    after: tuple[bool, bool]


@dataclass(frozen=True, slots=True)
class PairRules:
    """What the model needs to know of two steps and their saga.

    Attributes:
        steps: The rules of each.
        ordered: Does the second step wait for the first one?
        waits_for_others: Does the step wait for steps that the other one does not wait for?
        optional: Which of them may fail without making the saga fail?
        thirds: The other steps that can make the saga fail.
        cancels: Are running siblings cancelled when a step fails?
        undo_waits: Does the undoing of the step wait for that of the other one?
        skipped: Which of them do not run, in each of the branches that their conditions make.
    """

    steps: tuple[Rules, Rules]
    ordered: bool
    waits_for_others: tuple[bool, bool]
    optional: tuple[bool, bool]
    thirds: frozenset[Third]
    cancels: bool
    undo_waits: tuple[bool, bool]
    skipped: frozenset[tuple[bool, bool]] = frozenset({(False, False)})


_START = At(budget=0)


@dataclass(frozen=True, slots=True)
class _One:
    """One step of the two.

    Attributes:
        hears: Its call has arrived, and this is where the orchestrator will be once it hears the reply; a crash or a cancellation
            may come before.
        hears_failure: Does that reply make the step fail?
    """

    at: At = _START
    started: bool = False
    hears: At | None = None
    hears_failure: bool = False

    @property
    def running(self) -> bool:
        return self.started and self.at.phase in (Phase.FORWARD, Phase.WAITING)

    @property
    def settled(self) -> bool:
        return self.started and self.at.phase in (Phase.DONE, Phase.OVER)


_ONE = {False: _One(), True: _One(At(budget=0, phase=Phase.OVER), started=True)}
"""A step at the beginning, by whether it is skipped: one that does not run holds nobody up."""


@dataclass(frozen=True, slots=True)
class _Both:
    """Both steps, and what the saga does with them; the budget stands here only."""

    budget: int
    steps: tuple[_One, _One] = (_One(), _One())
    failing: bool = False
    given_up: bool = False
    ended: bool = False


_PairMove = tuple[tuple[int, Letter] | None, _Both]


def words(rules: PairRules, faults: int) -> frozenset[PairWord]:
    """Give every mixed word that at most this many faults can cause, the empty one left out."""
    alone = tuple(replace(one, undone_after_done=False, cancels_siblings=False) for one in rules.steps)
    both = replace(rules, steps=(alone[0], alone[1]))
    branches = [_Both(faults, (_ONE[skipped[0]], _ONE[skipped[1]])) for skipped in rules.skipped]
    return frozenset(word for branch in branches for word in _words(both, branch) if word)


@lru_cache(maxsize=500_000)
def _words(rules: PairRules, both: _Both) -> frozenset[PairWord]:
    eager = _decided(rules, both)
    if eager != both:
        return _words(rules, eager)
    found: set[PairWord] = set()
    if both.ended and all(one.at.state != State.IN_PROGRESS for one in both.steps):
        found.add(())
    for letter, following in _next(rules, both):
        if following.budget >= 0:
            rest = _words(rules, following)
            found.update(rest if letter is None else {(letter, *word) for word in rest})
    return frozenset(found)


def _decided(rules: PairRules, both: _Both) -> _Both:
    """Let the orchestrator do what it does at once: cancel, start, undo, end."""
    if both.ended:
        return both
    for number, one in enumerate(both.steps):
        if both.failing and rules.cancels and one.running and rules.steps[number].can_be_undone:
            return _put(both, number, _cancelled(rules.steps[number], one))
        if _may_start(rules, both, number) and not rules.waits_for_others[number]:
            return _put(both, number, replace(one, started=True))
    if any(one.running for one in both.steps):
        return both
    return _undone_or_ended(rules, both)


def _undone_or_ended(rules: PairRules, both: _Both) -> _Both:
    """Decide what comes when no step is running."""
    if both.failing:
        for number, one in enumerate(both.steps):
            if one.started and one.at.phase == Phase.DONE and rules.steps[number].can_be_undone:
                return _put(both, number, replace(one, at=_enter(one.at, Phase.UNDO)))
    undoing = any(one.started and one.at.phase == Phase.UNDO for one in both.steps)
    finished = all(one.settled for one in both.steps) and not _third_may_fail(rules, both)
    ended = both.given_up or (both.failing and not undoing) or (not both.failing and finished)
    return replace(both, ended=True) if ended else both


def _cancelled(rules: Rules, one: _One) -> _One:
    """Undo a running step at once; unless its last try is over, a request is on its way."""
    on_its_way = one.at.phase == Phase.FORWARD and one.hears is None and one.at.tried < rules.tries
    at = _enter(one.at, Phase.UNDO)
    return _One(replace(at, late_forwards=at.late_forwards + on_its_way), started=True)


def _may_start(rules: PairRules, both: _Both, number: int) -> bool:
    if both.failing or both.given_up:
        return False
    return not both.steps[number].started and (number == 0 or not rules.ordered or both.steps[0].settled)


def _next(rules: PairRules, both: _Both) -> Iterator[_PairMove]:
    for number in (0, 1):
        if both.steps[number].started:
            yield from _step_moves(rules, both, number)
    if both.ended:
        return
    if any(one.started and one.at.phase in (Phase.FORWARD, Phase.UNDO) for one in both.steps):
        crashed = [_crashed(one) for one in both.steps]
        yield None, replace(both, budget=both.budget - 1, steps=(crashed[0], crashed[1]))
    if not both.failing and not both.given_up:
        for number in (0, 1):
            if _may_start(rules, both, number):
                yield None, _put(both, number, replace(both.steps[number], started=True))
        if _third_may_fail(rules, both):
            yield None, replace(both, budget=both.budget - 1, failing=True)
        if all(one.settled for one in both.steps):
            yield None, replace(both, ended=True)


def _third_may_fail(rules: PairRules, both: _Both) -> bool:
    for third in rules.thirds:
        too_late = any(third.before[number] and one.started for number, one in enumerate(both.steps))
        too_early = any(third.after[number] and not one.settled for number, one in enumerate(both.steps))
        if not too_late and not too_early:
            return True
    return False


def _crashed(one: _One) -> _One:
    if one.started and one.at.phase in (Phase.FORWARD, Phase.UNDO):
        return replace(one, at=replace(one.at, tried=0, uncertain=True), hears=None, hears_failure=False)
    return one


def _step_moves(rules: PairRules, both: _Both, number: int) -> Iterator[_PairMove]:
    """Give the moves of one step; a crash is no move of one step alone, so it is left to both."""
    one = both.steps[number]
    at = replace(one.at, budget=both.budget)
    if one.hears is not None and not both.ended:
        heard = replace(one.hears, state=at.state, late_forwards=at.late_forwards, late_compensations=at.late_compensations)
        failing = both.failing or (one.hears_failure and not rules.optional[number])
        yield None, _put(replace(both, failing=failing), number, _One(heard, started=True))
    quiet = both.ended or one.hears is not None or one.at.phase in (Phase.DONE, Phase.OVER) or not _may_undo(rules, both, number)
    for move in moves(rules.steps[number], at):
        following = move.at
        if Fault.CRASHED in move.faults or (quiet and not _is_participants_own(at, following)):
            continue
        mark = None if move.letter is None else (number, move.letter)
        if move.letter is not None and following.phase != at.phase:
            yield mark, _put(replace(both, budget=following.budget), number, _arrived(one, at, move))
            continue
        counts = not rules.optional[number]
        changed = replace(
            both,
            budget=following.budget,
            failing=both.failing or (counts and move.meaning == Meaning.FAILED),
            given_up=both.given_up or (counts and move.meaning == Meaning.GIVEN_UP),
        )
        yield mark, _put(changed, number, replace(one, at=following))


def _arrived(one: _One, at: At, move: Move) -> _One:
    return replace(
        one,
        at=replace(at, state=move.at.state),
        hears=replace(move.at, budget=0),
        hears_failure=move.meaning == Meaning.FAILED,
    )


def _is_participants_own(at: At, following: At) -> bool:
    """Does only the participant's side change: a late call arrives, or its work is done?"""
    same = replace(
        at,
        state=following.state,
        budget=following.budget,
        late_forwards=following.late_forwards,
        late_compensations=following.late_compensations,
    )
    fewer = following.late_forwards < at.late_forwards or following.late_compensations < at.late_compensations
    return same == following and (fewer or following.state != at.state)


def _may_undo(rules: PairRules, both: _Both, number: int) -> bool:
    """Is it this step's turn? Undoing waits until nothing runs any more, and keeps its order."""
    one, other = both.steps[number], both.steps[1 - number]
    if one.at.phase != Phase.UNDO or (rules.optional[number] and not both.failing):
        return True
    if other.running:
        return False
    return not (rules.undo_waits[number] and other.started and other.at.phase == Phase.UNDO)


def _enter(at: At, phase: Phase) -> At:
    return replace(at, phase=phase, tried=0, outage=Outage.NONE)


def _put(both: _Both, number: int, one: _One) -> _Both:
    """Change one step; the budget belongs to both."""
    clean = replace(one, at=replace(one.at, budget=0))
    return replace(both, steps=(clean, both.steps[1]) if number == 0 else (both.steps[0], clean))
