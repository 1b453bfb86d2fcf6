"""How a saga may end when a fault meets one of its calls, by the class of the step and the tries that it declares (pure).

A step whose outcome nobody told is given up: it is undone where it can be, else the owner is told. Where a status call is
declared, the orchestrator may ask instead, and go by the answer.
"""

from collections.abc import Iterable
from enum import StrEnum

from saga_contracts.declare.saga import Policies, Step, StepClass
from saga_e2e.derive.faults import Fault, Kind, Role


class End(StrEnum):
    """How a saga can end."""

    COMMITTED = "committed"  # every step has its effect
    COMPENSATED = "compensated"  # no step has its effect
    ESCALATED = "escalated"  # neither; the owner was told


Ends = tuple[End, ...]


def is_repeated(step: Step, role: Role) -> bool:
    """Is there a second try of this call?"""
    return tries_of(step, role) > 1


def tries_of(step: Step, role: Role, policies: Policies | None = None) -> int:
    """Give how often a call is sent at most, the first time included; an undoing with a time of its own as often as fits in."""
    if role != Role.COMPENSATE:
        return step.tries
    within_ms = None if policies is None else policies.undo_for_ms
    if within_ms is None or step.undo_backoff is None:
        return step.undo_tries
    return max(step.undo_tries, step.undo_backoff.most_tries(within_ms))


def refused(step: Step) -> Ends:
    """Give the ends after a refusal; a saga may finish without an optional step."""
    return (_without(step, End.COMPENSATED),)


def effect_unknown(step: Step, policies: Policies) -> Ends:
    """Give the ends when the forward call took effect and no reply came back: given up, or asked for and found applied."""
    found = [End.COMMITTED] if _may_be_asked(step, policies) else []
    missing = bool(step.forward.outputs)  # a status call does not tell them
    return _distinct([*(() if _must_be_asked(step, policies) and not missing else _given_up(step)), *found])


def no_effect_unknown(step: Step, policies: Policies) -> Ends:
    """Give the ends when no forward call arrived: given up, or a pivot asked for and found absent.

    That it is absent decides nothing for an orchestrator that cannot know whether a call of it is still on its way.
    """
    asked = step.step_class == StepClass.PIVOT and _may_be_asked(step, policies)
    found = [_without(step, End.COMPENSATED)] if asked else []
    return _distinct([*_given_up(step), *found])


def reply_lost_once(step: Step, policies: Policies) -> Ends:
    """Give the ends when one reply to the forward call is lost: a retry tells it, where there is one."""
    return (End.COMMITTED,) if is_repeated(step, Role.FORWARD) else effect_unknown(step, policies)


def request_lost_once(step: Step, policies: Policies) -> Ends:
    """Give the ends when one forward call is lost: a retry makes it, where there is one."""
    return (End.COMMITTED,) if is_repeated(step, Role.FORWARD) else no_effect_unknown(step, policies)


def participant_died(step: Step, policies: Policies) -> Ends:
    """Give the ends when the participant dies once its work is done: its restart may outlast all tries, or not."""
    return _distinct([End.COMMITTED, *effect_unknown(step, policies)])


def caller_died(step: Step, policies: Policies) -> Ends:
    """Give the ends when the saga service dies before it hears the reply: as without, or its only try counts as used."""
    without = _distinct([End.COMMITTED, *effect_unknown(step, policies)])
    return (End.COMMITTED,) if is_repeated(step, Role.FORWARD) else without


def callback_lost_for_good(step: Step, policies: Policies) -> Ends:
    """Give the ends when no callback comes: its time is over, then it is asked for or given up."""
    never = step.step_class == StepClass.PIVOT and not _may_be_asked(step, policies) and policies.uncertain_pivot is not None
    return _distinct([*([] if never else [End.COMMITTED]), *_given_up(step)])


def undo_reply_lost_once(step: Step) -> Ends:
    """Give the ends when one reply to a compensation is lost: a retry tells it, else the status, else the owner must be told."""
    if is_repeated(step, Role.COMPENSATE):
        return (End.COMPENSATED,)
    return (End.ESCALATED, End.COMPENSATED) if step.status is not None else (End.ESCALATED,)


def may_use_up_the_tries(step: Step, fault: Fault) -> bool:
    """May a call be without an answer after all its tries, because of this fault?"""
    if fault.kind in (Kind.REFUSED, Kind.DUPLICATED):
        return False
    if fault.persistent or fault.kind == Kind.RECEIVER_DIES:
        return True
    return fault.role in (Role.FORWARD, Role.COMPENSATE) and not is_repeated(step, fault.role)


def _may_be_asked(step: Step, policies: Policies) -> bool:
    return step.status is not None and not (step.step_class == StepClass.PIVOT and policies.uncertain_pivot == "forward")


def _must_be_asked(step: Step, policies: Policies) -> bool:
    return step.step_class == StepClass.PIVOT and policies.uncertain_pivot == "ask_then_forward"


def _given_up(step: Step) -> Ends:
    """A step that only reads leaves nothing to undo; past the point of no return the owner is told of it."""
    if step.only_reads:
        return _distinct([_without(step, End.COMPENSATED), _without(step, End.ESCALATED)])
    undone = step.step_class == StepClass.COMPENSATABLE and step.compensate is not None
    return (_without(step, End.COMPENSATED if undone else End.ESCALATED),)


def _without(step: Step, end: End) -> End:
    return End.COMMITTED if step.optional else end


def _distinct(ends: Iterable[End]) -> Ends:
    return tuple(dict.fromkeys(ends))
