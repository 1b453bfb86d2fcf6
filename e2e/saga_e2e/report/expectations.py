"""What each call of a history should have been answered, read off the saga file (pure).

The deck is derived anew from the saga and walked along the calls of the evidence. Where saga, word and calls do not fit together
(another version of the file, calls from elsewhere), nothing is expected: the report then shows only what came.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from saga_contracts.declare.outcomes import State
from saga_contracts.declare.saga import Reply, Saga, Step
from saga_contracts.derive import expectations
from saga_contracts.derive.decks import MAX_FAULTS, History, Play, derive
from saga_contracts.derive.expectations import CALLBACKS, Letter, World
from saga_contracts.derive.slices import step_slice
from saga_e2e.report.data import Call, DeckResult, HistoryResult

_WORLDS = {
    World.BEFORE: "as before the saga, no effect",
    World.APPLIED: "exactly one effect",
    World.REFUSING: "as before the refusal, no effect",
    World.IMPROVED: "no effect, though the precondition is now there",
}
_TWICE = 2  # the status is asked twice after each event


@dataclass(frozen=True, slots=True)
class Expected:
    """What should have come.

    Attributes:
        words: In words; None: not known.
        outcomes: The outcomes that would have been right; empty: the words say all.
        callback_before: Did the participant's own callback come just before this call?
    """

    words: str | None = None
    outcomes: tuple[str, ...] = ()
    callback_before: bool = False


def planned(saga: Saga | None, deck: DeckResult, history: HistoryResult) -> History | None:
    """Give the history as the saga's own deck has it; None when the saga does not know it."""
    if saga is None or deck.saga not in ("", saga.saga) or deck.step not in [step.step for step in saga.steps]:
        return None
    faults = min(max(deck.faults if deck.faults is not None else 1, 0), MAX_FAULTS)
    derived = derive(step_slice(saga, deck.step), faults)
    return next((one for one in derived.histories if one.name == history.word), None)


def expected(saga: Saga | None, deck: DeckResult, history: HistoryResult) -> tuple[Expected, ...]:
    """Give what each call of a history should have been answered, call by call."""
    plan = planned(saga, deck, history)
    if saga is None or plan is None:
        return tuple(Expected(call.expected) for call in history.calls)
    walk = _Walk(saga.step(deck.step), plan, expectations.told(step_slice(saga, deck.step), plan.begins))
    return tuple(_told(call, walk.next(call)) for call in history.calls)


def _told(call: Call, found: Expected) -> Expected:
    return found if call.expected is None else Expected(call.expected, found.outcomes, found.callback_before)


class _Walk:
    """Goes through a planned history, one call of the evidence after the other."""

    def __init__(self, step: Step, plan: History, told_at_first: tuple[State, ...]) -> None:
        self._step, self._told_at_first = step, told_at_first
        self._plan = plan
        self._at = -1
        self._asked = 0
        self._retry = False
        self._probed = False

    def next(self, call: Call) -> Expected:
        if call.letter == "probe":
            return self._probe()
        if call.letter == "S":
            return self._status()
        if not (self._retry and self._at >= 0 and self._plan.plays[self._at].letter == call.letter):
            self._at += 1
        self._asked, self._probed = 0, False
        callback = self._skip_own_work()
        self._retry = call.outcome == "retryable"
        if self._at >= len(self._plan.plays) or self._plan.plays[self._at].letter != call.letter:
            self._at = len(self._plan.plays)
            return Expected()
        play = self._plan.plays[self._at]
        return Expected(_replies(self._step, play), tuple(one.value for one in play.expects.outcomes), callback)

    def _probe(self) -> Expected:
        """After work in progress was asked for, the next reading belongs to the participant's own callback."""
        callback = False
        asked = self._asked >= (_TWICE if self._step.status is not None else 0) and self._probed
        if asked and self._follows_callback() and self._plan.plays[self._at].expects.following.state == State.IN_PROGRESS:
            self._at, self._asked, callback = self._at + 1, 0, True
        self._probed = True
        if self._at < 0:
            worlds = expectations.worlds(self._plan.begins)
        else:
            worlds = self._plan.plays[min(self._at, len(self._plan.plays) - 1)].expects.worlds
        return Expected(" or ".join(_WORLDS[world] for world in worlds), (), callback)

    def _follows_callback(self) -> bool:
        following = self._at + 1
        return self._at >= 0 and following < len(self._plan.plays) and self._plan.plays[following].letter in CALLBACKS

    def _status(self) -> Expected:
        self._asked += 1
        callback = False
        if self._asked > _TWICE and self._follows_callback():
            self._at, self._asked, callback = self._at + 1, 1, True
        if self._at >= len(self._plan.plays):
            return Expected()
        states = self._plan.plays[self._at].expects.told if self._at >= 0 else self._told_at_first
        return Expected(_states(self._step, states), tuple(state.value for state in states), callback)

    def _skip_own_work(self) -> bool:
        skipped = False
        while self._at < len(self._plan.plays) and self._plan.plays[self._at].letter in CALLBACKS:
            self._at += 1
            skipped = True
        return skipped


def _replies(step: Step, play: Play) -> str:
    role = "compensate" if play.letter == Letter.COMPENSATE else "forward"
    return _either((name, expectations.declared(step, role, name)) for name in play.expects.replies)


def _states(step: Step, states: tuple[State, ...]) -> str:
    if step.status is None:
        return ""
    return _either((state.value, step.status.replies.named(state.value)) for state in states if step.status)


def _either(outcomes: Iterator[tuple[str, tuple[Reply, ...]]]) -> str:
    return " or ".join(f"{name.replace('_', ' ')}{_statuses(replies)}" for name, replies in outcomes)


def _statuses(replies: tuple[Reply, ...]) -> str:
    found = dict.fromkeys(str(reply.status) for reply in replies)
    return f" ({', '.join(found)})" if found else ""
