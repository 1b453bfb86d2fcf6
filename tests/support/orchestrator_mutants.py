"""Known-bad orchestrators: each fault of the plain one, the scenario that shows it, and the invariants that it breaks.

A fault is a phrase in the variable FAULT, planted at the one line of `tests/orchestrators/plain` where it differs. Scenarios are
made by hand here, so that they stay what they are when the derivation learns to choose others.
"""

import re
from dataclasses import dataclass

from saga_e2e.derive.ends import End
from saga_e2e.derive.faults import Fault, Kind, Role
from saga_e2e.derive.scenarios import Scenario, Tier


@dataclass(frozen=True)
class Mutant:
    """One known-bad orchestrator.

    Attributes:
        fault: What it does.
        shown: The scenario that shows it.
        breaks: The invariants that speak of it; all of them are broken, and others may follow.
        often: Is it one of those that are played for each change, and not only nightly?
        saga: Which saga shows it.
    """

    fault: str
    shown: Scenario
    breaks: frozenset[str]
    often: bool = False
    saga: str = "vas_purchase"


def played(title: str, end: End, *faults: Fault) -> Scenario:
    """Make a scenario of some faults, with the one right end."""
    name = re.sub(r"\W+", "-", title.lower())
    refusing = frozenset(fault.step for fault in faults if fault.kind == Kind.REFUSED)
    return Scenario(name, title, "", Tier.NIGHTLY, faults, refusing, (end,))


def met(step: str, kind: Kind, role: Role = Role.FORWARD, occurrence: int | None = 1) -> Fault:
    """Make a fault of one call of a step."""
    return Fault(step, role, kind, occurrence)


def always(step: str, kind: Kind, role: Role = Role.FORWARD) -> Fault:
    """Make a fault that lasts."""
    return met(step, kind, role, None)


_VAS, _PACKAGES, _NOTIFY, _PAY = "apply_vas", "create_packages", "notify", "pay"
_REFUSED = met(_PACKAGES, Kind.REFUSED)

NOTHING = played("Nothing fails", End.COMMITTED)
REFUSED_FIRST = played("The first of two siblings is refused", End.COMPENSATED, met(_VAS, Kind.REFUSED))
REFUSED_LAST = played("The last of two siblings is refused", End.COMPENSATED, _REFUSED)
UNCLEAR_THEN_REFUSED = played(
    "A try does not arrive, and the next one is refused", End.COMPENSATED, met(_VAS, Kind.REFUSED), met(_VAS, Kind.REQUEST_LOST)
)
REPLY_LOST = played("One reply is lost", End.COMMITTED, met(_VAS, Kind.REPLY_LOST))
NO_REPLY = played("No reply comes from a step that can be undone", End.COMPENSATED, always(_VAS, Kind.REPLY_LOST))
NO_REPLY_AT_END = played("No reply comes from a step that only goes forward", End.ESCALATED, always(_NOTIFY, Kind.REPLY_LOST))
NOTICE_LOST = played(
    "No reply comes from a step that only goes forward, and the owner does not hear of it at first",
    End.ESCALATED,
    always(_NOTIFY, Kind.REPLY_LOST),
    met(_NOTIFY, Kind.REQUEST_LOST, Role.NOTIFICATION),
)
SIBLING_WAITS = played(
    "No reply comes from a step whose sibling waits for a callback",
    End.COMPENSATED,
    always(_VAS, Kind.REPLY_LOST),
    always(_PACKAGES, Kind.REQUEST_LOST, Role.CALLBACK),
)
UNDO_FAILS = played("An undoing fails", End.ESCALATED, _REFUSED, always(_VAS, Kind.UNAVAILABLE, Role.COMPENSATE))
CALLBACK_LOST = played("A callback is lost once", End.COMMITTED, met(_PACKAGES, Kind.REQUEST_LOST, Role.CALLBACK))
CALLBACK_TWICE = played("A callback comes twice", End.COMMITTED, met(_PACKAGES, Kind.DUPLICATED, Role.CALLBACK))
NO_CALLBACK = played("No callback comes", End.COMMITTED, always(_PACKAGES, Kind.REQUEST_LOST, Role.CALLBACK))
DIES = played("It dies after an effect, before the reply", End.COMMITTED, met(_NOTIFY, Kind.CALLER_DIES))
DIES_BEFORE = played("It dies before it has sent a call", End.COMMITTED, met(_NOTIFY, Kind.CALLER_DIES_BEFORE_SEND))
CREATED_TWICE = played("The saga is created twice", End.COMMITTED, met("reserve_money", Kind.DUPLICATED, Role.CREATION))
DIES_UNDOING = played("It dies while it undoes", End.COMPENSATED, _REFUSED, met(_VAS, Kind.CALLER_DIES, Role.COMPENSATE))
PIVOT_LATE = played(
    "The pivot does not arrive, and one call of it comes after the end",
    End.ESCALATED,
    met(_PAY, Kind.DELAYED),
    always(_PAY, Kind.REQUEST_LOST),
)
PIVOT_SILENT = played(
    "No reply comes from the pivot, and its status call fails",
    End.ESCALATED,
    always(_PAY, Kind.REPLY_LOST),
    always(_PAY, Kind.UNAVAILABLE, Role.STATUS),
)


def _bad(fault: str, shown: Scenario, breaks: str, *, often: bool = False, saga: str = "vas_purchase") -> Mutant:
    return Mutant(fault, shown, frozenset(breaks.split()), often, saga)


MUTANTS = (
    _bad("ignores after", CALLBACK_LOST, "ORDER", often=True),
    _bad("begins with the last step", NOTHING, "ORDER"),
    _bad("takes an accepted step for done", CALLBACK_LOST, "ORDER"),
    _bad("begins siblings after a failure", REFUSED_FIRST, "REASON", often=True),
    _bad("undoes beside running siblings", SIBLING_WAITS, "I1"),
    _bad("leaves an unsure step alone", NO_REPLY, "I1", often=True),
    _bad("takes silence for success", NO_REPLY, "I10"),
    _bad("tries without end", NO_REPLY, "I12"),
    _bad("ignores the pause between tries", REPLY_LOST, "I12"),
    _bad("asks for the status without end", NOTHING, "I12", often=True),
    _bad("takes a new key for each try", REPLY_LOST, "I11"),
    _bad("takes a new key after a crash", DIES, "I2", often=True),
    _bad("takes what was under way at a crash for done", DIES_BEFORE, "I1"),
    _bad("forgets the undoing at a restart", DIES_UNDOING, "I1", often=True),
    _bad("undoes in forward order", REFUSED_LAST, "I7", often=True),
    _bad("undoes past the pivot", NO_REPLY_AT_END, "I8"),
    _bad("undoes what was never begun", REFUSED_FIRST, "REASON"),
    _bad("forgets that a refused step was unclear before", UNCLEAR_THEN_REFUSED, "I10", often=True),
    _bad("undoes twice", REFUSED_LAST, "REASON"),
    _bad("calls no compensation", REFUSED_LAST, "I1"),
    _bad("takes a failed undoing for done", UNDO_FAILS, "I10"),
    _bad("believes that what is absent stays absent", PIVOT_LATE, "I1", saga="shop_order"),
    _bad("takes a failing status call for absent", PIVOT_SILENT, "I1", saga="shop_order"),
    _bad("forgets the owner", NO_REPLY_AT_END, "I6"),
    _bad("tells the owner only once", NOTICE_LOST, "I6"),
    _bad("tells the owner without need", NOTHING, "ALARM", often=True),
    _bad("tells the owner another event", NO_REPLY_AT_END, "ALARM"),
    _bad("reopens what has ended", NOTHING, "I4", often=True),
    _bad("calls again after the end", NOTHING, "AFTER"),
    _bad("begins another for the same token", CREATED_TWICE, "I2", often=True),
    _bad("begins two at once", NOTHING, "I11"),
    _bad("keeps its transactions in memory", DIES, "I5"),
    _bad("loses a callback", NOTHING, "REASON"),
    _bad("waits for a callback without end", NO_CALLBACK, "I5"),
    _bad("refuses a repeated callback", CALLBACK_TWICE, "I11"),
    _bad("sends another body", NOTHING, "I11"),
    _bad("drops the correlation", NOTHING, "I11"),
    _bad("calls what nobody asked for", NOTHING, "I11", often=True),
)

NOT_YET: dict[str, str] = {}
"""Faults that are planted and that nothing shows yet, with what is missing."""
