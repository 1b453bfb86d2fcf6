"""The model: how calls of one step can arrive at its participant when at most k faults happen (pure).

One transition system stands behind decks, end-to-end scenarios and the tests of the orchestrator. It has two sides that
see different things: the orchestrator knows replies, the participant knows arrivals; a fault makes them differ.

                       done                       another step fails (1)
        FORWARD ───────────────► DONE ───────────────────────────────────► UNDO ──► OVER
          │  │    accepted         ▲  └────────────── the saga ends ───────────────► ▲
          │  └──────────► WAITING ─┘ callback done                          ▲        │
          │                  └── callback refused, or lost for good (1) ────┤        │
          ├── all tries without an answer: compensatable ───────────────────┘        │
          └── refused and nothing uncertain; retriable and out of tries ─────────────┘

Choices, each with its name:

* `one_fault_each`: a lost request, a lost reply, a late request, a duplicate, a refusal, a callback that never comes, a crash of
  the orchestrator and the failure of another step cost one fault each, in any combination.
* `outage_is_one`: an outage swallows the requests of one call, or the replies to them, for any number of tries in a row, across
  crashes; it costs one fault, however long it lasts. Late and doubled requests may still come out of it.
* `late_lands_anywhere`: a late or doubled request arrives at any later moment, or never; its reply is not heard.
* `crash_restarts_tries`: after a crash the orchestrator begins a call's tries anew, and holds the step for uncertain. What it had
  sent before has arrived by then, or is late.
* `uncertain_is_undone`: a compensatable step without a clear answer after all tries is compensated.
* `refused_after_uncertain_is_undone`: a refused step is compensated if an earlier attempt of it had no clear answer.
* `forward_only`: a pivot without an answer and a retriable step are never compensated; out of tries, the owner is told, and
  nothing is undone.
* `optional_fails_alone`: an optional step that fails is undone if it is uncertain; the saga goes on, and so do those after it.
* `wait` or `cancel` for siblings, as the file says: cancelling sends the compensation while the forward call is on its way.
* `refused_at_first`: whether the precondition refuses is decided when the first forward call of the key arrives; of a callback
  step, when its work is done.
* `callback_early_or_not`: an orchestrator may take a callback that overtakes the reply, or wait for the reply; the words of both
  are there.
* `end_is_silent`: the end of the saga is no call, so the participant does not see it.
* `checker_is_outside`: what a checker finds and undoes after the end is not part of the model.

Arrival letters: F forward, R forward that is refused, C compensate, D and X the end of accepted work (done, refused): the
participant's own callback, or what its status call tells to who polls (`callback` stands for both in what follows).
A late arrival bears the same letter as a punctual one: the participant cannot tell them apart.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from functools import lru_cache

from saga_contracts.declare.outcomes import State
from saga_contracts.derive.expectations import Letter, Word, after, can_be_refused
from saga_contracts.derive.slices import StepSlice

DERIVATION = 3
"""Version of the derivation; stands in every deck result. It changes when a deck may change for an unchanged file."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the model needs to know of a step and its saga."""

    tries: int
    undo_tries: int
    callback: bool
    can_refuse: bool
    can_be_undone: bool
    undone_after_done: bool
    cancels_siblings: bool

    @classmethod
    def of(cls, slice_: StepSlice) -> "Rules":
        """Read the rules off a step's slice of the saga file."""
        step = slice_.step
        undoable = step.compensate is not None
        cancels = slice_.policies.siblings_of_failed_step == "cancel" and slice_.facts.starts_beside_others
        return cls(
            tries=step.tries,
            undo_tries=step.undo_tries,
            callback=step.tells_later,
            can_refuse=can_be_refused(step),
            can_be_undone=undoable,
            undone_after_done=undoable and slice_.facts.undone_after_done,
            cancels_siblings=undoable and cancels,
        )


class Phase(Enum):
    """Where the orchestrator is with a step."""

    FORWARD = 1
    WAITING = 2  # for the callback
    DONE = 3
    UNDO = 4
    OVER = 5


class Outage(Enum):
    """What gets through of the present call."""

    NONE = 0
    REQUESTS = 1  # no request gets through
    REPLIES = 2  # no reply comes back


@dataclass(frozen=True, slots=True)
class At:
    """One state of the transition system."""

    budget: int
    phase: Phase = Phase.FORWARD
    tried: int = 0
    outage: Outage = Outage.NONE
    uncertain: bool = False
    state: State = State.ABSENT
    late_forwards: int = 0
    late_compensations: int = 0


Move = tuple[Letter | None, At]


def words(rules: Rules, faults: int) -> frozenset[Word]:
    """Give every arrival word that at most this many faults can cause; the empty word (nothing arrives) is left out."""
    return frozenset(word for word in _words(rules, At(budget=faults)) if word)


@lru_cache(maxsize=200_000)
def _words(rules: Rules, at: At) -> frozenset[Word]:
    found: set[Word] = set()
    if at.phase == Phase.OVER and at.state != State.IN_PROGRESS:
        found.add(())
    for letter, following in moves(rules, at):
        rest = _words(rules, following)
        found.update(rest if letter is None else {(letter, *word) for word in rest})
    return frozenset(found)


def moves(rules: Rules, at: At) -> Iterator[Move]:
    """Give every next state that the budget allows, each with the letter that arrives at the participant, if any does."""
    for letter, following in _all_moves(rules, at):
        if following.budget >= 0:
            yield letter, following


def _all_moves(rules: Rules, at: At) -> Iterator[Move]:
    yield from _late_arrivals(rules, at)
    yield from _own_work(rules, at)
    if at.phase == Phase.FORWARD:
        yield from _forward(rules, at)
    elif at.phase == Phase.WAITING:
        yield from _waiting(rules, at)
    elif at.phase == Phase.DONE:
        yield None, _enter(at, Phase.OVER)
        if rules.undone_after_done:
            yield None, _pay(_enter(at, Phase.UNDO))  # another step fails
    elif at.phase == Phase.UNDO:
        yield from _undo(rules, at)


def _pay(at: At, **changes: object) -> At:
    return replace(at, budget=at.budget - 1, **changes)  # type: ignore[arg-type]


def _enter(at: At, phase: Phase) -> At:
    return replace(at, phase=phase, tried=0, outage=Outage.NONE)


def _arrivals(rules: Rules, at: At) -> Iterator[tuple[Letter, At]]:
    """Let one forward call arrive now: as it applies or is absorbed, or refused by the precondition."""
    yield Letter.FORWARD, replace(at, state=after(at.state, Letter.FORWARD, callback=rules.callback))
    if at.state == State.ABSENT and rules.can_refuse and not rules.callback:
        yield Letter.REFUSED, _pay(at, state=State.REFUSED)


def _late_arrivals(rules: Rules, at: At) -> Iterator[Move]:
    if at.late_forwards:
        for letter, arrived in _arrivals(rules, at):
            yield letter, replace(arrived, late_forwards=at.late_forwards - 1)
    if at.late_compensations:
        yield Letter.COMPENSATE, replace(at, state=State.COMPENSATED, late_compensations=at.late_compensations - 1)


def _own_work(rules: Rules, at: At) -> Iterator[Move]:
    if at.state == State.IN_PROGRESS:
        yield Letter.DONE, replace(at, state=State.APPLIED)
        if rules.can_refuse:
            yield Letter.CALLBACK_REFUSED, _pay(at, state=State.REFUSED)


def _forward(rules: Rules, at: At) -> Iterator[Move]:
    given_up = Phase.UNDO if rules.can_be_undone else Phase.OVER
    if rules.cancels_siblings:
        yield None, _pay(_enter(at, Phase.UNDO), late_forwards=at.late_forwards + 1)
    if rules.callback and at.state == State.APPLIED:
        yield None, _enter(at, Phase.DONE)  # the callback was faster than the reply
    if rules.callback and at.state == State.REFUSED:
        yield None, _after_refusal(rules, at)
    yield from _between_tries(at)
    if at.tried == rules.tries:
        yield None, _enter(at, given_up)
        return
    late = _pay(at, late_forwards=at.late_forwards + 1)
    yield from _not_arriving(at, late)
    if at.outage != Outage.REQUESTS:
        for letter, arrived in _arrivals(rules, at):
            yield from _answered(letter, arrived, _after_reply(rules, arrived))


def _undo(rules: Rules, at: At) -> Iterator[Move]:
    yield from _between_tries(at)
    if at.tried == rules.undo_tries:
        yield None, _enter(at, Phase.OVER)
        return
    late = _pay(at, late_compensations=at.late_compensations + 1)
    yield from _not_arriving(at, late)
    if at.outage != Outage.REQUESTS:
        arrived = replace(at, state=State.COMPENSATED)
        yield from _answered(Letter.COMPENSATE, arrived, _enter(arrived, Phase.OVER))


def _between_tries(at: At) -> Iterator[Move]:
    yield None, _crashed(at)
    if at.outage == Outage.NONE:
        yield None, _pay(at, outage=Outage.REQUESTS)
        yield None, _pay(at, outage=Outage.REPLIES)
    else:
        yield None, replace(at, outage=Outage.NONE)


def _not_arriving(at: At, late: At) -> Iterator[Move]:
    """Send a try that does not arrive now: doubled on its way (the try itself is still to come), late, or lost."""
    yield None, late
    yield None, _unanswered(late)
    yield None, _unanswered(at if at.outage == Outage.REQUESTS else _pay(at))


def _answered(letter: Letter, arrived: At, clear: At) -> Iterator[Move]:
    """Let a try arrive: its reply is heard, is lost, or finds the orchestrator crashed."""
    if arrived.outage == Outage.REPLIES:
        yield letter, _unanswered(arrived)
    else:
        yield letter, clear
        yield letter, _unanswered(_pay(arrived))
    yield letter, _crashed(arrived)


def _unanswered(at: At) -> At:
    return replace(at, tried=at.tried + 1, uncertain=True)


def _crashed(at: At) -> At:
    return _pay(at, tried=0, uncertain=True)


def _after_reply(rules: Rules, at: At) -> At:
    """Give what the orchestrator does once it knows the reply to the forward call that just arrived."""
    if at.state == State.APPLIED:
        return _enter(at, Phase.DONE)
    if at.state == State.IN_PROGRESS:
        return _enter(at, Phase.WAITING)
    return _after_refusal(rules, at)


def _after_refusal(rules: Rules, at: At) -> At:
    return _enter(at, Phase.UNDO if at.uncertain and rules.can_be_undone else Phase.OVER)


def _waiting(rules: Rules, at: At) -> Iterator[Move]:
    if at.state == State.APPLIED:
        yield None, _enter(at, Phase.DONE)
    if at.state == State.REFUSED:
        yield None, _after_refusal(rules, at)
    yield None, _pay(_enter(at, Phase.UNDO if rules.can_be_undone else Phase.OVER))  # no callback comes
