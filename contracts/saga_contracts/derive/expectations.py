"""What a step must answer: the one home of this knowledge (pure).

    expect(slice, situation, letter)

gives the declared replies of which one must come, the obligation that another reply breaks, what the status call may tell
afterwards, what the effect probe must read, and the situation that follows.

Decks, contract cases, client cases, lint, coverage, the driver of states, the stub and the judge of whole sagas read it. The
participant's side stands here; how calls come to arrive as they do is `model`.

A *situation* is what is durably true of a step at a participant that keeps its word, and what came before as far as it matters
for naming the obligation at fault.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from saga_contracts.declare.outcomes import Outcome, State
from saga_contracts.declare.saga import Reply, Step, StepClass, Under
from saga_contracts.derive.slices import StepSlice
from saga_contracts.wire.replies import COMPENSATE, FORWARD, IMPLIED_MISUSE, IMPLIED_RETRY, STATUS

Word = tuple["Letter", ...]


class Letter(StrEnum):
    """One event at the participant."""

    FORWARD = "F"
    REFUSED = "R"  # a forward call that the precondition refuses
    COMPENSATE = "C"
    DONE = "D"  # the participant's work is over: done, as its callback or its status call tells
    CALLBACK_REFUSED = "X"  # the same: refused
    MISUSED = "M"  # a forward call with the same key and another payload: never sent by a right orchestrator
    ANOTHER = "N"  # the forward call for the next element of a list, under its own key
    ANOTHER_UNDONE = "U"  # its compensation
    RETRYABLE = "T"  # a forward call that is answered 'try again', since the precondition says so


CALLBACKS = (Letter.DONE, Letter.CALLBACK_REFUSED)
"""Events that the participant itself brings about."""
OF_ANOTHER = (Letter.ANOTHER, Letter.ANOTHER_UNDONE)
"""Events of another element than the one that is looked at."""
REFUSALS = (Letter.REFUSED, Letter.CALLBACK_REFUSED)
"""Events that need the refusing precondition."""


class World(StrEnum):
    """What the effect probe must read."""

    BEFORE = "before"  # as under the `enough` precondition, without an effect
    APPLIED = "applied"  # with exactly one effect
    REFUSING = "refusing"  # as under the `refusing` precondition, without an effect
    IMPROVED = "improved"  # refused first, then the `enough` precondition became true: without an effect


@dataclass(frozen=True, slots=True)
class Situation:
    """Where a step is at a participant that keeps its word.

    Attributes:
        state: What is durably true.
        forwarded: Has a forward call of this key ever come?
        refused: Was the key refused once, whatever came after?
        refusing: Does the precondition refuse?
        improved: Did it refuse first, and has it become true since?
    """

    state: State = State.ABSENT
    forwarded: bool = False
    refused: bool = False
    refusing: bool = False
    improved: bool = False


@dataclass(frozen=True, slots=True)
class Expectation:
    """What must follow one event.

    Attributes:
        replies: Names of the declared replies of which one must come, the usual one first; empty for a callback.
        outcomes: What these replies mean.
        obligation: What is broken when the reply is another.
        told: States of which the status call must tell one afterwards.
        told_obligation: What is broken when it tells another although the effect is as it must be.
        worlds: What the effect probe may read.
        effect_obligation: What is broken when the effect itself is another.
        following: The situation afterwards.
    """

    replies: tuple[str, ...]
    outcomes: tuple[Outcome, ...]
    obligation: str
    told: tuple[State, ...]
    told_obligation: str
    worlds: tuple[World, ...]
    effect_obligation: str
    following: Situation


def expect(slice_: StepSlice, situation: Situation, letter: Letter) -> Expectation:
    """Give what must follow one event.

    Args:
        slice_: The step's slice of the saga.
        situation: Where the step is.
        letter: The event.
    """
    step = slice_.step
    following = after_event(situation, letter, callback=step.tells_later)
    names = answers(slice_, situation, letter)
    means = COMPENSATE if role_of(letter) == "compensate" else FORWARD
    obligation = "O1" if step.only_reads else _reply_obligation(situation, letter)
    return Expectation(
        replies=names,
        outcomes=tuple(dict.fromkeys(means[name] for name in names)),
        obligation=obligation,
        told=told(slice_, following),
        told_obligation="O1" if step.only_reads else obligation if obligation in _REMEMBERED else _TOLD.get(letter, "O14"),
        worlds=worlds(following),
        effect_obligation="O1" if step.only_reads else _effect_obligation(situation, letter),
        following=following,
    )


def role_of(letter: Letter) -> str:
    """Give the role of the call that an event is; a callback has that of the call whose outcome it tells."""
    return "compensate" if letter in (Letter.COMPENSATE, Letter.ANOTHER_UNDONE) else "forward"


def after(state: State, letter: Letter, *, callback: bool) -> State:
    """Give the durable state of a right participant after one more event.

    Args:
        state: The state before.
        letter: The event.
        callback: Does the step tell its outcome later, by a callback or to who polls?
    """
    if letter == Letter.COMPENSATE:
        return State.COMPENSATED
    first = State.IN_PROGRESS if callback else State.APPLIED
    moves = {
        (State.ABSENT, Letter.FORWARD): first,
        (State.ABSENT, Letter.REFUSED): State.REFUSED,
        (State.IN_PROGRESS, Letter.DONE): State.APPLIED,
        (State.IN_PROGRESS, Letter.CALLBACK_REFUSED): State.REFUSED,
    }
    return moves.get((state, letter), state)


def after_event(situation: Situation, letter: Letter, *, callback: bool) -> Situation:
    """Give the situation after one more event."""
    state = after(situation.state, letter, callback=callback)
    return replace(
        situation,
        state=state,
        forwarded=situation.forwarded or letter in (Letter.FORWARD, Letter.REFUSED),
        refused=situation.refused or state == State.REFUSED,
    )


def start_of(word: Iterable[Letter]) -> Situation:
    """Give the situation in which a word begins: under the refusing precondition when it holds a refusal."""
    return Situation(refusing=any(letter in REFUSALS for letter in word))


def under(word: Iterable[Letter], *, refusing: bool = False) -> Under:
    """Give the precondition under which a word begins; `refusing`: also where the word holds no refusal."""
    letters = tuple(word)
    if letters[:1] == (Letter.RETRYABLE,):
        return Under.RETRYABLE
    return Under.REFUSING if refusing or start_of(letters).refusing else Under.ENOUGH


def answers(slice_: StepSlice, situation: Situation, letter: Letter) -> tuple[str, ...]:
    """Give the names of the declared replies of which one must come, the usual one first; none for a callback.

    A name is in the list only where the file declares the reply, or HTTP implies one (`misused`). An empty list for a call means
    that the file declares no reply that a right participant could give: `lint` does not accept such a file.
    """
    if letter in CALLBACKS:
        return ()
    if letter == Letter.ANOTHER_UNDONE:
        wanted = _UNDO[State.APPLIED]
    elif letter == Letter.ANOTHER:
        wanted = _first_call(slice_.step, refusing=False, refused_now=False)
    elif letter == Letter.COMPENSATE:
        wanted = _UNDO[situation.state]
    elif letter == Letter.RETRYABLE:
        wanted = ("retryable",)
    elif letter == Letter.MISUSED:
        wanted = ("misused",) if slice_.step.forward.replies.misused is not None else _NO_EFFECT
    else:
        wanted = _forward(slice_, situation, refused_now=letter == Letter.REFUSED)
    return tuple(name for name in wanted if declared(slice_.step, role_of(letter), name))


def declared(step: Step, role: str, name: str) -> tuple[Reply, ...]:
    """Give the replies that a step declares under a name (`done_again`, `applied`, …), the usual one first; or none."""
    call = getattr(step, role)
    found: tuple[Reply, ...] = call.replies.named(name) if call is not None else ()
    implied = {("forward", "misused"): IMPLIED_MISUSE, ("forward", "retryable"): IMPLIED_RETRY}.get((role, name))
    return (implied,) if not found and implied is not None else found


def can_be_refused(step: Step) -> bool:
    """Can the step be made to refuse, by its domain precondition?"""
    return step.step_class != StepClass.RETRIABLE and step.given.can_refuse


def told(slice_: StepSlice, situation: Situation) -> tuple[State, ...]:
    """Give the states of which the status call must tell one; none when there is no status call."""
    if slice_.step.status is None:
        return ()
    state = situation.state
    if state == State.IN_PROGRESS:
        ended = State.REFUSED if situation.refusing else State.APPLIED
        usual = State.IN_PROGRESS if _tells(slice_.step, State.IN_PROGRESS) else State.ABSENT
        return tuple(dict.fromkeys((usual, *told(slice_, replace(situation, state=ended)))))
    allowed = [state]
    if state == State.COMPENSATED and (situation.refused or situation.refusing):
        allowed.append(State.REFUSED)
    if state in (State.COMPENSATED, State.REFUSED) and not all(_tells(slice_.step, one) for one in allowed):
        allowed.append(State.ABSENT)
    return tuple(one for one in allowed if _tells(slice_.step, one))


def looked_up(situation: Situation) -> tuple[str, ...]:
    """Give the names of the declared replies to a look-up of which one must come, the usual one first.

    What was refused or undone may be found or not; a compensation that finds nothing has nothing to undo. So work that goes on
    must be found, unless it comes to a refusal.
    """
    if situation.state == State.IN_PROGRESS and situation.refusing:
        return ("found", "absent")
    usual = {State.ABSENT: ("absent",), State.IN_PROGRESS: ("found",), State.APPLIED: ("found",)}
    return usual.get(situation.state, ("absent", "found"))


def worlds(situation: Situation) -> tuple[World, ...]:
    """Give what the effect probe may read."""
    without = World.IMPROVED if situation.improved else World.REFUSING if situation.refusing else World.BEFORE
    if situation.state == State.APPLIED:
        return (World.APPLIED,)
    if situation.state == State.IN_PROGRESS and not situation.refusing:
        return (World.APPLIED, without)
    return (without,)


_NO_EFFECT = ("misused", "refused", "suspended")
"""What a misused key may be answered where the file declares no reply of its own for it."""
_UNDO: dict[State, tuple[str, ...]] = {
    State.ABSENT: ("null", "done"),
    State.IN_PROGRESS: ("done", "null", "done_again"),
    State.APPLIED: ("done", "done_again"),
    State.REFUSED: ("done", "null"),
    State.COMPENSATED: ("done_again", "done", "null"),
}
_TOLD = {Letter.ANOTHER_UNDONE: "O24"}
_REMEMBERED = ("O8", "O9", "O11", "O32")
"""Obligations of which a part is that the participant remembers: the status call shows it, the effect does not."""


def _forward(slice_: StepSlice, situation: Situation, *, refused_now: bool) -> tuple[str, ...]:
    step = slice_.step
    if situation.state == State.ABSENT:
        return _first_call(step, refusing=situation.refusing, refused_now=refused_now)
    if situation.state == State.COMPENSATED:
        accepted = ("suspended", "done_again", "done", "in_progress")
        is_accepted = slice_.accepts_suspended
        return accepted if is_accepted else _or_accepted(step, ("suspended", "refused"))
    if situation.state == State.IN_PROGRESS:
        return ("in_progress", "done_again", "done", "refused")
    return _or_accepted(step, ("done_again", "done") if situation.state == State.APPLIED else ("refused",))


def _first_call(step: Step, *, refusing: bool, refused_now: bool) -> tuple[str, ...]:
    """Give the replies to the first forward call of a key; who tells the outcome later may refuse at once all the same."""
    if step.polls:
        return ("in_progress", "refused") if refusing else ("in_progress", "done")
    if step.tells_later:
        return ("in_progress", "refused") if refusing else ("in_progress",)
    return ("refused",) if refused_now else ("done",)


def _or_accepted(step: Step, names: tuple[str, ...]) -> tuple[str, ...]:
    """A step that tells its outcome later and declares none of these replies accepts the call, and tells the outcome later."""
    known = tuple(name for name in names if declared(step, "forward", name))
    return known or (("in_progress",) if step.tells_later else names)


def _tells(step: Step, state: State) -> bool:
    return bool(declared(step, "status", next(name for name, means in STATUS.items() if means == state)))


def _reply_obligation(situation: Situation, letter: Letter) -> str:
    if letter in CALLBACKS:
        return "O18"
    if letter == Letter.MISUSED:
        return "O4"
    if letter in OF_ANOTHER:
        return "O1" if letter == Letter.ANOTHER else "O13"
    if letter == Letter.COMPENSATE:
        return {State.ABSENT: "O8", State.COMPENSATED: "O7"}.get(situation.state, "O13")
    if situation.state == State.COMPENSATED:
        return "O11" if situation.forwarded else "O9"
    return {State.ABSENT: "O1", State.REFUSED: "O32"}.get(situation.state, "O3")


def _comes_to_a_refusal(situation: Situation, letter: Letter) -> bool:
    """Is this accepted work that ends with a refusal, so that no effect may be seen, be it before its end or after?"""
    at_work = situation.state in (State.ABSENT, State.IN_PROGRESS)
    return letter == Letter.FORWARD and at_work and situation.refusing and not situation.improved


def _effect_obligation(situation: Situation, letter: Letter) -> str:
    if letter in (Letter.MISUSED, Letter.ANOTHER_UNDONE):
        return "O4" if letter == Letter.MISUSED else "O24"
    if letter == Letter.COMPENSATE:
        undone = {State.ABSENT: "O8", State.COMPENSATED: "O7", State.REFUSED: "O2", State.IN_PROGRESS: "O12"}
        return undone.get(situation.state, "O6")
    if letter in (*REFUSALS, Letter.RETRYABLE) or _comes_to_a_refusal(situation, letter):
        return "O2"
    if situation.state == State.COMPENSATED:
        return "O11" if situation.forwarded else "O9"
    return "O32" if situation.state == State.REFUSED else "O3"
