"""Which schedules of faults a saga can meet, read off its model: each fault at each try of each call, one of each class (pure).

A fault is put only at a call that a run of the model makes with the faults before it. Singles are played with every kind of
fault; an undoing needs a cause, for which a refusal of a later step stands. Pairs are played by class: all that a kind of
fault can do to a call is done by one kind of its class, on the way and not by a kill, and schedules of the same classes at the
same calls that the model gives the same arrivals and the same ends are one class.
"""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from saga_contracts.declare.saga import Completion, Step, StepClass
from saga_e2e.derive.faults import Fault, Kind, Role
from saga_e2e.derive.orchestration import Model, Run, is_met

Schedule = tuple[Fault, ...]
MOST_STEPS_FOR_PAIRS = 24
"""A saga of more steps is played with single faults only: its pairs would be too many for a night."""
LEAST_LONGER, MOST_LONGER, _MOST_DRAWS = 3, 6, 20
"""How many faults a longer schedule has, and how often one is drawn that would be too short."""
CUT_MS = 400
LONG_NOTICE_MS = 4000
DOWN_MS = 1500
PAUSE = 1.2
"""How long a receiver stands still, as a part of the step's own time: its caller has just given up then."""
LONGEST_PAUSE_MS = 6000
_KILLS = (Kind.CALLER_DIES_BEFORE_SEND, Kind.CALLER_DIES, Kind.CALLER_DIES_AFTER_REPLY, Kind.CALLER_DIES_AFTER_RECORD)
_DEATHS = (Kind.RECEIVER_DIES_BEFORE, Kind.RECEIVER_DIES_WITHIN, Kind.RECEIVER_DIES)
_ON_THE_WAY = (
    Kind.REQUEST_LOST,
    Kind.REPLY_LOST,
    Kind.DUPLICATED,
    Kind.OVERLAPPED,
    Kind.UNAVAILABLE,
    Kind.FAILS_AFTER,
    Kind.DELAYED,
)
_ONCE = {
    Role.FORWARD: (*_ON_THE_WAY, Kind.CUT, Kind.PAUSED, *_DEATHS, *_KILLS),
    Role.COMPENSATE: (*_ON_THE_WAY, Kind.CUT, Kind.PAUSED, *_DEATHS, *_KILLS),
    Role.CALLBACK: (
        *(Kind.REQUEST_LOST, Kind.REPLY_LOST, Kind.DUPLICATED, Kind.OVERLAPPED, Kind.UNAVAILABLE, Kind.DELAYED),
        *(Kind.EARLY, Kind.FOREIGN, Kind.CALLER_DIES_BEFORE_SEND, Kind.CALLER_DIES, Kind.CALLER_DIES_AFTER_REPLY),
    ),
    Role.STATUS: (Kind.UNAVAILABLE,),
    Role.NOTIFICATION: (Kind.REQUEST_LOST, Kind.REPLY_LOST, Kind.UNAVAILABLE, Kind.CUT),
}
_ALWAYS = {
    Role.FORWARD: (Kind.REQUEST_LOST, Kind.REPLY_LOST),
    Role.COMPENSATE: (Kind.UNAVAILABLE, Kind.REPLY_LOST),
    Role.CALLBACK: (Kind.REQUEST_LOST,),
    Role.STATUS: (Kind.UNAVAILABLE,),
}
_IN_PAIRS = {
    Role.FORWARD: (Kind.REQUEST_LOST, Kind.REPLY_LOST, Kind.DUPLICATED, Kind.DELAYED, Kind.LATE_AFTER_UNDO),
    Role.COMPENSATE: (Kind.REQUEST_LOST, Kind.REPLY_LOST, Kind.DUPLICATED, Kind.DELAYED),
    Role.CALLBACK: (Kind.REQUEST_LOST, Kind.DUPLICATED, Kind.DELAYED, Kind.EARLY),
}
PRUNED = (
    ("pairs with a kill, a pause or a cut", "what they do to a call is done by a lost request or a lost reply of the same class"),
    ("503 before the effect and 500 after it in pairs", "to their caller they are a lost request and a lost reply"),
    ("two copies at once in pairs", "they are of one class with two copies one after the other"),
    ("faults at the owner's notification in pairs", "they meet no other call of the saga"),
    ("a persistent fault that begins later", "it counts as one fault, and begins with the first try that it can meet"),
)
"""Kinds of schedules that are not played, and why."""


@dataclass(slots=True)
class Census:
    """How many schedules there are.

    Attributes:
        naive: Every kind of fault at every declared try of every call, and every pair of them.
        reachable: Those of which the model makes each call.
        classes: Classes of those.
        unplayed: What is not played though it can happen, with the reason.
    """

    naive: int = 0
    reachable: int = 0
    classes: int = 0
    unplayed: list[tuple[str, str]] = field(default_factory=list)


def singles(model: Model) -> Iterator[Schedule]:
    """Give every single fault: on the way forward, at the undoing behind its usual cause, at what the owner is told."""
    usual = model.runs(())
    for role in (Role.FORWARD, Role.CALLBACK, Role.STATUS):
        for step in model.steps:
            for fault in _at(step, role, most=1) if _is_sent(usual, step.step, role) else ():
                if fault.kind != Kind.DOWN or _is_first_there(model, step):
                    yield (fault,)
    for step in (one for one in model.steps if one.compensate is not None and _is_sent(usual, one.step, Role.FORWARD)):
        yield from (_alone_late(step, kind) for kind in (Kind.DELAYED, Kind.LATE_AFTER_UNDO))
    for step, cause in undone_by_another(model):
        yield from ((refusal(cause), fault) for fault in _at(step, Role.COMPENSATE, most=1))
    yield from _notices(model)
    first = model.steps[0].step
    yield from ((Fault(first, Role.CREATION, kind),) for kind in (Kind.REPLY_LOST, Kind.DUPLICATED, Kind.OVERLAPPED))


def pairs(model: Model, census: Census) -> Iterator[Schedule]:
    """Give one representative of each class of two faults, and count."""
    seen = {frozenset(schedule) for schedule in singles(model)}
    known: set[object] = set()
    if len(model.steps) > MOST_STEPS_FOR_PAIRS:
        census.unplayed.append(("pairs of faults", f"the saga has more than {MOST_STEPS_FOR_PAIRS} steps"))
        return
    for first in _reachable(model, model.runs(())):
        for second in _reachable(model, model.runs((first,))):
            both = _sorted((first, second))
            if not _is_new(second, (first,)) or frozenset(both) in seen:
                continue
            seen.add(frozenset(both))
            runs = model.runs(both)
            if not any(is_met(both, run) for run in runs):
                continue
            census.reachable += 1
            key = class_of(both, runs)
            if key not in known:
                known.add(key)
                census.classes += 1
                yield both


def longer(model: Model, seed: int, index: int) -> Schedule:
    """Make a longer schedule by chance, of three to six faults, each at a call that the model makes with those before it."""
    chance = random.Random(f"{seed}/{index}")  # noqa: S311  (a test, no secret)
    found: Schedule = ()
    for _ in range(_MOST_DRAWS):
        found = max(found, _drawn(model, chance), key=len)
        if len(found) >= LEAST_LONGER:
            break
    return found


def _drawn(model: Model, chance: random.Random) -> Schedule:
    faults: Schedule = ()
    for _ in range(chance.randint(LEAST_LONGER, MOST_LONGER)):
        choices = [one for one in _reachable(model, model.runs(faults)) if _is_new(one, faults)]
        choices = [one for one in choices if model.ends((*faults, one))]
        if not choices:
            break
        faults = _sorted((*faults, chance.choice(choices)))
    return faults


def naive(model: Model) -> int:
    """Count every kind of fault at every declared try of every call, once and for good, and every pair of them."""
    each = sum(len(list(_at(step, role, most=_most(step, role)))) for step in model.steps for role in _ONCE if _has(step, role))
    return each + each * (each - 1) // 2


def class_of(faults: Schedule, runs: Iterable[Run]) -> object:
    """Give the class of a schedule: what happens where, what arrives then, and how it may end."""
    places = frozenset((fault.fault_class, fault.step, fault.role, fault.persistent) for fault in faults)
    return places, frozenset((run.end, run.words) for run in runs)


def undone_by_another(model: Model) -> Iterator[tuple[Step, Step]]:
    """Give each step that the refusal of another one makes undone for certain, with that other one.

    A later step is taken before one that runs beside it; where the file says that siblings are cancelled, only a later one:
    whether a sibling was begun at all is left to chance.
    """
    saga = model.saga
    for step in (one for one in model.steps if one.compensate is not None):
        others = [other for other in model.steps if can_refuse(other) and not other.optional and other is not step]
        later = [other for other in others if model.is_before(step.step, other.step)]
        beside = [other for other in others if other not in later and not model.is_before(other.step, step.step)]
        if saga.policies.siblings_of_failed_step == "cancel":
            beside = []
        if later or beside:
            yield step, (later or beside)[-1]


def can_refuse(step: Step) -> bool:
    """Can the step be made to refuse?"""
    return step.step_class != StepClass.RETRIABLE and step.given.can_refuse


def refusal(step: Step) -> Fault:
    """Give the fault that a step is refused."""
    return Fault(step.step, Role.FORWARD, Kind.REFUSED)


def _reachable(model: Model, runs: Iterable[Run]) -> Iterator[Fault]:
    """Give the faults of each class at each call that one of the runs makes."""
    most: dict[tuple[str, Role], int] = {}
    for run in runs:
        for call, sent in run.sent:
            most[call] = max(most.get(call, 0), sent)
    for step in model.steps:
        for role, kinds in _IN_PAIRS.items():
            sent = most.get((step.step, role), 0)
            if sent and role == Role.FORWARD and can_refuse(step):
                yield refusal(step)
            yield from (Fault(step.step, role, kind, number) for kind in kinds for number in range(1, sent + 1))
            yield from (Fault(step.step, role, kind, None) for kind in _ALWAYS[role] if sent)


def _is_new(fault: Fault, others: Sequence[Fault]) -> bool:
    same = [one for one in others if (one.step, one.role) == (fault.step, fault.role)]
    return all(one.occurrence != fault.occurrence or (one.kind == Kind.REFUSED) != (fault.kind == Kind.REFUSED) for one in same)


def _sorted(faults: Schedule) -> Schedule:
    """Refusals come first, since they are prepared; a persistent fault comes behind what happens once."""
    return tuple(sorted(faults, key=lambda one: (one.kind != Kind.REFUSED, one.role == Role.COMPENSATE, one.persistent)))


def _at(step: Step, role: Role, most: int) -> Iterator[Fault]:
    """Give the faults of every kind at one call."""
    if role == Role.FORWARD and can_refuse(step):
        yield refusal(step)
    for number in range(1, most + 1):
        for kind in _ONCE[role]:
            if kind == Kind.DELAYED and role == Role.FORWARD and step.tries == 1:
                continue  # then nothing else arrives: the call that is late comes after an undoing
            yield Fault(step.step, role, kind, number, _lasts(step, kind))
    for kind in _ALWAYS.get(role, ()):
        yield Fault(step.step, role, kind, None)
    if role == Role.FORWARD:
        yield Fault(step.step, role, Kind.DOWN, 1, DOWN_MS)
        if step.compensate is not None:
            yield Fault(step.step, role, Kind.EFFECT_LOST)


def _alone_late(step: Step, kind: Kind) -> Schedule:
    """Let a call be late, and no other try arrive beside it."""
    others = (Fault(step.step, Role.FORWARD, Kind.REQUEST_LOST, None),) if step.tries > 1 else ()
    return (Fault(step.step, Role.FORWARD, kind), *others)


def _notices(model: Model) -> Iterator[Schedule]:
    """Give the faults at the owner's notification, behind the first fault of which he must hear."""
    alone = ((fault,) for fault in _reachable(model, model.runs(())) if fault.persistent)
    undone = (
        (refusal(cause), Fault(step.step, Role.COMPENSATE, Kind.UNAVAILABLE, None)) for step, cause in undone_by_another(model)
    )
    for causes in (*alone, *undone):
        told = Fault(causes[-1].step, Role.NOTIFICATION, Kind.CUT, 1, LONG_NOTICE_MS)
        if model.ends((*causes, told)):
            yield from ((*causes, replace(told, kind=kind, lasts_ms=0)) for kind in _ONCE[Role.NOTIFICATION] if kind != Kind.CUT)
            yield (*causes, told)
            return


def _is_first_there(model: Model, step: Step) -> bool:
    """Is this the step by which a saga meets its participant first?"""
    there = [one for one in model.steps if one.participant == step.participant]
    return step == there[0] and not any(model.is_before(one.step, step.step) for one in there)


def _is_sent(runs: Iterable[Run], step: str, role: Role) -> bool:
    return any(call == (step, role) for run in runs for call, _ in run.sent)


def _lasts(step: Step, kind: Kind) -> int:
    if kind == Kind.PAUSED:
        return min(LONGEST_PAUSE_MS, int(step.timeout_ms * PAUSE))
    return CUT_MS if kind == Kind.CUT else 0


def _most(step: Step, role: Role) -> int:
    return {Role.FORWARD: step.tries, Role.COMPENSATE: step.undo_tries}.get(role, 1)


def _has(step: Step, role: Role) -> bool:
    if role == Role.COMPENSATE:
        return step.compensate is not None
    if role == Role.CALLBACK:
        return step.completion == Completion.CALLBACK
    return role == Role.FORWARD or (role == Role.STATUS and step.status is not None)
