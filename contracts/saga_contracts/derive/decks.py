"""Decks: for one step, every arrival history that at most k faults can cause, with what the participant must do (pure).

The words come from `model`. A few more are always in the deck, however small k is: they are what the obligations themselves
speak of (a compensation that was never preceded by its forward call, a forward call after its compensation, …). Each history
says what every reply may be, what the status call must answer after every prefix, and what the effect probe must read at the end.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from saga_contracts.declare.obligations import order_of
from saga_contracts.declare.saga import KeyStyle
from saga_contracts.derive import model
from saga_contracts.derive.model import DERIVATION, Letter, Rules, State, Word
from saga_contracts.derive.slices import StepSlice

MAX_FAULTS = 4


class World(StrEnum):
    """What the effect probe must read."""

    BEFORE = "before"  # as under the `enough` precondition, without an effect
    APPLIED = "applied"  # with exactly one effect
    REFUSING = "refusing"  # as under the `refusing` precondition, without an effect
    IMPROVED = "improved"  # refused first, then the `enough` precondition became true: without an effect


@dataclass(frozen=True, slots=True)
class Play:
    """One event of a history and what must follow it.

    Attributes:
        letter: The event.
        replies: Outcomes of which the reply must be one; empty for the participant's own callback.
        obligation: What is broken when the reply is another.
        status: States of which the status call must answer one afterwards.
        status_obligation: What is broken when it answers another.
    """

    letter: Letter
    replies: tuple[str, ...]
    obligation: str
    status: tuple[State, ...]
    status_obligation: str


@dataclass(frozen=True, slots=True)
class History:
    """One arrival sequence.

    Attributes:
        word: Its events, such as `F C F`.
        improved: Does the refusing precondition become true after the refusal?
        faults: The least number of faults that causes it; None when it is in the deck for its obligation only.
        plays: Each event with what must follow it.
        world: What the probe must read at the end.
        world_obligation: What is broken when it reads otherwise.
        obligations: All that this history checks, in the catalogue's order.
    """

    word: str
    improved: bool
    faults: int | None
    plays: tuple[Play, ...]
    world: World
    world_obligation: str
    obligations: tuple[str, ...]

    @property
    def name(self) -> str:
        """The word, and whether the precondition improves."""
        return f"{self.word} (improved)" if self.improved else self.word

    @property
    def refusing(self) -> bool:
        """Does the history start under the refusing precondition?"""
        return any(play.letter in (Letter.REFUSED, Letter.CALLBACK_REFUSED) for play in self.plays)


@dataclass(frozen=True, slots=True)
class Deck:
    """All histories of one step for k faults."""

    saga: str
    step: str
    participant: str
    faults: int
    slice_sha: str
    histories: tuple[History, ...]
    derivation: int = DERIVATION

    def claim(self, last_confirmed: str | None = None) -> str:
        """Say honestly what was checked and what was not.

        Args:
            last_confirmed: The date when an end-to-end run last saw only histories of the deck (I13); None for never.
        """
        return (
            f"Checked: one saga instance, the step {self.step}, calls one after another, each atomic, one version, "
            f"unchanged surroundings: every arrival history of at most {self.faults} fault{'s' if self.faults != 1 else ''} "
            f"under this file's policies (derivation v{self.derivation}), {len(self.histories)} histories. "
            "Sampled, not enumerated: nothing yet (overlap, crash and lost acknowledgement are not played). "
            "Not checked: other sagas on the same data, time, version change in mid-saga, side channels between participants. "
            f"Speaks for the whole saga only while the orchestrator stays inside the model (I13: last confirmed "
            f"{last_confirmed or 'never'})."
        )


def derive(slice_: StepSlice, faults: int = 1) -> Deck:
    """Derive the deck of a step.

    Args:
        slice_: The step's slice of the saga.
        faults: The most faults in one history, 0 to 4.

    Raises:
        ValueError: when `faults` is out of range.
    """
    if not 0 <= faults <= MAX_FAULTS:
        raise ValueError(f"The number of faults must be 0 to {MAX_FAULTS}, not {faults}.")
    rules = Rules.of(slice_)
    cost: dict[Word, int | None] = {}
    for budget in range(faults + 1):
        for word in model.words(rules, budget):
            cost.setdefault(word, budget)
    for word in _always(slice_, rules):
        cost.setdefault(word, None)
    histories = [_history(slice_, rules, word, cost[word], improved=improved) for word in cost for improved in _variants(word)]
    histories.sort(key=lambda history: (len(history.plays), history.word, history.improved))
    step = slice_.step
    return Deck(slice_.saga, step.step, step.participant, faults, slice_.sha, tuple(histories))


def history_of(slice_: StepSlice, word: Word) -> History:
    """Give one history of a step for a word, whatever brings it about: what every reply, status and the probe must be."""
    return _history(slice_, Rules.of(slice_), word, None, improved=False)


def _variants(word: Word) -> tuple[bool, ...]:
    """Histories in which a forward call comes after a refusal are also played with the precondition improved in between."""
    refusals = [index for index, letter in enumerate(word) if letter in (Letter.REFUSED, Letter.CALLBACK_REFUSED)]
    later_forward = refusals and Letter.FORWARD in word[refusals[0] + 1 :]
    return (False, True) if later_forward else (False,)


def _always(slice_: StepSlice, rules: Rules) -> Iterator[Word]:
    """Give the words that the obligations themselves speak of."""
    f, c, m = Letter.FORWARD, Letter.COMPENSATE, Letter.MISUSED
    done: Word = (f, Letter.DONE) if rules.callback else (f,)
    refused: Word = (f, Letter.CALLBACK_REFUSED) if rules.callback else (Letter.REFUSED,)
    yield from (done, (*done, f))
    if slice_.step.key != KeyStyle.NONE:
        yield (*done, m)
    if rules.can_refuse:
        yield from (refused, (*refused, f))
    if rules.can_be_undone:
        yield from ((c,), (c, f), (*done, c), (*done, c, f), (*done, c, c))
        if rules.callback:
            yield (f, c)
        if rules.can_refuse:
            yield (*refused, c)


def _history(slice_: StepSlice, rules: Rules, word: Word, faults: int | None, *, improved: bool) -> History:
    plays: list[Play] = []
    state = State.ABSENT
    seen: list[Letter] = []
    refusing = Letter.CALLBACK_REFUSED in word
    for letter in word:
        following = state if letter == Letter.MISUSED else model.after(state, letter, callback=rules.callback)
        obligation = _reply_obligation(state, letter, seen)
        allowed = _status(slice_, state, following, refusing=refusing)
        status_obligation = obligation if obligation in _SEEN_IN_STATUS else "O14"
        plays.append(Play(letter, _replies(slice_, state, letter, refusing=refusing), obligation, allowed, status_obligation))
        seen.append(letter)
        state = following
    world = _world(word, state, improved=improved)
    text = " ".join(word)
    obligation = _world_obligation(word)
    checked = (
        {play.obligation for play in plays}
        | {play.status_obligation for play in plays if play.status}
        | {obligation}
        | _more(slice_, word, rules)
    )
    return History(text, improved, faults, tuple(plays), world, obligation, tuple(sorted(checked, key=order_of)))


_SEEN_IN_STATUS = ("O8", "O9", "O11", "O32")
"""Obligations that a wrong state after the call breaks, whatever the reply was."""


def _replies(slice_: StepSlice, state: State, letter: Letter, *, refusing: bool) -> tuple[str, ...]:
    """Give the outcomes of which the reply must be one; a callback step may refuse at once instead of by its callback."""
    accepts = ("in_progress", "refused") if refusing else ("in_progress",)
    fixed: dict[Letter, tuple[str, ...]] = {
        Letter.DONE: (),
        Letter.CALLBACK_REFUSED: (),
        Letter.COMPENSATE: ("done",),
        Letter.MISUSED: ("misused",) if slice_.step.forward.replies.misused is not None else ("misused", "refused"),
        Letter.REFUSED: ("refused",),
    }
    if letter in fixed:
        return fixed[letter]
    accepted = slice_.policies.suspended_forward == "accepted"
    by_state: dict[State, tuple[str, ...]] = {
        State.ABSENT: accepts if slice_.step.callback is not None else ("done",),
        State.IN_PROGRESS: ("in_progress", "done", "refused"),  # it may have finished in the meantime
        State.APPLIED: ("done",),
        State.REFUSED: ("refused",),
        State.COMPENSATED: ("done", "in_progress") if accepted else ("suspended", "refused"),
    }
    return by_state[state]


def _reply_obligation(state: State, letter: Letter, seen: list[Letter]) -> str:
    if letter in (Letter.DONE, Letter.CALLBACK_REFUSED):
        return "O18"
    if letter == Letter.MISUSED:
        return "O4"
    if letter == Letter.COMPENSATE:
        return {State.ABSENT: "O8", State.COMPENSATED: "O7"}.get(state, "O13")
    if state == State.COMPENSATED:
        return "O11" if Letter.FORWARD in seen or Letter.REFUSED in seen else "O9"
    return {State.ABSENT: "O1", State.REFUSED: "O32"}.get(state, "O3")


def _status(slice_: StepSlice, before: State, state: State, *, refusing: bool) -> tuple[State, ...]:
    if slice_.step.status is None:
        return ()
    replies = slice_.step.status.replies
    if state == State.IN_PROGRESS:
        return (State.IN_PROGRESS, State.REFUSED if refusing else State.APPLIED)
    allowed = [state]
    if state == State.COMPENSATED and (before == State.REFUSED or refusing):
        allowed.append(State.REFUSED)
    if state in (State.COMPENSATED, State.REFUSED) and getattr(replies, state.value) is None:
        allowed.append(State.ABSENT)
    return tuple(allowed)


def _world(word: Word, state: State, *, improved: bool) -> World:
    if improved:
        return World.IMPROVED
    if Letter.REFUSED in word or Letter.CALLBACK_REFUSED in word:
        return World.REFUSING
    return World.APPLIED if state in (State.APPLIED, State.IN_PROGRESS) else World.BEFORE


def _world_obligation(word: Word) -> str:
    forwards = [index for index, letter in enumerate(word) if letter == Letter.FORWARD]
    undone = [index for index, letter in enumerate(word) if letter == Letter.COMPENSATE]
    refused = [index for index, letter in enumerate(word) if letter in (Letter.REFUSED, Letter.CALLBACK_REFUSED)]
    if refused:
        return "O32" if Letter.FORWARD in word[refused[0] + 1 :] else "O2"
    if not undone:
        return "O4" if Letter.MISUSED in word else "O3"
    if not forwards:
        return "O8" if len(undone) == 1 else "O7"
    if forwards[0] > undone[0]:
        return "O9"
    if forwards[-1] > undone[0]:
        return "O11"
    return "O7" if len(undone) > 1 else "O6"


def _more(slice_: StepSlice, word: Word, rules: Rules) -> set[str]:
    more = {"O31"}
    if slice_.step.status is not None:
        more |= {"O14", "O15"}
    if rules.can_be_undone and Letter.COMPENSATE in word:
        more |= {"O12", "O13"}
    if len(word) == 1 and word[0] == Letter.FORWARD:
        more.add("O1")
    return more
