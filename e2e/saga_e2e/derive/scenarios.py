"""The end-to-end scenarios of a saga: one for each way in which faults can meet its calls (pure, deterministic).

A scenario says which preconditions the participants are put into, which faults happen, and how the saga may end. Which
schedules of faults there are is `schedules`, which ends they allow `orchestration`; here are besides: the run without a fault,
conditions that do not hold, the saga's own time, two sagas on one resource, and the checker. Playing a scenario is `player`,
judging it `invariants`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from saga_contracts.declare import conditions, elements
from saga_contracts.declare.saga import Saga, Step, StepClass, Under
from saga_contracts.errors import UsageError
from saga_contracts.wire import branches
from saga_e2e.derive import naming, schedules
from saga_e2e.derive.ends import End, Ends
from saga_e2e.derive.faults import Fault, Kind, Role
from saga_e2e.derive.orchestration import Model, is_met
from saga_e2e.derive.schedules import Census, Schedule, can_refuse, refusal

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
        sagas: How many sagas run on one resource.
        checked: Is the orchestrator's checker asked once the saga has ended? Then `expected` speaks of the end after that.
        beside: Of two sagas: the step after which the first one waits for the other.
        certain: Do the faults meet calls in every run that the model allows? Else it is for the orchestrator to choose.
    """

    name: str
    title: str
    catalogue: str
    tier: Tier
    faults: tuple[Fault, ...]
    refusing: frozenset[str]
    expected: Ends
    payload: tuple[tuple[str, Any], ...] = ()
    sagas: int = 1
    checked: bool = False
    beside: str = ""
    certain: bool = True


@dataclass(frozen=True, slots=True)
class Unplayed:
    """What is not played, and why."""

    scenario: str
    why: str

    def as_json(self) -> dict[str, str]:
        """Give it as plain JSON."""
        return {"scenario": self.scenario, "why": self.why}


@dataclass(frozen=True, slots=True)
class Derived:
    """The scenarios of a saga, and how many there are of what.

    Attributes:
        census: How many schedules of faults there are.
        unplayed: What is not played, and why.
    """

    scenarios: tuple[Scenario, ...]
    census: Census
    unplayed: tuple[Unplayed, ...]


def derive(saga: Saga, faults: int = 1) -> tuple[Scenario, ...]:
    """Give every scenario of a saga with at most so many faults, in a fixed order."""
    return explore(saga, faults).scenarios


def explore(saga: Saga, faults: int = 1) -> Derived:
    """Derive the scenarios of a saga, and count: by kind of fault, then by step; of a list, for its first two elements.

    Args:
        saga: The saga.
        faults: How many faults at most: 1 or 2. The refusal that makes a saga go back is not counted beside a single fault.
    """
    saga = elements.unfolded(saga, saga.payload.example, most=2)
    model, census = Model(saga), Census()
    census.naive = schedules.naive(model)
    made = [_committed(), *(_of(model, schedule) for schedule in _ordered(schedules.singles(model)))]
    census.reachable = census.classes = len(made) - 1
    made += [*_skipped(saga), *_out_of_time(saga), *_beside(saga), *_checked(model)]
    if faults > 1:
        made += [_of(model, schedule) for schedule in schedules.pairs(model, census)]
    whole = {scenario.name: _with_refused_payload(saga, scenario) for scenario in reversed(made)}
    kept = [scenario for scenario in reversed(whole.values()) if _why_not(saga, scenario) is None]
    unplayed = [Unplayed(one.name, why) for one in reversed(whole.values()) if (why := _why_not(saga, one)) is not None]
    unplayed += [Unplayed(kind, why) for kind, why in (*census.unplayed, *(schedules.PRUNED if faults > 1 else _NO_PAIRS))]
    return Derived(tuple(kept), census, tuple(unplayed))


_NO_PAIRS = (("pairs of faults", "only single faults are asked for (--faults 1)"),)


def scheduled(saga: Saga, text: str) -> Scenario:
    """Give the scenario of a schedule that is written as codes of faults, or `longer-SEED-NUMBER`.

    Raises:
        UsageError: when it cannot be read.
    """
    saga = elements.unfolded(saga, saga.payload.example, most=2)
    model = Model(saga)
    kind, _, rest = text.partition("-")
    if kind == "longer":
        seed, _, index = rest.partition("-")
        if not (seed.isdecimal() and index.isdecimal()):
            raise UsageError(f"{text!r} is no schedule. Write it as longer-SEED-NUMBER, such as longer-7-1.")
        made = replace(_of(model, schedules.longer(model, int(seed), int(index))), name=text)
    else:
        made = _of(model, naming.read(saga, text))
    return _with_refused_payload(saga, made)


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


_RANKS = (
    *((Role.FORWARD, Kind.REFUSED, False), (Role.FORWARD, Kind.REPLY_LOST, False), (Role.FORWARD, Kind.REPLY_LOST, True)),
    *((Role.CALLBACK, Kind.REQUEST_LOST, True), (Role.FORWARD, Kind.REQUEST_LOST, False), (Role.FORWARD, Kind.DUPLICATED, False)),
    *((Role.FORWARD, Kind.REQUEST_LOST, True), (Role.FORWARD, Kind.DELAYED, False)),
)
"""Which kinds of fault are told first."""


def _ordered(found: Iterable[Schedule]) -> list[Schedule]:
    """Put schedules into the order of their kinds; the steps stay in theirs."""
    places = {place: rank for rank, place in enumerate(_RANKS)}
    others: dict[object, int] = {}

    def rank(schedule: Schedule) -> tuple[int, int]:
        last = schedule[0] if len(schedule) == 1 else schedule[-1]
        place = (last.role, last.kind, last.persistent)
        late = len(schedule) > 1 and schedule[0].kind != Kind.REFUSED
        own = others.setdefault((place, late), len(others))
        return (places.get(place, len(places)) if len(schedule) == 1 else len(places), own)

    return sorted(found, key=rank)


def _why_not(saga: Saga, scenario: Scenario) -> str | None:
    """Say why a scenario is not played by any run; None when it is."""
    for fault in scenario.faults:
        waits = saga.step(fault.step).callback_timeout_ms
        if fault.role == Role.CALLBACK and fault.persistent and waits > LONGEST_CALLBACK_WAIT_MS:
            return f"The callback's time is {waits} ms, and a run waits for {LONGEST_CALLBACK_WAIT_MS} ms at most."
    return None


def _with_refused_payload(saga: Saga, scenario: Scenario) -> Scenario:
    """Where a step refuses by its payload, a saga in which it refuses is started with that payload."""
    fields = {name: value for step in scenario.refusing for name, value in saga.step(step).given.fields(Under.REFUSING).items()}
    return replace(scenario, payload=(*scenario.payload, *sorted(fields.items()))) if fields else scenario


def _committed() -> Scenario:
    return Scenario("committed", "Nothing fails", "", Tier.DEMO, (), frozenset(), (End.COMMITTED,))


def _of(model: Model, faults: Schedule) -> Scenario:
    """Give the scenario of a schedule of faults."""
    return Scenario(
        name=_name(model, faults),
        title=naming.title_of(faults),
        catalogue=naming.catalogue_of(model.saga, faults),
        tier=_tier(model.saga, faults),
        faults=faults,
        refusing=frozenset(fault.step for fault in faults if fault.kind == Kind.REFUSED),
        expected=_ends(model, faults),
        checked=any(fault.kind == Kind.EFFECT_LOST for fault in faults),
        certain=all(is_met(faults, run) for run in model.runs(faults)),
    )


def _ends(model: Model, faults: Schedule) -> Ends:
    """Give the ends that a schedule allows; when an effect is lost, the saga is rolled back, or the owner is told."""
    if any(fault.kind == Kind.EFFECT_LOST for fault in faults):
        return (End.COMPENSATED, End.ESCALATED)
    return model.ends(faults)


def _name(model: Model, faults: Schedule) -> str:
    """Give a schedule's name; the usual cause of an undoing is not named."""
    causes = {step.step: refusal(cause) for step, cause in schedules.undone_by_another(model)}
    last = faults[-1]
    alone = len(faults) == 2 and last.role == Role.COMPENSATE and last.occurrence in (None, 1)  # noqa: PLR2004
    return naming.name_of(model.saga, faults[1:] if alone and faults[0] == causes.get(last.step) else faults)


def _tier(saga: Saga, faults: Schedule) -> Tier:
    """Show a newcomer one scenario of each kind."""
    fault, step = faults[0], saga.step(faults[0].step)
    first = next((one.step for one in saga.steps if one.step_class == StepClass.COMPENSATABLE), None)
    if len(faults) > 1 or fault.role != Role.FORWARD:
        return Tier.NIGHTLY
    shown = {
        (Kind.REFUSED, False): step.step_class == StepClass.COMPENSATABLE,
        (Kind.REPLY_LOST, False): True,
        (Kind.REPLY_LOST, True): step.step_class == StepClass.RETRIABLE or step.step == first,
    }
    return Tier.DEMO if shown.get((fault.kind, fault.persistent)) else Tier.NIGHTLY


def _skipped(saga: Saga) -> Iterator[Scenario]:
    """A step whose condition does not hold is not run: the saga is committed without it, or undone without it."""
    for step in saga.steps:
        fields = branches.fields_without(saga.payload, step)
        if fields is None:
            continue
        title = f"The condition of {step.step} does not hold"
        skipped, payload = _conditionless(saga, fields), tuple(fields.items())
        name = f"skipped-{step.step}".replace(":", "-")
        yield Scenario(name, title, "", Tier.DEMO, (), frozenset(), (End.COMMITTED,), payload)
        others = [one for one in saga.steps if one.step not in skipped and can_refuse(one) and not one.optional]
        if others:
            made = _of(Model(saga, skipped), (refusal(others[-1]),))
            yield replace(
                made, name=f"{name}-{made.name}", title=f"{title}; {made.faults[0].text}", tier=Tier.NIGHTLY, payload=payload
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
    for step in (one for one in saga.steps if one.compensate is not None):
        chain = chains[step.step]
        if sum(slow[name] for name in chain) >= saga.timeout_ms + _MARGIN_MS and _is_waited_for(saga, step):
            faults = tuple(Fault(name, Role.FORWARD, Kind.SLOW, lasts_ms=slow[name]) for name in chain)
            name, title = f"out-of-time-at-{step.step}".replace(":", "-"), naming.title_of(faults)
            yield Scenario(name, title, "F20", Tier.NIGHTLY, faults, frozenset(), (End.COMPENSATED,))
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


def _beside(saga: Saga) -> Iterator[Scenario]:
    """A second saga runs on the resources of the first one, from its beginning to its end, after each step of the first."""
    for step in saga.steps:
        name = f"two-sagas-at-{step.step}".replace(":", "-")
        title = f"A second saga on the same resources runs as soon as {step.step} of the first one is done"
        yield Scenario(
            name, title, "F13", Tier.NIGHTLY, (), frozenset(), (End.COMMITTED, End.COMPENSATED), sagas=2, beside=step.step
        )


def _checked(model: Model) -> Iterator[Scenario]:
    """The checker looks at a saga that is as it should be: while a status call fails, it must not undo anything."""
    for step in (one for one in model.saga.steps if one.status is not None):
        fault = Fault(step.step, Role.STATUS, Kind.UNAVAILABLE, None)
        name = f"checker-{naming.name_of(model.saga, (fault,))}"
        title = f"The checker looks at a committed saga, and {fault.text}"
        yield Scenario(name, title, "F11", Tier.NIGHTLY, (fault,), frozenset(), (End.COMMITTED,), checked=True)
