"""How a saga may end, and how often a call is sent (pure). Which ends a schedule of faults allows is `orchestration`."""

from enum import StrEnum

from saga_contracts.declare.saga import Policies, Step
from saga_e2e.derive.faults import Fault, Kind, Role


class End(StrEnum):
    """How a saga can end."""

    COMMITTED = "committed"  # every step has its effect
    COMPENSATED = "compensated"  # no step has its effect
    ESCALATED = "escalated"  # neither; the owner was told


Ends = tuple[End, ...]
_ALWAYS_HEARD = (Kind.REFUSED, Kind.DUPLICATED, Kind.SLOW, Kind.EARLY, Kind.FOREIGN, Kind.EFFECT_LOST)


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


def may_use_up_the_tries(step: Step, fault: Fault) -> bool:
    """May a call be without an answer after all its tries, because of this fault?"""
    if fault.kind in _ALWAYS_HEARD:
        return False
    if fault.persistent or fault.lasts_ms or (fault.crashes and not fault.kills_caller):
        return True
    return fault.role in (Role.FORWARD, Role.COMPENSATE) and not is_repeated(step, fault.role)
