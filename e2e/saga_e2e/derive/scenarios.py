"""The end-to-end scenarios of a saga: one for each way in which a fault can meet one of its steps (pure, deterministic).

A scenario says which preconditions the participants are put into, which faults happen, and how the saga must end. Playing it is
`runner`, judging it is `invariants`; which ends are right is `ends`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from saga_contracts.declare import conditions, elements
from saga_contracts.declare.saga import Completion, Saga, Step, StepClass, Under
from saga_contracts.errors import UsageError
from saga_contracts.wire import branches
from saga_e2e.derive import ends
from saga_e2e.derive.ends import End, Ends
from saga_e2e.derive.faults import Fault, Kind, Role

LONGEST_CALLBACK_WAIT_MS = 30_000
"""A scenario in which a callback's time runs out is derived only up to this length: a run has no way to shorten it."""
LONGEST_SAGA_MS = 15_000
"""A scenario in which the saga's time runs out is derived only up to this length."""
_SLOW = 0.6
"""How much of its own time a slow reply takes."""
_MARGIN_MS = 300


class Tier(StrEnum):
    """How often a scenario is worth its time."""

    DEMO = "demo"  # shown to a newcomer; played nightly, too
    NIGHTLY = "nightly"  # played nightly


@dataclass(frozen=True, slots=True)
class Scenario:
    """One run of the saga under given faults.

    Attributes:
        name: Fit for a URL, such as `reply-lost-at-reserve_money`, or `reply-lost-at-ship-0` for the first element of a list.
        title: In words.
        catalogue: The id of the catalogue's fault, `F1` to `F22`; empty without a fault.
        faults: In the order in which they come.
        refusing: Steps whose participant is put into the `refusing` precondition; all others into `enough`.
        expected: The ends that are right.
        payload: Fields of the payload, reached by dots, that differ from the example, with their values.
    """

    name: str
    title: str
    catalogue: str
    tier: Tier
    faults: tuple[Fault, ...]
    refusing: frozenset[str]
    expected: Ends
    payload: tuple[tuple[str, Any], ...] = ()


def derive(saga: Saga) -> tuple[Scenario, ...]:
    """Give every scenario of a saga, in a fixed order: by kind of fault, then by step; of a list, for its first two elements."""
    saga = elements.unfolded(saga, saga.payload.example, most=2)
    made = (
        (_committed(),),
        _refused(saga),
        _reply_lost(saga),
        _no_reply(saga),
        _no_callback(saga),
        _request_lost(saga),
        _duplicated(saga),
        _unreachable(saga),
        _late(saga),
        _late_after_undo(saga),
        _callbacks(saga),
        _undo_reply_lost(saga),
        _undo_fails(saga),
        _participant_dies(saga),
        _saga_service_dies(saga),
        _skipped(saga),
        _out_of_time(saga),
    )
    return tuple(_with_refused_payload(saga, _with_what_stays(saga, scenario)) for part in made for scenario in part)


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


def _with_what_stays(saga: Saga, scenario: Scenario) -> Scenario:
    """Where a step has no compensation yet, its effect may stay whenever the saga is undone, and the owner is told."""
    stays = any(step.step_class == StepClass.COMPENSATABLE and step.compensate is None for step in saga.steps)
    if not stays or End.COMPENSATED not in scenario.expected:
        return scenario
    return replace(scenario, expected=tuple(dict.fromkeys((*scenario.expected, End.ESCALATED))))


def _with_refused_payload(saga: Saga, scenario: Scenario) -> Scenario:
    """Where a step refuses by its payload, a saga in which it refuses is started with that payload."""
    fields = {name: value for step in scenario.refusing for name, value in saga.step(step).given.fields(Under.REFUSING).items()}
    return replace(scenario, payload=(*scenario.payload, *sorted(fields.items()))) if fields else scenario


def _committed() -> Scenario:
    return Scenario("committed", "Nothing fails", "", Tier.DEMO, (), frozenset(), (End.COMMITTED,))


def _refused(saga: Saga) -> Iterator[Scenario]:
    for step in saga.steps:
        if can_refuse(step):
            tier = Tier.DEMO if step.step_class == StepClass.COMPENSATABLE else Tier.NIGHTLY
            yield _scenario(f"refused-at-{step.step}", "F1", tier, ends.refused(step), _refusal(step))


def _reply_lost(saga: Saga) -> Iterator[Scenario]:
    for step in saga.steps:
        fault = Fault(step.step, Role.FORWARD, Kind.REPLY_LOST)
        yield _scenario(f"reply-lost-at-{step.step}", "F1", Tier.DEMO, ends.reply_lost_once(step, saga.policies), fault)


def _no_reply(saga: Saga) -> Iterator[Scenario]:
    """No reply comes back any more: undone where it can be, else the owner is told."""
    first = next((step.step for step in saga.steps if step.step_class == StepClass.COMPENSATABLE), None)
    for step in saga.steps:
        shown = step.step_class == StepClass.RETRIABLE or step.step == first
        catalogue = {StepClass.PIVOT: "F14", StepClass.RETRIABLE: "F15"}.get(step.step_class, "F2")
        fault = Fault(step.step, Role.FORWARD, Kind.REPLY_LOST, None)
        tier = Tier.DEMO if shown else Tier.NIGHTLY
        yield _scenario(f"no-reply-at-{step.step}", catalogue, tier, ends.effect_unknown(step, saga.policies), fault)


def _request_lost(saga: Saga) -> Iterator[Scenario]:
    for step in saga.steps:
        fault = Fault(step.step, Role.FORWARD, Kind.REQUEST_LOST)
        yield _nightly(f"request-lost-at-{step.step}", "F1", ends.request_lost_once(step, saga.policies), fault)


def _duplicated(saga: Saga) -> Iterator[Scenario]:
    for step in saga.steps:
        fault = Fault(step.step, Role.FORWARD, Kind.DUPLICATED)
        yield _nightly(f"duplicate-at-{step.step}", "F1", (End.COMMITTED,), fault)


def _unreachable(saga: Saga) -> Iterator[Scenario]:
    """No forward call arrives any more, so the compensation comes first."""
    for step in _compensatable(saga):
        fault = Fault(step.step, Role.FORWARD, Kind.REQUEST_LOST, None)
        yield _nightly(f"unreachable-at-{step.step}", "F2", ends.no_effect_unknown(step, saga.policies), fault)


def _late(saga: Saga) -> Iterator[Scenario]:
    """The first forward call arrives when a second one has long had its effect."""
    for step in saga.steps:
        if ends.is_repeated(step, Role.FORWARD):
            fault = Fault(step.step, Role.FORWARD, Kind.DELAYED)
            yield _nightly(f"late-at-{step.step}", "F1", (End.COMMITTED,), fault)


def _late_after_undo(saga: Saga) -> Iterator[Scenario]:
    """The first forward call arrives when the step was compensated long ago; no other one arrives."""
    for step in _compensatable(saga):
        late = Fault(step.step, Role.FORWARD, Kind.DELAYED)
        others = Fault(step.step, Role.FORWARD, Kind.REQUEST_LOST, None)
        faults = (late, others) if ends.is_repeated(step, Role.FORWARD) else (late,)
        yield _nightly(f"late-after-undo-at-{step.step}", "F2", ends.no_effect_unknown(step, saga.policies), *faults)


def _callbacks(saga: Saga) -> Iterator[Scenario]:
    """Of the first callback nothing is heard, it comes twice, or it comes once more when the saga is long over (O20)."""
    for step in saga.steps:
        if step.completion == Completion.CALLBACK:
            lost = Fault(step.step, Role.CALLBACK, Kind.REQUEST_LOST)
            twice = Fault(step.step, Role.CALLBACK, Kind.DUPLICATED)
            yield _nightly(f"callback-lost-at-{step.step}", "F9", (End.COMMITTED,), lost)
            late = Fault(step.step, Role.CALLBACK, Kind.DELAYED)
            yield _nightly(f"callback-duplicate-at-{step.step}", "F9", (End.COMMITTED,), twice)
            yield _nightly(f"callback-late-at-{step.step}", "F9", (End.COMMITTED,), late)


def _no_callback(saga: Saga) -> Iterator[Scenario]:
    """No callback comes any more: when its time is up, the saga service may ask for the status, or undo the step as uncertain."""
    for step in saga.steps:
        if step.completion == Completion.CALLBACK and step.callback_timeout_ms <= LONGEST_CALLBACK_WAIT_MS:
            fault = Fault(step.step, Role.CALLBACK, Kind.REQUEST_LOST, None)
            yield _nightly(f"no-callback-at-{step.step}", "F9", ends.callback_lost_for_good(step, saga.policies), fault)


def _undo_reply_lost(saga: Saga) -> Iterator[Scenario]:
    for step, cause in _undone_by_another(saga):
        fault = Fault(step.step, Role.COMPENSATE, Kind.REPLY_LOST)
        yield _nightly(f"undo-reply-lost-at-{step.step}", "F3", ends.undo_reply_lost_once(step), _refusal(cause), fault)


def _undo_fails(saga: Saga) -> Iterator[Scenario]:
    for step, cause in _undone_by_another(saga):
        fault = Fault(step.step, Role.COMPENSATE, Kind.UNAVAILABLE, None)
        yield _nightly(f"undo-fails-at-{step.step}", "F4", (End.ESCALATED,), _refusal(cause), fault)


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
        fault = Fault(step.step, Role.FORWARD, Kind.RECEIVER_DIES)
        yield _nightly(f"participant-dies-at-{step.step}", "F1", ends.participant_died(step, saga.policies), fault)


def _saga_service_dies(saga: Saga) -> Iterator[Scenario]:
    """The saga service takes up after its restart what it had begun."""
    for step in saga.steps:
        fault = Fault(step.step, Role.FORWARD, Kind.CALLER_DIES)
        yield _nightly(f"saga-service-dies-at-{step.step}", "F6", ends.caller_died(step, saga.policies), fault)


def _skipped(saga: Saga) -> Iterator[Scenario]:
    """A step whose condition does not hold is not run: the saga is committed without it, or undone without it."""
    for step in saga.steps:
        fields = branches.fields_without(saga.payload, step)
        if fields is None:
            continue
        title = f"The condition of {step.step} does not hold"
        skipped, payload = _conditionless(saga, fields), tuple(fields.items())
        yield Scenario(f"skipped-{step.step}".replace(":", "-"), title, "", Tier.DEMO, (), frozenset(), (End.COMMITTED,), payload)
        others = [one for one in saga.steps if one.step not in skipped and can_refuse(one) and not one.optional]
        if others:
            fault = _refusal(others[-1])
            name = f"skipped-{step.step}-refused-at-{fault.step}".replace(":", "-")
            refusing = frozenset({fault.step})
            yield Scenario(
                name, f"{title}; {fault.text}", "F1", Tier.NIGHTLY, (fault,), refusing, ends.refused(others[-1]), payload
            )


def _conditionless(saga: Saga, fields: Mapping[str, Any]) -> set[str]:
    """Give the steps that do not run for a payload with these fields."""
    context = {"payload": branches.with_fields(saga.payload, saga.payload.example, fields), "outputs": saga.outputs}
    return {step.step for step in saga.steps if not conditions.runs(step, context)}


def _out_of_time(saga: Saga) -> Iterator[Scenario]:
    """Replies of steps one after the other are so slow, each within its own time, that the saga's time is over before its end."""
    if saga.timeout_ms is None or saga.timeout_ms > LONGEST_SAGA_MS:
        return
    slow = {step.step: int(step.timeout_ms * _SLOW) for step in saga.steps}
    chains = _longest_chains(saga, slow)
    for step in _compensatable(saga):
        chain = chains[step.step]
        if sum(slow[name] for name in chain) >= saga.timeout_ms + _MARGIN_MS and _is_waited_for(saga, step):
            faults = [Fault(name, Role.FORWARD, Kind.SLOW, lasts_ms=slow[name]) for name in chain]
            yield _nightly(f"out-of-time-at-{step.step}", "F20", (End.COMPENSATED,), *faults)
            return


def _longest_chains(saga: Saga, slow: Mapping[str, int]) -> dict[str, tuple[str, ...]]:
    """Give for each step those that come one after the other before it, and it, which take longest together."""
    chains: dict[str, tuple[str, ...]] = {}
    for step in sorted(saga.steps, key=lambda one: len(saga.ancestors(one.step))):
        before = [chains[name] for name in sorted(saga.graph.direct(step.step))]
        longest = max(before, key=lambda chain: sum(slow[name] for name in chain), default=())
        chains[step.step] = (*longest, step.step)
    return chains


def _is_waited_for(saga: Saga, step: Step) -> bool:
    return any(step.step in saga.ancestors(other.step) for other in saga.steps)


def can_refuse(step: Step) -> bool:
    """Can the step be made to refuse?"""
    return step.step_class != StepClass.RETRIABLE and step.given.can_refuse


def _compensatable(saga: Saga) -> Iterator[Step]:
    return (step for step in saga.steps if step.compensate is not None)


def _refusal(step: Step) -> Fault:
    return Fault(step.step, Role.FORWARD, Kind.REFUSED)


def _nightly(name: str, catalogue: str, expected: Ends, *faults: Fault) -> Scenario:
    return _scenario(name, catalogue, Tier.NIGHTLY, expected, *faults)


def _scenario(name: str, catalogue: str, tier: Tier, expected: Ends, *faults: Fault) -> Scenario:
    title = "; ".join(fault.text for fault in faults)
    refusing = frozenset(fault.step for fault in faults if fault.kind == Kind.REFUSED)
    return Scenario(name.replace(":", "-"), title[0].upper() + title[1:], catalogue, tier, faults, refusing, expected)
