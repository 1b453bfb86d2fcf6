"""Which of several contracts that say the same a call was, by what had arrived at its participant before (pure).

A compensation of a step that was never begun is often answered as any other is; only the situation tells the two apart. Contracts
of other makers have names of their own, and are left as they are.
"""

from collections.abc import Iterable, Sequence

from saga_contracts.declare.outcomes import State
from saga_contracts.declare.saga import Saga
from saga_contracts.derive.expectations import Letter, Situation, after_event
from saga_e2e.derive.faults import Role
from saga_e2e.judge.traffic.contracts import Contract
from saga_e2e.proxy.trace import TracedCall, calls_of

Situations = dict[int, Situation]
_MOVING = (Role.FORWARD, Role.COMPENSATE, Role.CALLBACK, Role.STATUS)
_UNDOING = {State.ABSENT: "null", State.REFUSED: "after_refusal", State.COMPENSATED: "done_again"}


def situations(saga: Saga, trace: Sequence[TracedCall]) -> Situations:
    """Give the situation of each call's step just before the call, by the call's identity."""
    found: Situations = {}
    for step in saga.steps:
        now = Situation()
        for call in calls_of(trace, step.step, *_MOVING):
            found[id(call)] = now
            for letter in _letters(call, now):
                now = after_event(now, letter, callback=step.tells_later)
    return found


def told_apart(alike: Sequence[Contract], call: TracedCall, now: Situation | None) -> tuple[Contract, ...]:
    """Give those of several contracts that are the case of the situation; all of them where none is."""
    if now is None or len(alike) < 2:  # noqa: PLR2004
        return tuple(alike)
    end = f"/{call.role.value}/{_case(call, now)}"
    return tuple(one for one in alike if one.name.endswith(end)) or tuple(alike)


def _case(call: TracedCall, now: Situation) -> str:
    outcome = call.outcome or ""
    if call.role == Role.COMPENSATE:
        return _UNDOING.get(now.state, "done")
    if call.role == Role.STATUS:
        return "null_compensated" if outcome == "compensated" and not now.forwarded else outcome
    return f"{outcome}_again" if outcome in ("done", "refused") and now.state != State.ABSENT else outcome


def _letters(call: TracedCall, now: Situation) -> Iterable[Letter]:
    if call.role == Role.CALLBACK:
        told = {"done": Letter.DONE, "refused": Letter.CALLBACK_REFUSED}.get(call.told or "")
        return () if told is None else (told,)
    if call.role == Role.STATUS:
        return ()
    first = Letter.REFUSED if call.outcome == "refused" and now.state == State.ABSENT else Letter.FORWARD
    return ([Letter.COMPENSATE] if call.role == Role.COMPENSATE else [first]) * call.arrivals
