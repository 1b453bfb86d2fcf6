"""Which smaller schedules of faults to try next (pure): fewer faults, earlier, once instead of for good, of a plainer kind.

The order is that in which a person would try: what takes away most comes first.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from saga_e2e.derive.faults import Fault, Kind

Schedule = tuple[Fault, ...]
_PLAINER = {
    "receiver_dies_before": "request_lost",
    "receiver_dies_within": "request_lost",
    "receiver_dies": "reply_lost",
    "caller_dies_before_send": "request_lost",
    "caller_dies_after_record": "caller_dies_after_reply",
    "caller_dies_after_reply": "caller_dies",
    "caller_dies": "reply_lost",
    "paused": "reply_lost",
    "cut": "request_lost",
    "down": "request_lost",
    "unavailable": "request_lost",
    "fails_after": "reply_lost",
    "overlapped": "duplicated",
    "late_after_undo": "delayed",
    "delayed": "request_lost",
}
"""To each kind of fault one that does less, and to its caller looks much the same."""


def smaller(faults: Schedule) -> Iterator[Schedule]:
    """Give every schedule that is one step smaller, those first that take away most.

    Args:
        faults: What fails now; a schedule without faults has none that is smaller.
    """
    for index in range(len(faults)):
        yield (*faults[:index], *faults[index + 1 :])
    for change in (_once, _earlier, _plainer):
        for index, fault in enumerate(faults):
            for less in change(fault):
                if less not in faults:
                    yield (*faults[:index], less, *faults[index + 1 :])


def size(faults: Sequence[Fault]) -> tuple[int, int, int, int]:
    """Give how large a schedule is: every smaller one is less by this."""
    plainness = sum(_steps_down(fault.kind) for fault in faults)
    return len(faults), sum(fault.persistent for fault in faults), sum(fault.occurrence or 0 for fault in faults), plainness


def _once(fault: Fault) -> Iterator[Fault]:
    if fault.persistent:
        yield replace(fault, occurrence=1)


def _earlier(fault: Fault) -> Iterator[Fault]:
    for occurrence in range(1, fault.occurrence or 0):
        yield replace(fault, occurrence=occurrence)


def _plainer(fault: Fault) -> Iterator[Fault]:
    name = _PLAINER.get(fault.kind.value)
    if name in set(Kind):
        yield replace(fault, kind=Kind(name), lasts_ms=0)


def _steps_down(kind: Kind) -> int:
    count, name = 0, kind.value
    while name in _PLAINER:
        count, name = count + 1, _PLAINER[name]
    return count
