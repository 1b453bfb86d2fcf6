"""How long a saga may last, as its file declares tries, time-outs and pauses (pure).

An upper bound, so that nobody forgets a saga which is still on its way: every call uses up its tries, every try its time, every
pause is as long as it may be; then everything is undone in the same manner, and the checker looks at it. A pause that is not
declared is counted as long as the time-out of the call. What a saga waits for besides, such as people, is in no file.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from saga_contracts.declare.calls import Backoff
from saga_contracts.declare.policies import CHECK_AFTER_MS
from saga_contracts.declare.saga import Saga, Step, StepClass

MOST_MS = 366 * 86_400_000
"""Longer than a year no saga is counted."""


@dataclass(frozen=True, slots=True)
class Lasting:
    """How long a saga may be on its way, in milliseconds.

    Attributes:
        forward_ms: From its start until its last step is over.
        undo_ms: Until everything is undone after that.
        check_ms: Until the checker looks at it after its end.
        is_check_declared: Does the file say when the checker looks?
    """

    forward_ms: int
    undo_ms: int
    check_ms: int
    is_check_declared: bool

    @property
    def total_ms(self) -> int:
        """Everything together, at most a year."""
        return min(self.forward_ms + self.undo_ms + self.check_ms, MOST_MS)


def lasting(saga: Saga) -> Lasting:
    """Work out how long a saga may be on its way at most."""
    check_ms = saga.policies.check_after_ms
    undone = [step.step for step in saga.steps if step.compensate is not None]
    undo = _last_end(undone, saga.undo_graph.after, lambda name: _undo_ms(saga, saga.step(name)) if name in undone else 0)
    return Lasting(_forward_ms(saga), undo, CHECK_AFTER_MS if check_ms is None else check_ms, check_ms is not None)


def _forward_ms(saga: Saga) -> int:
    latest = saga.timeout_ms

    def begin_ms(name: str, begin: int) -> int:
        return begin if latest is None or saga.goes_only_forward(name) else min(begin, latest)

    names = [step.step for step in saga.steps]
    return _last_end(names, saga.graph.after, lambda name: _done_ms(saga, saga.step(name)), begin_ms)


def _last_end(
    names: Iterable[str],
    after: Mapping[str, frozenset[str]],
    spans: Callable[[str], int],
    begin_ms: Callable[[str, int], int] = lambda _, begin: begin,
) -> int:
    """Give when the last of some parts is over, when each begins after all that it waits for."""
    ends: dict[str, int] = {}

    def end(name: str) -> int:
        if name not in ends:
            ends[name] = begin_ms(name, max((end(one) for one in after[name]), default=0)) + spans(name)
        return ends[name]

    return max((end(name) for name in names), default=0)


def _done_ms(saga: Saga, step: Step) -> int:
    found = _calls_ms(step.tries, step.timeout_ms, step.backoff)
    if step.tells_later:
        found += step.told_within_ms
    if step.step_class == StepClass.PIVOT:
        found += saga.policies.ask_for_ms or step.timeout_ms
    return found


def _undo_ms(saga: Saga, step: Step) -> int:
    looked_up_ms = step.timeout_ms if step.needs_its_own else 0
    calls = _calls_ms(step.undo_tries, step.timeout_ms, step.undo_backoff)
    return looked_up_ms + max(calls, (saga.policies.undo_for_ms or 0) + step.timeout_ms)


def _calls_ms(tries: int, timeout_ms: int, backoff: Backoff | None) -> int:
    pauses = (timeout_ms if backoff is None else backoff.pause_ms(number) for number in range(1, tries))
    return tries * timeout_ms + int(sum(pauses))
