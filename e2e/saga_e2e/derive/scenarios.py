"""The end-to-end scenarios of a saga: one for each way in which a fault can meet one of its steps (pure, deterministic).

A scenario says which preconditions the participants are put into, which faults happen, and how the saga must end. Playing it is
`runner`, judging it is `invariants`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from saga_contracts.declare.saga import Completion, Saga, Step, StepClass
from saga_contracts.errors import UsageError
from saga_e2e.derive.faults import Fault, Kind, Role

LONGEST_CALLBACK_WAIT_MS = 30_000
"""A scenario in which a callback's time runs out is derived only up to this length: a run has no way to shorten it."""


class Tier(StrEnum):
    """How often a scenario is worth its time."""

    DEMO = "demo"  # shown to a newcomer; played nightly, too
    NIGHTLY = "nightly"  # played nightly


class End(StrEnum):
    """How a saga can end."""

    COMMITTED = "committed"  # every step has its effect
    COMPENSATED = "compensated"  # no step has its effect
    ESCALATED = "escalated"  # neither; the owner was told


@dataclass(frozen=True, slots=True)
class Scenario:
    """One run of the saga under given faults.

    Attributes:
        name: Fit for a URL, such as `reply-lost-at-reserve_money`.
        title: In words.
        catalogue: The id of the catalogue's fault, `F1` to `F22`; empty without a fault.
        faults: In the order in which they come.
        refusing: Steps whose participant is put into the `refusing` precondition; all others into `enough`.
        expected: The ends that are right.
    """

    name: str
    title: str
    catalogue: str
    tier: Tier
    faults: tuple[Fault, ...]
    refusing: frozenset[str]
    expected: tuple[End, ...]


def derive(saga: Saga) -> tuple[Scenario, ...]:
    """Give every scenario of a saga, in a fixed order: by kind of fault, then by step."""
    made = (
        (_committed(),),
        _refused(saga),
        _reply_lost(saga),
        _no_reply(saga),
        _no_callback(saga),
        _request_lost(saga),
        _duplicated(saga),
        _unreachable(saga),
        _callbacks(saga),
        _undo_reply_lost(saga),
        _undo_fails(saga),
        _participant_dies(saga),
        _saga_service_dies(saga),
    )
    return tuple(scenario for part in made for scenario in part)


def select(scenarios: Iterable[Scenario], *, tier: Tier = Tier.NIGHTLY, names: Iterable[str] = ()) -> tuple[Scenario, ...]:
    """Choose scenarios: those with the given names, or all of a tier when no name is given.

    Raises:
        UsageError: when a name is not known.
    """
    known = {scenario.name: scenario for scenario in scenarios}
    wanted = tuple(dict.fromkeys(names))
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise UsageError(f"There is no scenario {', '.join(unknown)}. Known: {', '.join(known)}.")
    if wanted:
        return tuple(scenario for scenario in known.values() if scenario.name in wanted)
    return tuple(scenario for scenario in known.values() if tier in (Tier.NIGHTLY, scenario.tier))


def _committed() -> Scenario:
    return Scenario("committed", "Nothing fails", "", Tier.DEMO, (), frozenset(), (End.COMMITTED,))


def _refused(saga: Saga) -> Iterator[Scenario]:
    for step in saga.steps:
        if can_refuse(step):
            tier = Tier.DEMO if step.step_class == StepClass.COMPENSATABLE else Tier.NIGHTLY
            yield _one(f"refused-at-{step.step}", "F1", tier, _refusal(step), _end(step, End.COMPENSATED))


def _reply_lost(saga: Saga) -> Iterator[Scenario]:
    for step in saga.steps:
        fault = Fault(step.step, Role.FORWARD, Kind.REPLY_LOST)
        yield _one(f"reply-lost-at-{step.step}", "F1", Tier.DEMO, fault, End.COMMITTED)


def _no_reply(saga: Saga) -> Iterator[Scenario]:
    """No reply comes back any more: undone where it can be, else the owner is told."""
    first = next((step.step for step in saga.steps if step.step_class == StepClass.COMPENSATABLE), None)
    for step in saga.steps:
        undone = step.step_class == StepClass.COMPENSATABLE
        shown = step.step_class == StepClass.RETRIABLE or step.step == first
        catalogue = {StepClass.PIVOT: "F14", StepClass.RETRIABLE: "F15"}.get(step.step_class, "F2")
        fault = Fault(step.step, Role.FORWARD, Kind.REPLY_LOST, None)
        end = _end(step, End.COMPENSATED if undone else End.ESCALATED)
        yield _one(f"no-reply-at-{step.step}", catalogue, Tier.DEMO if shown else Tier.NIGHTLY, fault, end)


def _request_lost(saga: Saga) -> Iterator[Scenario]:
    for step in saga.steps:
        fault = Fault(step.step, Role.FORWARD, Kind.REQUEST_LOST)
        yield _one(f"request-lost-at-{step.step}", "F1", Tier.NIGHTLY, fault, End.COMMITTED)


def _duplicated(saga: Saga) -> Iterator[Scenario]:
    for step in saga.steps:
        fault = Fault(step.step, Role.FORWARD, Kind.DUPLICATED)
        yield _one(f"duplicate-at-{step.step}", "F1", Tier.NIGHTLY, fault, End.COMMITTED)


def _unreachable(saga: Saga) -> Iterator[Scenario]:
    """No forward call arrives any more, so the compensation comes first."""
    for step in _compensatable(saga):
        fault = Fault(step.step, Role.FORWARD, Kind.REQUEST_LOST, None)
        yield _one(f"unreachable-at-{step.step}", "F2", Tier.NIGHTLY, fault, _end(step, End.COMPENSATED))


def _callbacks(saga: Saga) -> Iterator[Scenario]:
    for step in saga.steps:
        if step.completion == Completion.CALLBACK:
            lost = Fault(step.step, Role.CALLBACK, Kind.REQUEST_LOST)
            twice = Fault(step.step, Role.CALLBACK, Kind.DUPLICATED)
            yield _one(f"callback-lost-at-{step.step}", "F9", Tier.NIGHTLY, lost, End.COMMITTED)
            yield _one(f"callback-duplicate-at-{step.step}", "F9", Tier.NIGHTLY, twice, End.COMMITTED)


def _no_callback(saga: Saga) -> Iterator[Scenario]:
    """No callback comes any more: when its time is up, the saga service may ask for the status, or undo the step as uncertain."""
    for step in saga.steps:
        if step.completion == Completion.CALLBACK and step.callback_timeout_ms <= LONGEST_CALLBACK_WAIT_MS:
            fault = Fault(step.step, Role.CALLBACK, Kind.REQUEST_LOST, None)
            other = End.COMPENSATED if step.step_class == StepClass.COMPENSATABLE else End.ESCALATED
            ends = (End.COMMITTED,) if step.optional else (End.COMMITTED, other)
            yield _scenario(f"no-callback-at-{step.step}", "F9", Tier.NIGHTLY, (fault,), *ends)


def _undo_reply_lost(saga: Saga) -> Iterator[Scenario]:
    for step, cause in _undone_by_another(saga):
        fault = Fault(step.step, Role.COMPENSATE, Kind.REPLY_LOST)
        yield _scenario(f"undo-reply-lost-at-{step.step}", "F3", Tier.NIGHTLY, (_refusal(cause), fault), End.COMPENSATED)


def _undo_fails(saga: Saga) -> Iterator[Scenario]:
    for step, cause in _undone_by_another(saga):
        fault = Fault(step.step, Role.COMPENSATE, Kind.UNAVAILABLE, None)
        yield _scenario(f"undo-fails-at-{step.step}", "F4", Tier.NIGHTLY, (_refusal(cause), fault), End.ESCALATED)


def _undone_by_another(saga: Saga) -> Iterator[tuple[Step, Step]]:
    """Give each step that the refusal of another one makes undone for certain, with that other one.

    A later step is taken before one that runs beside it; where the file says that siblings are cancelled, only a later one:
    whether a sibling was begun at all is left to chance.
    """
    for step in _compensatable(saga):
        others = [other for other in saga.steps if can_refuse(other) and not other.optional and other is not step]
        later = [other for other in others if step.step in saga.ancestors(other.step)]
        beside = [other for other in others if other not in later and other.step not in saga.ancestors(step.step)]
        if saga.policies.siblings_of_failed_step == "cancel":
            beside = []
        if later or beside:
            yield step, (later or beside)[-1]


def _participant_dies(saga: Saga) -> Iterator[Scenario]:
    """A participant dies once its work is done; when its restart outlasts all tries, it is as if no reply came any more."""
    for step in saga.steps:
        undone = step.step_class == StepClass.COMPENSATABLE
        fault = Fault(step.step, Role.FORWARD, Kind.RECEIVER_DIES)
        ends = dict.fromkeys((End.COMMITTED, _end(step, End.COMPENSATED if undone else End.ESCALATED)))
        yield _scenario(f"participant-dies-at-{step.step}", "F1", Tier.NIGHTLY, (fault,), *ends)


def _saga_service_dies(saga: Saga) -> Iterator[Scenario]:
    """The saga service takes up after its restart what it had begun."""
    for step in saga.steps:
        fault = Fault(step.step, Role.FORWARD, Kind.CALLER_DIES)
        yield _one(f"saga-service-dies-at-{step.step}", "F6", Tier.NIGHTLY, fault, End.COMMITTED)


def can_refuse(step: Step) -> bool:
    """Can the step be made to refuse?"""
    return step.step_class != StepClass.RETRIABLE and bool(step.given.refusing)


def _compensatable(saga: Saga) -> Iterator[Step]:
    return (step for step in saga.steps if step.step_class == StepClass.COMPENSATABLE)


def _refusal(step: Step) -> Fault:
    return Fault(step.step, Role.FORWARD, Kind.REFUSED)


def _end(step: Step, end: End) -> End:
    """A saga may finish without an optional step."""
    return End.COMMITTED if step.optional else end


def _one(name: str, catalogue: str, tier: Tier, fault: Fault, end: End) -> Scenario:
    return _scenario(name, catalogue, tier, (fault,), end)


def _scenario(name: str, catalogue: str, tier: Tier, faults: tuple[Fault, ...], *ends: End) -> Scenario:
    title = "; ".join(fault.text for fault in faults)
    refusing = frozenset(fault.step for fault in faults if fault.kind == Kind.REFUSED)
    return Scenario(name, title[0].upper() + title[1:], catalogue, tier, faults, refusing, ends)
