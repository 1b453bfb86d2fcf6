"""What each call of a history should have been answered, read off the saga file (pure).

The deck is derived anew from the saga and walked along the calls of the evidence. Where saga, word and calls do not fit together
(another version of the file, calls from elsewhere), nothing is expected: the report then shows only what came.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from saga_contracts.declare.saga import Reply, Saga, Step
from saga_contracts.derive.decks import MAX_FAULTS, History, Play, World, derive
from saga_contracts.derive.model import Letter, State
from saga_contracts.derive.slices import step_slice
from saga_e2e.report.data import Call, DeckResult, HistoryResult

OWN_WORK = (Letter.DONE, Letter.CALLBACK_REFUSED)
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
    walk = _Walk(saga.step(deck.step), plan)
    return tuple(_told(call, walk.next(call)) for call in history.calls)


def _told(call: Call, found: Expected) -> Expected:
    return found if call.expected is None else Expected(call.expected, found.outcomes, found.callback_before)


class _Walk:
    """Goes through a planned history, one call of the evidence after the other."""

    def __init__(self, step: Step, plan: History) -> None:
        self._step = step
        self._plan = plan
        self._at = -1
        self._asked = 0
        self._retry = False

    def next(self, call: Call) -> Expected:
        if call.letter == "probe":
            return Expected(_WORLDS[self._world()])
        if call.letter == "S":
            return self._status()
        if not (self._retry and self._at >= 0 and self._plan.plays[self._at].letter == call.letter):
            self._at += 1
        self._asked = 0
        callback = self._skip_own_work()
        self._retry = call.outcome == "retryable"
        if self._at >= len(self._plan.plays) or self._plan.plays[self._at].letter != call.letter:
            self._at = len(self._plan.plays)
            return Expected()
        play = self._plan.plays[self._at]
        return Expected(_replies(self._step, play), play.replies, callback)

    def _world(self) -> World:
        if self._at < 0:
            return World.REFUSING if self._plan.refusing else World.BEFORE
        return self._plan.world

    def _status(self) -> Expected:
        self._asked += 1
        callback = False
        following = self._at + 1
        if self._asked > _TWICE and following < len(self._plan.plays) and self._plan.plays[following].letter in OWN_WORK:
            self._at, self._asked, callback = following, 1, True
        if not 0 <= self._at < len(self._plan.plays):
            return Expected()
        states = self._plan.plays[self._at].status
        return Expected(_states(self._step, states), tuple(state.value for state in states), callback)

    def _skip_own_work(self) -> bool:
        skipped = False
        while self._at < len(self._plan.plays) and self._plan.plays[self._at].letter in OWN_WORK:
            self._at += 1
            skipped = True
        return skipped


def _replies(step: Step, play: Play) -> str:
    declared = step.compensate.replies if play.letter == Letter.COMPENSATE and step.compensate else step.forward.replies
    return _either((outcome, getattr(declared, outcome, None)) for outcome in play.replies)


def _states(step: Step, states: tuple[State, ...]) -> str:
    if step.status is None:
        return ""
    return _either((state.value, getattr(step.status.replies, state.value, None)) for state in states)


def _either(outcomes: Iterator[tuple[str, Reply | None]]) -> str:
    return " or ".join(
        f"{name.replace('_', ' ')} ({reply.status})" if reply else name.replace("_", " ") for name, reply in outcomes
    )
