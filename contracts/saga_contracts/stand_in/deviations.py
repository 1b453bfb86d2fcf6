"""The catalogue of deviations that can be planted in a right participant (pure).

Each names what it does, at which steps it can be planted, the obligation at fault, and by what evidence it is seen: so whoever
plants it knows what a deck has to find. How they do it stands in `deviating`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from saga_contracts.declare import elements
from saga_contracts.declare.kinds import written
from saga_contracts.declare.outcomes import State
from saga_contracts.declare.outputs import Teller, read, told_by
from saga_contracts.declare.saga import Under
from saga_contracts.derive import expectations, resources
from saga_contracts.derive.adoption import OF_READING, Evidence, Level, looks_at
from saga_contracts.derive.expectations import Letter, Situation
from saga_contracts.derive.slices import StepSlice
from saga_contracts.stand_in import deviating, world
from saga_contracts.stand_in.right import Right
from saga_contracts.stand_in.world import Standing
from saga_contracts.wire import fresh, replies

R, S, E = Evidence.REPLY, Evidence.STATUS, Evidence.EFFECT
Seen = Callable[[StepSlice], Iterator[Evidence]]


@dataclass(frozen=True, slots=True)
class Deviation:
    """One thing that a participant can do wrong.

    Attributes:
        kind: Its name on the command line.
        does: What the participant does, a few words.
        obligation: The obligation at fault.
        rules: How it does it.
        possible: Can it be planted at a step?
        evidence: Gives the evidence by any of which it is seen, whatever the level looks at.
        follow: Obligations that are broken as well where it is seen to the end.
    """

    kind: str
    does: str
    obligation: str
    rules: type[Right]
    possible: Callable[[StepSlice], bool]
    evidence: Seen
    follow: tuple[str, ...] = ()

    def seen(self, slice_: StepSlice) -> bool:
        """Is it seen by what the file declares and its level looks at?"""
        return bool(set(self.evidence(slice_)) & at_hand(slice_))


def at_hand(slice_: StepSlice) -> frozenset[Evidence]:
    """Give the evidence that a step offers and its level looks at."""
    step = slice_.step
    offered = (
        {R}
        | ({S} if step.status is not None else set())
        | ({E} if step.probe is not None and step.probe.request is not None else set())
    )
    return looks_at(slice_.level) & offered


def by_kind(kind: str) -> Deviation | None:
    """Give a deviation by its name, or None when there is none of this name."""
    return next((one for one in CATALOGUE if one.kind == kind), None)


def possible_at(slice_: StepSlice) -> tuple[Deviation, ...]:
    """Give the deviations that can be planted at a step."""
    return tuple(one for one in CATALOGUE if one.possible(slice_))


def _always(_: StepSlice) -> bool:
    return True


def _undoable(slice_: StepSlice) -> bool:
    return slice_.step.compensate is not None


def _refusable(slice_: StepSlice) -> bool:
    return expectations.can_be_refused(slice_.step)


def _improvable(slice_: StepSlice) -> bool:
    given = slice_.step.given
    return _refusable(slice_) and bool(given.enough) and not given.refusing_payload


def _retryable(slice_: StepSlice) -> bool:
    return slice_.step.given.retryable is not None and not slice_.step.only_reads


def _misusable(slice_: StepSlice) -> bool:
    return fresh.can_be_misused(slice_.payload, slice_.step)


def _asked(slice_: StepSlice) -> bool:
    return slice_.step.status is not None


def _undoable_and_asked(slice_: StepSlice) -> bool:
    return _undoable(slice_) and _asked(slice_)


def _calls_back(slice_: StepSlice) -> bool:
    return slice_.step.callback is not None


def _found(slice_: StepSlice) -> bool:
    return slice_.step.lookup is not None and not slice_.step.tells_later


def _undone_unseen(slice_: StepSlice) -> bool:
    """May a compensation come that needs no reply of the step's own?"""
    return _undoable(slice_) and not slice_.step.own_outputs("compensate")


def _refused_and_undone_unseen(slice_: StepSlice) -> bool:
    return _undone_unseen(slice_) and _refusable(slice_)


def _asked_unseen(slice_: StepSlice) -> bool:
    return _asked(slice_) and not slice_.step.own_outputs("status")


def _gives_outputs_anew(slice_: StepSlice) -> bool:
    return _has_outputs(slice_) and not slice_.step.needs_its_own


def _polls(slice_: StepSlice) -> bool:
    return slice_.step.polls


def _undoable_at_work(slice_: StepSlice) -> bool:
    return slice_.step.tells_later and _undone_unseen(slice_)


def _undoable_and_calls_back(slice_: StepSlice) -> bool:
    return _calls_back(slice_) and _undone_unseen(slice_)


def _asked_apart(slice_: StepSlice) -> bool:
    """Is there a status call whose answer nothing else needs?"""
    return _asked(slice_) and not slice_.step.polls and not slice_.step.needs_its_own


def _undoable_and_asked_apart(slice_: StepSlice) -> bool:
    return _undoable(slice_) and _asked_apart(slice_)


def _locks(slice_: StepSlice) -> bool:
    """Is a semantic lock played, which needs two sagas?"""
    return slice_.level >= Level.STATUS and resources.why_no_lock(slice_) is None


def _frees_when_undone(slice_: StepSlice) -> bool:
    return _locks(slice_) and _undoable(slice_)


def _frees_unseen(slice_: StepSlice) -> bool:
    return _locks(slice_) and _undone_unseen(slice_)


def _locks_and_refuses(slice_: StepSlice) -> bool:
    lock = slice_.step.semantic_lock
    return _frees_when_undone(slice_) and lock is not None and lock.conflict == "refused"


def _spares_others(slice_: StepSlice) -> bool:
    """Are two sagas played of which one is undone while the other has its effect, or is undone once more?"""
    played = slice_.step.semantic_lock is None or _frees_unseen(slice_)
    return slice_.level >= Level.STATUS and played and resources.why_never_harmed(slice_) is None


def _tells_both(slice_: StepSlice) -> bool:
    return slice_.step.callback is not None and slice_.step.callback.outcomes.refused is not None


def _correlated(slice_: StepSlice) -> bool:
    return bool(slice_.correlation.echoed or slice_.correlation.echoed_in_body)


def _correlated_twice(slice_: StepSlice) -> bool:
    return len(slice_.correlation.echoed) > 1


def _correlated_callback(slice_: StepSlice) -> bool:
    return _calls_back(slice_) and _correlated(slice_)


def _has_outputs(slice_: StepSlice) -> bool:
    """Is there an output in the reply to a repeated call that can be another value?"""
    names = expectations.answers(slice_, Situation(State.APPLIED, forwarded=True), Letter.FORWARD)
    declared = expectations.declared(slice_.step, "forward", names[0])
    if not declared:
        return False
    example = replies.example_of(declared[0], _context(slice_))
    told = Teller.DONE if names[0] != "in_progress" else Teller.ACCEPTED
    found = [read(place, example.body, example.headers) for place in told_by(slice_.step, told).values()]
    return any(isinstance(one, str | int) and not isinstance(one, bool) for one in found)


def _by(*kinds: Evidence) -> Seen:
    return lambda _: iter(kinds)


def _by_refused_effect(slice_: StepSlice) -> Iterator[Evidence]:
    """An effect of a refusal is seen where the probe reads another thing with it."""
    if slice_.step.probe is not None and _reads_another(slice_, refusing=True, effect=1):
        yield E


def _by_late_refused_effect(slice_: StepSlice) -> Iterator[Evidence]:
    situation = Situation(State.REFUSED, forwarded=True, refused=True, refusing=True)
    if _calls_back(slice_) or _is_answered_otherwise(slice_, situation):
        yield R
    if not set(_told_first(slice_)) & set(expectations.told(slice_, situation)):
        yield S
    yield E


def _by_forgotten_null(slice_: StepSlice) -> Iterator[Evidence]:
    if State.ABSENT not in expectations.told(slice_, Situation(State.COMPENSATED)):
        yield S
    yield from _by_suspended(slice_)


def _by_suspended(slice_: StepSlice) -> Iterator[Evidence]:
    """A first forward call that applies after its compensation is seen by its callback, too."""
    if _calls_back(slice_):
        yield R
    yield from _by_repeated_after_undoing(slice_)


def _by_repeated_after_undoing(slice_: StepSlice) -> Iterator[Evidence]:
    """It is seen by its reply, unless that one is right as well; its callback may be a late one of the first call."""
    if _is_answered_otherwise(slice_, Situation(State.COMPENSATED)):
        yield R
    yield from (S, E)


def _is_answered_otherwise(slice_: StepSlice, situation: Situation) -> bool:
    """Is it seen in the reply when a call that must have no effect is taken for a first one?"""
    first, right = (set(expectations.answers(slice_, one, Letter.FORWARD)) for one in (Situation(), situation))
    return first.isdisjoint(right)


def _told_first(slice_: StepSlice) -> tuple[State, ...]:
    """Give what the status call tells once a call is taken for a first one."""
    return expectations.told(slice_, Situation(State.IN_PROGRESS if slice_.step.tells_later else State.APPLIED))[:1]


def _reads_another(slice_: StepSlice, *, refusing: bool, effect: float) -> bool:
    context = _context(slice_)
    standing = Standing(Under.REFUSING if refusing else Under.ENOUGH)
    return world.reads(slice_, standing, effect, context) != world.reads(slice_, standing, 0, context)


def _context(slice_: StepSlice) -> dict[str, Any]:
    named = {"key": "a:b", "saga_id": "a", "step": written(slice_.step.step)}
    return {**elements.with_element(slice_.step, slice_.payload.example), "outputs": slice_.example_outputs, **named}


def _at(obligation: str, possible: Callable[[StepSlice], bool]) -> Callable[[StepSlice], bool]:
    """A step that only reads can break nothing but what is asked of its replies."""
    return lambda slice_: possible(slice_) and (obligation in OF_READING or not slice_.step.only_reads)


_ROWS: tuple[tuple[str, str, str, Callable[[StepSlice], bool], Seen, tuple[str, ...]], ...] = (
    ("applies-twice", "O3", "makes the effect twice at the first call",
     _always, _by(E), ()),
    ("applies-again", "O3", "makes the effect once more when the call is repeated",
     _always, _by(E), ()),
    ("refuses-retry", "O3", "refuses the repetition of what it has done",
     _always, _by(R), ()),
    ("new-outputs", "O33", "gives new outputs when the call is repeated",
     _gives_outputs_anew, _by(R), ()),
    ("ignores-payload", "O4", "takes another payload under the same key for the same call",
     _misusable, _by(R), ()),
    ("applies-misused", "O4", "refuses another payload, and makes its effect",
     _misusable, _by(E), ()),
    ("applies-refused", "O2", "refuses, and makes the effect",
     _refusable, _by_refused_effect, ()),
    ("applies-refused-later", "O32", "makes the effect of a refused key once there is enough",
     _improvable, _by_late_refused_effect, ()),
    ("applies-retryable", "O2", "answers 'try again', and makes the effect",
     _retryable, _by(E), ()),
    ("retries-for-ever", "O3", "answers 'try again' for ever once it has answered so",
     _retryable, _by(R), ()),
    ("refuses-retryable", "O1", "refuses where it should answer 'try again'",
     _retryable, _by(R), ()),
    ("skips-undoing", "O6", "answers the compensation, and undoes nothing",
     _undoable, _by(E), ("O12",)),
    ("undoes-half", "O6", "undoes a part of the effect",
     _undoable, _by(E), ("O12",)),
    ("undoes-twice", "O7", "undoes once more when the compensation is repeated",
     _undoable, _by(E), ()),
    ("fails-to-undo-again", "O7", "refuses the repetition of a compensation",
     _undoable, _by(R), ()),
    ("fails-on-null", "O8", "answers `not found` to a compensation without a forward call",
     _undone_unseen, _by(R), ()),
    ("forgets-null", "O8", "remembers nothing of a compensation without a forward call",
     _undone_unseen, _by_forgotten_null, ("O9",)),
    ("undoes-null", "O8", "undoes what was never done",
     _undone_unseen, _by(E), ()),
    ("applies-after-undoing", "O9", "makes the effect of a forward call that comes after its compensation",
     _undone_unseen, _by_suspended, ()),
    ("applies-again-after-undoing", "O11", "makes the effect of a forward call that is repeated after its compensation",
     _undoable, _by_repeated_after_undoing, ()),
    ("refuses-undoing", "O13", "refuses the compensation",
     _undoable, _by(R), ()),
    ("refuses-undoing-refused", "O13", "refuses the compensation of what it has refused",
     _refused_and_undone_unseen, _by(R), ()),
    ("status-lies", "O14", "tells that it is applied what was compensated",
     _undoable_and_asked, _by(S), ()),
    ("status-fails", "O14", "answers an error to the status call of an unknown key",
     _asked_unseen, _by(S), ()),
    ("status-writes", "O15", "forgets what it has done when it is asked",
     _asked_apart, _by(S), ("O3",)),
    ("status-tombstone", "O15", "takes an unknown key for compensated when it is asked",
     _undoable_and_asked_apart, _by(S), ("O1", "O3", "O14", "O18", "O32")),
    ("drops-correlation", "O31", "echoes no correlation header",
     _correlated, _by(R), ()),
    ("drops-step-header", "O31", "echoes one correlation header only",
     _correlated_twice, _by(R), ()),
    ("undeclared-success", "O1", "answers a success that the file does not know",
     _always, _by(R), ()),
    ("late", "O21", "answers after the time-out",
     _always, _by(R), ()),
    ("dribbles", "O21", "answers byte by byte, beyond the time-out",
     _always, _by(R), ()),
    ("never-calls-back", "O18", "sends no callback",
     _calls_back, _by(R), ()),
    ("finds-nothing", "O33", "finds nothing of what it has done when it is looked up",
     _found, _by(R), ()),
    ("never-ends", "O18", "accepts the call, and never ends its work",
     _polls, _by(R), ()),
    ("tells-other-outcome", "O18", "tells the other outcome by its callback",
     _tells_both, _by(R), ("O32",)),
    ("calls-back-otherwise", "O18", "calls back by another method",
     _calls_back, _by(R), ()),
    ("calls-back-uncorrelated", "O31", "calls back without correlation headers",
     _correlated_callback, _by(R), ()),
    ("works-on", "O12", "finishes its work 0.8 s after it was compensated",
     _undoable_at_work, _by(E), ()),
    ("tells-done-after-undoing", "O9", "tells `done` of a forward call that came after its compensation",
     _undoable_and_calls_back, _by(R), ()),
    ("keeps-nothing", "O22", "gives a second saga what the first one keeps",
     _locks, _by(R), ()),
    ("never-frees", "O23", "keeps what was asked for after it was undone",
     _frees_when_undone, _by(R), ()),
    ("keeps-for-refused", "O2", "keeps for a saga what it has refused it",
     _locks_and_refuses, _by(R), ()),
    ("frees-others", "O24", "frees what another saga keeps when it undoes",
     _frees_unseen, _by(R), ()),
    ("undoes-others", "O24", "undoes the other sagas on the same resource, too",
     _spares_others, _by(S, E), ()),
)  # fmt: skip

CATALOGUE = tuple(
    Deviation(kind, does, obligation, deviating.HOW[kind], _at(obligation, possible), evidence, follow)
    for kind, obligation, does, possible, evidence, follow in _ROWS
)
