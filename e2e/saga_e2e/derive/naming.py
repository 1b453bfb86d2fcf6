"""Names, titles and catalogue entries of schedules of faults, and schedules read from text (pure)."""

from collections.abc import Sequence

from saga_contracts.declare.saga import Saga, StepClass
from saga_contracts.errors import UsageError
from saga_e2e.derive.faults import Fault, Kind, Role

_FORWARD = {
    Kind.REFUSED: "refused",
    Kind.REQUEST_LOST: "request-lost",
    Kind.REPLY_LOST: "reply-lost",
    Kind.DUPLICATED: "duplicate",
    Kind.OVERLAPPED: "overlap",
    Kind.UNAVAILABLE: "unavailable",
    Kind.FAILS_AFTER: "fails-after",
    Kind.DELAYED: "late",
    Kind.LATE_AFTER_UNDO: "late-right-after-undo",
    Kind.SLOW: "slow",
    Kind.CUT: "cut",
    Kind.PAUSED: "pause",
    Kind.DOWN: "down",
    Kind.RECEIVER_DIES_BEFORE: "participant-dies-before",
    Kind.RECEIVER_DIES_WITHIN: "participant-dies-within",
    Kind.RECEIVER_DIES: "participant-dies",
    Kind.CALLER_DIES_BEFORE_SEND: "saga-service-dies-before",
    Kind.CALLER_DIES: "saga-service-dies",
    Kind.CALLER_DIES_AFTER_REPLY: "saga-service-dies-after-reply",
    Kind.CALLER_DIES_AFTER_RECORD: "saga-service-dies-after-record",
    Kind.EARLY: "early",
    Kind.FOREIGN: "foreign",
    Kind.EFFECT_LOST: "effect-lost",
}
_OTHERS = {Role.COMPENSATE: "undo", Role.STATUS: "status", Role.CALLBACK: "callback", Role.NOTIFICATION: "notice"}
_SPECIAL = {
    (Role.FORWARD, Kind.REPLY_LOST): "no-reply",
    (Role.FORWARD, Kind.REQUEST_LOST): "unreachable",
    (Role.COMPENSATE, Kind.REPLY_LOST): "undo-no-reply",
    (Role.COMPENSATE, Kind.UNAVAILABLE): "undo-fails",
    (Role.STATUS, Kind.UNAVAILABLE): "status-fails",
    (Role.CALLBACK, Kind.REQUEST_LOST): "no-callback",
}
"""What is called otherwise when it happens every time."""
_LOST = {(Role.CALLBACK, Kind.REQUEST_LOST): "callback-lost", (Role.NOTIFICATION, Kind.REQUEST_LOST): "notice-lost"}


def name_of(saga: Saga, faults: Sequence[Fault]) -> str:
    """Give the name of a schedule, fit for a URL."""
    if _is_only_late(saga, faults):
        return f"late-after-undo-at-{_place(faults[0])}"
    shown = [fault for fault in faults if not _goes_along(fault, faults)]
    return "-and-".join(map(_one, shown))


def title_of(faults: Sequence[Fault]) -> str:
    """Give a schedule in words."""
    title = "; ".join(fault.text for fault in faults)
    return title[:1].upper() + title[1:]


def catalogue_of(saga: Saga, faults: Sequence[Fault]) -> str:
    """Give the catalogue's fault of which a schedule is an example: that of its last part."""
    if not faults:
        return ""
    fault = faults[-1]
    by_kind = {Kind.SLOW: "F20", Kind.EFFECT_LOST: "F10", Kind.DOWN: "F12"}
    by_role = {Role.CREATION: "F8", Role.STATUS: "F11", Role.CALLBACK: "F9", Role.NOTIFICATION: "F4"}
    if fault.kills_caller:
        return "F7" if fault.role == Role.COMPENSATE else "F6"
    if fault.role == Role.COMPENSATE:
        return "F4" if fault.persistent else "F3"
    by_class = {StepClass.PIVOT: "F14", StepClass.RETRIABLE: "F15"}
    otherwise = by_class.get(saga.step(fault.step).step_class, "F2") if fault.persistent else "F1"
    return by_kind.get(fault.kind) or by_role.get(fault.role, otherwise)


def read(saga: Saga, text: str) -> tuple[Fault, ...]:
    """Read a schedule from the codes of its faults, joined by commas: `refused:forward:pay:1,reply_lost:compensate:hold:1`.

    Raises:
        UsageError: when it cannot be read, or names no step of the saga.
    """
    return tuple(_read(saga, part) for part in text.split(","))


def _read(saga: Saga, text: str) -> Fault:
    steps = {step.step.replace(":", "."): step.step for step in saga.steps}
    kind, role, step, when, *lasts = [*text.strip().split(":"), "", "", ""][: max(4, text.count(":") + 1)]
    try:
        occurrence = None if when == "always" else int(when)
        return Fault(steps[step], Role(role), Kind(kind), occurrence, int(lasts[0]) if lasts else 0)
    except (KeyError, ValueError):
        raise UsageError(
            f"{text!r} is no fault of {saga.saga}. Write KIND:ROLE:STEP:TRY, such as reply_lost:forward:{next(iter(steps))}:1, "
            f"with a try from 1 on or `always`. Kinds: {', '.join(Kind)}. Roles: {', '.join(Role)}. Steps: {', '.join(steps)}."
        ) from None


def _is_only_late(saga: Saga, faults: Sequence[Fault]) -> bool:
    """Is this the schedule in which the only call that arrives does so after the saga's end?"""
    first, *others = faults
    late = first == Fault(first.step, Role.FORWARD, Kind.DELAYED)
    alone = not others and saga.step(first.step).tries == 1
    return late and (alone or others == [Fault(first.step, Role.FORWARD, Kind.REQUEST_LOST, None)])


def _goes_along(fault: Fault, faults: Sequence[Fault]) -> bool:
    """Does a fault only see to it that no other try arrives beside one that comes right after the undoing?"""
    late = Fault(fault.step, Role.FORWARD, Kind.LATE_AFTER_UNDO)
    return fault == Fault(fault.step, Role.FORWARD, Kind.REQUEST_LOST, None) and late in faults


def _one(fault: Fault) -> str:
    if fault.role == Role.CREATION:
        return f"creation-{_FORWARD[fault.kind]}"
    places = (fault.role, fault.kind)
    usual = "-".join(filter(None, (_OTHERS.get(fault.role, ""), _FORWARD[fault.kind])))
    always = _SPECIAL.get(places, f"{usual}-always")
    word = always if fault.persistent else _LOST.get(places, usual)
    tried = f"-try-{fault.occurrence}" if (fault.occurrence or 1) > 1 else ""
    return f"{word}-at-{_place(fault)}{tried}"


def _place(fault: Fault) -> str:
    return fault.step.replace(":", "-")
