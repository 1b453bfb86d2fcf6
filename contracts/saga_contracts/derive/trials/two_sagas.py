"""Trials of two sagas, and a third, that come to one participant for the same resource, one call after another (pure).

With a semantic lock the second saga gets the declared conflict until the first one is undone, or ends; without one both have
their effect, and undoing one spares the other. What two sagas have in common is said by `resources`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from saga_contracts.declare.obligations import order_of
from saga_contracts.declare.outcomes import State
from saga_contracts.derive import decks, expectations, resources
from saga_contracts.derive.decks import Deck
from saga_contracts.derive.expectations import REFUSALS, Expectation, Letter, Situation, Word
from saga_contracts.derive.slices import StepSlice
from saga_contracts.derive.trials.kinds import Kind, Trial

END = "E"
"""How the end of the first saga stands in a name: the forward call of the step that frees what it holds."""
_F, _C = Letter.FORWARD, Letter.COMPENSATE


@dataclass(frozen=True, slots=True)
class Turn:
    """One event of one of the sagas, and what must follow it.

    Attributes:
        saga: Whose it is, from 0.
        letter: The event; None: the end of the saga.
        expects: What must follow for this saga; None at the end.
        blamed: The obligation that is broken when it does not.
        conflict: Is it the call that meets what another saga holds?
        told: What the status call may tell of this saga.
    """

    saga: int
    letter: Letter | None
    expects: Expectation | None
    blamed: str
    conflict: bool = False
    told: tuple[State, ...] = ()


@dataclass(frozen=True, slots=True)
class Meeting(Trial):
    """A trial of two sagas.

    Attributes:
        turns: Its events, in order.
        common: Fields of the payload that the sagas have in common.
        again: Is the precondition set up once more for each saga, right before its first call?
        begins_refusing: Does the first saga begin under the precondition that refuses?
    """

    turns: tuple[Turn, ...] = ()
    common: frozenset[str] = frozenset()
    again: bool = False
    begins_refusing: bool = False

    @property
    def sagas(self) -> int:
        """How many sagas meet."""
        return 1 + max(turn.saga for turn in self.turns)

    @property
    def needs_another_step(self) -> bool:
        """Is another step of the saga called, which stands for its end?"""
        return any(turn.letter is None for turn in self.turns)

    @property
    def alone(self) -> tuple[str, ...]:
        """What each of them does, as the words of their histories."""
        words = [[turn.letter for turn in self.turns if turn.saga == number and turn.letter] for number in range(self.sagas)]
        return tuple(dict.fromkeys(" ".join(word) for word in words if word))


@dataclass(frozen=True, slots=True)
class _Act:
    """What one saga does: its letters, the obligation at fault when they do not go well, and whether it meets a lock."""

    saga: int
    letters: Sequence[Letter | None]
    blamed: str
    conflict: bool = False


def trials(slice_: StepSlice, deck: Deck) -> Iterator[Trial]:
    """Give the trials of two sagas at a step."""
    del deck
    if slice_.step.only_reads:
        return
    if resources.why_no_lock(slice_) is None:
        yield from _locked(slice_)
    elif slice_.step.semantic_lock is None and resources.why_never_harmed(slice_) is None:
        yield from _free(slice_)


def _locked(slice_: StepSlice) -> Iterator[Trial]:
    step, common = slice_.step, resources.had_in_common(slice_)
    first, second, met = _done(slice_, 0), _done(slice_, 1, "O23"), _conflict(slice_, 1)
    undo, undo_met, null = _undone(slice_, 0), _undone(slice_, 1, "O13"), _undone(slice_, 1) is not None and _null(slice_)
    yield _meeting(slice_, [first, met], common, {"O22"})
    if step.semantic_lock is not None and step.semantic_lock.released_by is not None:
        yield _meeting(slice_, [first, _Act(0, [None], "O1"), second], common, {"O23"})
    if undo is not None:
        yield _meeting(slice_, [first, undo, second], common, {"O23"})
    if undo is not None and null:
        yield _meeting(slice_, [undo, _done(slice_, 1, "O24")], common, {"O24"})
        yield _meeting(slice_, [first, undo, second, undo, _conflict(slice_, 2, "O24")], common, {"O24"})
        assert undo_met is not None  # noqa: S101  (both are undone, or none)
        yield _meeting(slice_, [first, met, undo_met, _conflict(slice_, 2, "O24")], common, {"O24"})
    if undo is not None and step.semantic_lock is not None and step.semantic_lock.conflict == "refused":
        yield _meeting(slice_, [first, met, undo, _done(slice_, 2, "O2")], common, {"O2", "O23"})
    elif undo is not None:
        yield _meeting(slice_, [first, met, undo, second], common, {"O23"})
    if expectations.can_be_refused(step) and step.given.enough and not step.given.refusing_payload:
        refused = [_F, Letter.CALLBACK_REFUSED] if step.tells_later else [Letter.REFUSED]
        yield _meeting(slice_, [_Act(0, refused, "O2"), _done(slice_, 1, "O2")], common, {"O2"}, again=True)


def _free(slice_: StepSlice) -> Iterator[Trial]:
    """Two sagas that keep apart, and, where something can be had in common, two that do not."""
    common = resources.had_in_common(slice_)
    yield from _spared(slice_, frozenset(), "")
    if common and resources.are_told_apart(slice_, common):
        yield from _spared(slice_, common, f" (one {', '.join(sorted(common))})")


def _spared(slice_: StepSlice, common: frozenset[str], where: str) -> Iterator[Trial]:
    first, second = _done(slice_, 0), _done(slice_, 1, "O22")
    undo, undo_second = _undone(slice_, 0), _undone(slice_, 1)
    assert undo is not None  # noqa: S101  (the caller looked)
    assert undo_second is not None  # noqa: S101
    again = resources.is_prepared_again(slice_, common)
    rest = [] if again else [undo_second]
    yield _meeting(slice_, [first, second, undo, *rest], common, {"O24"}, where, again=again)
    yield _meeting(slice_, [first, undo, second, *([undo] if _null(slice_) else [])], common, {"O24"}, where, again=again)
    if _null(slice_):
        yield _meeting(slice_, [undo, _done(slice_, 1, "O24")], common, {"O24"}, where, again=again)


def _null(slice_: StepSlice) -> bool:
    """May a compensation come that needs no reply to its own forward call?"""
    return not slice_.step.own_outputs("compensate")


def _done(slice_: StepSlice, saga: int, blamed: str = "O3") -> _Act:
    return _Act(saga, [_F, Letter.DONE] if slice_.step.tells_later else [_F], blamed)


def _undone(slice_: StepSlice, saga: int, blamed: str = "O24") -> _Act | None:
    return None if slice_.step.compensate is None else _Act(saga, [_C], blamed)


def _conflict(slice_: StepSlice, saga: int, blamed: str = "O22") -> _Act:
    step = slice_.step
    assert step.semantic_lock is not None  # noqa: S101  (only asked where there is one)
    if step.semantic_lock.conflict == "retryable":
        return _Act(saga, [Letter.RETRYABLE], blamed, conflict=True)
    later = step.tells_later and expectations.declared(step, "forward", "refused") == ()
    return _Act(saga, [_F, Letter.CALLBACK_REFUSED] if later else [Letter.REFUSED], blamed, conflict=True)


def _meeting(
    slice_: StepSlice, acts: Sequence[_Act], common: frozenset[str], checks: set[str], where: str = "", *, again: bool = False
) -> Meeting:
    turns = tuple(_turns(slice_, acts))
    first: Word = tuple(turn.letter for turn in turns if turn.saga == 0 and turn.letter is not None)
    named = " ".join(f"{turn.letter or END}{turn.saga + 1 if turn.saga else ''}" for turn in turns)
    refusing = not turns[0].conflict and expectations.start_of(first).refusing
    return Meeting(
        Kind.TWO_SAGAS, f"{named}{where} (two sagas)", decks.history_of(slice_, first), None,
        tuple(sorted(checks, key=order_of)), turns, common, again, refusing,
    )  # fmt: skip


def _turns(slice_: StepSlice, acts: Sequence[_Act]) -> Iterator[Turn]:
    situations: dict[int, Situation] = {}
    met: set[int] = set()
    for act in acts:
        for letter in act.letters:
            if letter is None:
                yield Turn(act.saga, None, None, act.blamed)
                continue
            refusing = any(one in REFUSALS for one in act.letters)
            before = situations.get(act.saga, Situation(refusing=refusing))
            expects = expectations.expect(slice_, before, letter)
            situations[act.saga] = expects.following
            met |= {act.saga} if act.conflict else set()
            told = _told(slice_, expects, conflict=act.saga in met)
            blamed = expects.obligation if letter == _C and act.blamed == "O13" else act.blamed
            yield Turn(act.saga, letter, expects, blamed, act.conflict, told)


def _told(slice_: StepSlice, expects: Expectation, *, conflict: bool) -> tuple[State, ...]:
    """Give what may be told of a saga; of one that met a conflict nothing need be known."""
    told = expects.told
    if not conflict or slice_.step.status is None or expects.following.state in (State.APPLIED, State.IN_PROGRESS):
        return told
    return tuple(dict.fromkeys((*told, State.ABSENT, *((State.REFUSED,) if expects.following.refused else ()))))
