"""What may become of the tries of one call under the faults that meet it (pure): the retry layer of the whole-saga model.

A call is sent until it is answered clearly or its tries are used up. What a kind of fault does to one try stands in one table;
where it leaves a choice (a service is back in time or not, a try under way in a crash counts or not), all of them are
followed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from saga_e2e.derive.faults import Fault, Kind


class Came(NamedTuple):
    """What may become of one try.

    Attributes:
        arrivals: How often it comes to its receiver now.
        heard: Does its caller get a clear answer?
        counts: Is it one of the tries that are declared?
        lasts: May further tries be without an answer for the same reason?
        undone: Does it arrive when the step is compensated?
        ended: Does it arrive after the saga's end?
    """

    arrivals: int
    heard: bool
    counts: bool = True
    lasts: bool = False
    undone: bool = False
    ended: bool = False


_FINE, _LOST, _UNHEARD = Came(1, heard=True), Came(0, heard=False), Came(1, heard=False)
_COMINGS: dict[Kind, tuple[Came, ...]] = {
    Kind.REQUEST_LOST: (_LOST,),
    Kind.UNAVAILABLE: (_LOST,),
    Kind.REPLY_LOST: (_UNHEARD,),
    Kind.FAILS_AFTER: (_UNHEARD,),
    Kind.DUPLICATED: (Came(2, heard=True),),
    Kind.OVERLAPPED: (Came(2, heard=True), Came(2, heard=False)),  # one copy may be told to try later
    Kind.DELAYED: (_LOST._replace(ended=True),),
    Kind.LATE_AFTER_UNDO: (_LOST._replace(undone=True),),
    Kind.CUT: (_LOST._replace(lasts=True),),
    Kind.PAUSED: (_FINE, _UNHEARD._replace(lasts=True)),
    Kind.DOWN: (_LOST._replace(lasts=True),),
    Kind.RECEIVER_DIES_BEFORE: (_LOST._replace(lasts=True),),
    Kind.RECEIVER_DIES_WITHIN: (_LOST._replace(lasts=True), _UNHEARD._replace(lasts=True)),
    Kind.RECEIVER_DIES: (_UNHEARD._replace(lasts=True),),
    Kind.CALLER_DIES_BEFORE_SEND: (_LOST, _LOST._replace(counts=False)),
    Kind.CALLER_DIES: (_UNHEARD, _UNHEARD._replace(counts=False)),
    Kind.CALLER_DIES_AFTER_REPLY: (_FINE, _UNHEARD, _UNHEARD._replace(counts=False)),
    Kind.CALLER_DIES_AFTER_RECORD: (_FINE, _UNHEARD, _UNHEARD._replace(counts=False)),
}


@dataclass(frozen=True, slots=True)
class Walk:
    """What may become of one call with all its tries.

    Attributes:
        sent: How often it was sent.
        arrived: How often it came to its receiver in time.
        heard: Was it answered clearly at last?
        unclear: Was any try without a clear answer?
        undone: How often it comes when the step is compensated.
        ended: How often it comes after the saga's end.
    """

    sent: int = 0
    arrived: int = 0
    heard: bool = False
    unclear: bool = False
    undone: int = 0
    ended: int = 0


def walks(tries: int, faults: Sequence[Fault], *, away: bool = False, disturbed: bool = False) -> frozenset[Walk]:
    """Give everything that may become of a call.

    Args:
        tries: How often it is sent at most.
        faults: What this call meets; the first that fits a try meets it.
        away: May its receiver be away for some tries, because of a fault elsewhere?
        disturbed: May the orchestrator die in the middle of one try, because of a fault elsewhere?
    """
    return frozenset(_followed(Walk(), tries, faults, lasting=away, disturbed=disturbed))


def _followed(walk: Walk, left: int, faults: Sequence[Fault], *, lasting: bool, disturbed: bool) -> Iterator[Walk]:
    if walk.heard or left == 0:
        yield walk
        return
    fault = next((one for one in faults if one.occurrence in (None, walk.sent + 1)), None)
    for came in _comings(fault, lasting=lasting):
        yield from _followed(_after(walk, came), left - came.counts, faults, lasting=came.lasts, disturbed=disturbed)
    if disturbed and fault is None:
        for came in (_UNHEARD, _UNHEARD._replace(counts=False), _LOST, _LOST._replace(counts=False)):
            yield from _followed(_after(walk, came), left - came.counts, faults, lasting=False, disturbed=False)


def _comings(fault: Fault | None, *, lasting: bool) -> tuple[Came, ...]:
    usual = (_FINE,) if fault is None else _COMINGS.get(fault.kind, (_FINE,))
    if fault is not None and fault.persistent:
        usual = tuple(dict.fromkeys(came._replace(lasts=False, counts=True) for came in usual))
    return (*usual, _LOST._replace(lasts=True)) if lasting and fault is None else usual


def _after(walk: Walk, came: Came) -> Walk:
    return replace(
        walk,
        sent=walk.sent + 1,
        arrived=walk.arrived + came.arrivals,
        heard=came.heard,
        unclear=walk.unclear or not came.heard,
        undone=walk.undone + came.undone,
        ended=walk.ended + came.ended,
    )
