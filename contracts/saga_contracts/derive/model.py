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
from enum import Enum, StrEnum
from functools import lru_cache
from typing import NamedTuple

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


class Fault(StrEnum):
    """What can go wrong, the plainest first: of several causes with as few faults, the one that comes earlier here is told."""

    REFUSED = "refused"  # the participant refuses
    OTHER_STEP_FAILED = "other_step_failed"
    REPLY_LOST = "reply_lost"
    REQUEST_LOST = "request_lost"
    REQUESTS_SWALLOWED = "requests_swallowed"  # by an outage, as long as it lasts
    REPLIES_SWALLOWED = "replies_swallowed"
    NO_CALLBACK = "no_callback"
    LATE = "late"
    DOUBLED = "doubled"
    CANCELLED = "cancelled"  # another step fails while the call is on its way
    CRASHED = "crashed"  # the orchestrator


class Meaning(Enum):
    """What a move makes of the step for its saga."""

    NOTHING = 0
    FAILED = 1  # the saga has to be undone
    GIVEN_UP = 2  # nobody knows what became of it, and it is not undone


class Move(NamedTuple):
    """One move of the transition system.

    Attributes:
        letter: What arrives at the participant by it; None: nothing does.
        at: Where it leads.
        faults: What goes wrong in it; each costs one.
        meaning: What it makes of the step.
    """

    letter: Letter | None
    at: At
    faults: tuple[Fault, ...] = ()
    meaning: Meaning = Meaning.NOTHING


_Moves = Iterator[Move]


def words(rules: Rules, faults: int) -> frozenset[Word]:
    """Give every arrival word that at most this many faults can cause; the empty word (nothing arrives) is left out."""
    return frozenset(word for word in _words(rules, At(budget=faults)) if word)


@lru_cache(maxsize=200_000)
def _words(rules: Rules, at: At) -> frozenset[Word]:
    found: set[Word] = set()
    if at.phase == Phase.OVER and at.state != State.IN_PROGRESS:
        found.add(())
    for move in moves(rules, at):
        rest = _words(rules, move.at)
        found.update(rest if move.letter is None else {(move.letter, *word) for word in rest})
    return frozenset(found)


def moves(rules: Rules, at: At) -> Iterator[Move]:
    """Give every move that the budget allows: the letter that arrives, the state, the faults, and what it means."""
    for move in _all_moves(rules, at):
        left = at.budget - len(move.faults)
        if left >= 0:
            yield move._replace(at=replace(move.at, budget=left))


def _all_moves(rules: Rules, at: At) -> _Moves:
    yield from _late_arrivals(rules, at)
    yield from _own_work(rules, at)
    if at.phase == Phase.FORWARD:
        yield from _forward(rules, at)
    elif at.phase == Phase.WAITING:
        yield from _waiting(rules, at)
    elif at.phase == Phase.DONE:
        yield Move(None, _enter(at, Phase.OVER))
        if rules.undone_after_done:
            yield Move(None, _enter(at, Phase.UNDO), (Fault.OTHER_STEP_FAILED,))
    elif at.phase == Phase.UNDO:
        yield from _undo(rules, at)


def _enter(at: At, phase: Phase) -> At:
    return replace(at, phase=phase, tried=0, outage=Outage.NONE)


def _arrivals(rules: Rules, at: At) -> _Moves:
    """Let one forward call arrive now: as it applies or is absorbed, or refused by the precondition."""
    yield Move(Letter.FORWARD, replace(at, state=after(at.state, Letter.FORWARD, callback=rules.callback)))
    if at.state == State.ABSENT and rules.can_refuse and not rules.callback:
        yield Move(Letter.REFUSED, replace(at, state=State.REFUSED), (Fault.REFUSED,))


def _late_arrivals(rules: Rules, at: At) -> _Moves:
    if at.late_forwards:
        for move in _arrivals(rules, at):
            yield move._replace(at=replace(move.at, late_forwards=at.late_forwards - 1))
    if at.late_compensations:
        arrived = replace(at, state=State.COMPENSATED, late_compensations=at.late_compensations - 1)
        yield Move(Letter.COMPENSATE, arrived)


def _own_work(rules: Rules, at: At) -> _Moves:
    if at.state == State.IN_PROGRESS:
        yield Move(Letter.DONE, replace(at, state=State.APPLIED))
        if rules.can_refuse:
            yield Move(Letter.CALLBACK_REFUSED, replace(at, state=State.REFUSED), (Fault.REFUSED,))


def _forward(rules: Rules, at: At) -> _Moves:
    if rules.cancels_siblings:
        cancelled = replace(_enter(at, Phase.UNDO), late_forwards=at.late_forwards + 1)
        yield Move(None, cancelled, (Fault.CANCELLED,), Meaning.FAILED)
    if rules.callback and at.state == State.APPLIED:
        yield Move(None, _enter(at, Phase.DONE))  # the callback was faster than the reply
    if rules.callback and at.state == State.REFUSED:
        yield Move(None, _after_refusal(rules, at), meaning=Meaning.FAILED)
    yield from _between_tries(at)
    if at.tried == rules.tries:
        yield Move(None, *_given_up(rules, at))
        return
    yield from _not_arriving(at, replace(at, late_forwards=at.late_forwards + 1))
    if at.outage != Outage.REQUESTS:
        for move in _arrivals(rules, at):
            yield from _answered(move, _after_reply(rules, move.at))


def _undo(rules: Rules, at: At) -> _Moves:
    yield from _between_tries(at)
    if at.tried == rules.undo_tries:
        yield Move(None, _enter(at, Phase.OVER))
        return
    yield from _not_arriving(at, replace(at, late_compensations=at.late_compensations + 1))
    if at.outage != Outage.REQUESTS:
        arrived = replace(at, state=State.COMPENSATED)
        yield from _answered(Move(Letter.COMPENSATE, arrived), _enter(arrived, Phase.OVER))


def _between_tries(at: At) -> _Moves:
    yield Move(None, _crashed(at), (Fault.CRASHED,))
    if at.outage == Outage.NONE:
        yield Move(None, replace(at, outage=Outage.REQUESTS), (Fault.REQUESTS_SWALLOWED,))
        yield Move(None, replace(at, outage=Outage.REPLIES), (Fault.REPLIES_SWALLOWED,))
    else:
        yield Move(None, replace(at, outage=Outage.NONE))


def _not_arriving(at: At, late: At) -> _Moves:
    """Send a try that does not arrive now: doubled on its way (the try itself is still to come), late, or lost."""
    yield Move(None, late, (Fault.DOUBLED,))
    yield Move(None, _unanswered(late), (Fault.LATE,))
    yield Move(None, _unanswered(at), () if at.outage == Outage.REQUESTS else (Fault.REQUEST_LOST,))


def _answered(move: Move, clear: At) -> _Moves:
    """Let a try arrive: its reply is heard, is lost, or finds the orchestrator crashed."""
    arrived = move.at
    if arrived.outage == Outage.REPLIES:
        yield move._replace(at=_unanswered(arrived))
    else:
        failed = arrived.phase == Phase.FORWARD and clear.phase in (Phase.UNDO, Phase.OVER)
        yield move._replace(at=clear, meaning=Meaning.FAILED if failed else Meaning.NOTHING)
        yield move._replace(at=_unanswered(arrived), faults=(*move.faults, Fault.REPLY_LOST))
    yield move._replace(at=_crashed(arrived), faults=(*move.faults, Fault.CRASHED))


def _unanswered(at: At) -> At:
    return replace(at, tried=at.tried + 1, uncertain=True)


def _crashed(at: At) -> At:
    return replace(at, tried=0, uncertain=True)


def _given_up(rules: Rules, at: At) -> tuple[At, tuple[Fault, ...], Meaning]:
    """Give what the orchestrator does with a step of which it knows nothing."""
    if rules.can_be_undone:
        return _enter(at, Phase.UNDO), (), Meaning.FAILED
    return _enter(at, Phase.OVER), (), Meaning.GIVEN_UP


def _after_reply(rules: Rules, at: At) -> At:
    """Give what the orchestrator does once it knows the reply to the forward call that just arrived."""
    if at.state == State.APPLIED:
        return _enter(at, Phase.DONE)
    if at.state == State.IN_PROGRESS:
        return _enter(at, Phase.WAITING)
    return _after_refusal(rules, at)


def _after_refusal(rules: Rules, at: At) -> At:
    return _enter(at, Phase.UNDO if at.uncertain and rules.can_be_undone else Phase.OVER)


def _waiting(rules: Rules, at: At) -> _Moves:
    if at.state == State.APPLIED:
        yield Move(None, _enter(at, Phase.DONE))
    if at.state == State.REFUSED:
        yield Move(None, _after_refusal(rules, at), meaning=Meaning.FAILED)
    following, _, meaning = _given_up(rules, at)
    yield Move(None, following, (Fault.NO_CALLBACK,), meaning)
