"""Brings a scenario to where its saga runs: preconditions, what is kept of a participant's data, the creation and its faults.

A second saga on the same resources has a payload of its own but for the fields that name what both have in common, and only what
is its own is set up for it.
"""

import random
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from saga_contracts.declare import conditions, templates
from saga_contracts.declare.saga import Saga, Step, Under
from saga_contracts.derive import resources
from saga_contracts.derive.slices import step_slice
from saga_contracts.errors import SagapactError
from saga_contracts.wire import branches
from saga_contracts.wire.fresh import fresh_payload
from saga_e2e.derive.faults import Fault, Kind, Role, on_the_way
from saga_e2e.derive.scenarios import Scenario
from saga_e2e.judge.evidence import SagaRecord
from saga_e2e.play.watching import Watch
from saga_e2e.proxy.trace import Asked

Json = Mapping[str, Any]


@dataclass(slots=True)
class Subject:
    """One saga of a scenario.

    Attributes:
        saga_id: Its id; empty until it is created.
        request_id: Under which it was created.
        payload: What it is started with.
        before: What each probe read before it was created, by step, where that was asked.
    """

    payload: Json
    request_id: str = field(default_factory=lambda: f"e2e-{uuid.uuid4().hex}")
    saga_id: str = ""
    before: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Begun:
    """A scenario whose saga was created, or is about to be.

    Attributes:
        subjects: Its sagas, the first one first.
        creations: The ids that the creation calls of one request gave; empty when there was one call.
        sums: The conserved quantities before the creation.
        put_back: Puts a participant's data back behind its back.
    """

    scenario: Scenario
    began_ms: float
    subjects: list[Subject]
    creations: list[str] = field(default_factory=list)
    sums: dict[str, float | None] = field(default_factory=dict)
    put_back: Callable[[], None] | None = None

    @property
    def first(self) -> Subject:
        """The first saga."""
        return self.subjects[0]

    @property
    def payloads(self) -> list[Json]:
        """What the sagas are started with."""
        return [one.payload for one in self.subjects]


class Starter:
    """Starts the sagas of scenarios.

    Args:
        watch: Knows the topology and its services.
    """

    def __init__(self, watch: Watch) -> None:
        self._watch, self._topology, self._services = watch, watch.topology, watch.services
        self._saga: Saga = watch.topology.saga

    def prepared(self, scenario: Scenario) -> Begun:
        """Make the payloads of a scenario; nothing is asked of any service."""
        payload = branches.with_fields(self._saga.payload, self._fresh(), dict(scenario.payload))
        begun = Begun(scenario, self._topology.proxy.now_ms(), [Subject(payload)])
        if scenario.sagas > 1:
            common = {name: templates.look_up(name, payload) for name in in_common(self._saga)}
            begun.subjects.append(Subject(branches.with_fields(self._saga.payload, self._fresh(), common)))
        return begun

    def start(self, begun: Begun) -> None:
        """Set up what a scenario needs, and create its first saga under its faults."""
        scenario, first = begun.scenario, begun.first
        for step in self._run(first.payload):
            refusing = Under.REFUSING if step.step in scenario.refusing else Under.ENOUGH
            two = step.given.enough_for_two if scenario.sagas > 1 else None
            self._services.set_up(step, two or step.given.states(refusing), first.payload)
        for other in begun.subjects[1:]:
            self._set_up_other(other)
        if self._saga.conserved:
            begun.sums = self._services.sums(begun.payloads)
        if scenario.sagas > 1:
            for one in begun.subjects:
                one.before = self._read(one)
        lost = next((fault for fault in scenario.faults if fault.kind == Kind.EFFECT_LOST), None)
        if lost is not None:
            begun.put_back = self._keep(self._saga.step(lost.step).participant)
        self._create(begun)

    def start_other(self, begun: Begun) -> Subject:
        """Create the second saga of a scenario."""
        other = begun.subjects[1]
        other.saga_id = self._services.create(other.request_id, other.payload)
        self._open(other, ())
        return other

    def create_again(self, begun: Begun) -> None:
        """Repeat the creation of a scenario's first saga, as an owner does that heard nothing."""
        again = self._services.create(begun.first.request_id, begun.first.payload)
        begun.creations = [begun.first.saga_id, again]

    def _create(self, begun: Begun) -> None:
        scenario, first = begun.scenario, begun.first
        down = next((fault for fault in scenario.faults if fault.kind == Kind.DOWN), None)
        with ExitStack() as until_up:
            if down is not None:
                name = self._saga.step(down.step).participant
                until_up.enter_context(self._topology.proxy.while_down(name))
                until_up.enter_context(self._topology.down(name))
            first.saga_id = self._created(begun)
            self._open(first, scenario.faults if not self._is_about_the_checker(scenario) else (), scenario.beside)
            if down is not None:
                self._watch.give_up.wait(down.lasts_ms / 1000)

    def _created(self, begun: Begun) -> str:
        """Create a saga once, or as often as the fault of its creation says."""
        first = begun.first
        kinds = {fault.kind for fault in begun.scenario.faults if fault.role == Role.CREATION}
        if Kind.OVERLAPPED in kinds:
            with ThreadPoolExecutor(2) as both:
                made = [both.submit(self._services.create, first.request_id, first.payload) for _ in range(2)]
                begun.creations = [one.result() for one in made]
        else:
            times = 2 if Kind.REPLY_LOST in kinds else 1
            begun.creations = [self._services.create(first.request_id, first.payload) for _ in range(times)]
        for other in set(begun.creations[1:]) - {begun.creations[0]}:
            self._topology.proxy.open(other)
        first.saga_id, begun.creations = begun.creations[0], begun.creations if len(begun.creations) > 1 else []
        return first.saga_id

    def _open(self, one: Subject, faults: Sequence[Fault], stops_after: str = "") -> None:
        met = [part for fault in faults for part in on_the_way(self._saga, fault)]
        self._topology.proxy.open(one.saga_id, met, lambda step: self._ask_now(one, step), stops_after)

    def _ask_now(self, one: Subject, name: str) -> Asked:
        """Ask a step's participant what is true at this moment."""
        found = self._services.ask(self._saga.step(name), one.saga_id, one.payload, self._watch.record(one.saga_id))
        return Asked(found.status, found.probe, found.probe_trouble, found.context)

    def _read(self, one: Subject) -> dict[str, Any]:
        nothing = SagaRecord("", (), {})
        found = (self._services.ask(step, one.request_id, one.payload, nothing) for step in self._saga.steps)
        return {step.step: step.probe for step in found if not step.probe_trouble}

    def _keep(self, participant: str) -> Callable[[], None]:
        with self._topology.proxy.while_down(participant):
            put_back = self._topology.snapshot(participant)

        def behind_its_back() -> None:
            with self._topology.proxy.while_down(participant):
                put_back()

        return behind_its_back

    def _set_up_other(self, other: Subject) -> None:
        """Set up what is the second saga's own: what both have in common is there already."""
        common = in_common(self._saga)
        for step in self._run(other.payload):
            slice_ = step_slice(self._saga, step.step)
            shared = resources.of_lock(slice_) or resources.had_in_common(slice_)
            if not shared & common:
                self._services.prepare(step, other.payload, Under.ENOUGH)

    def _run(self, payload: Json) -> list[Step]:
        context = {"payload": payload, "outputs": self._saga.outputs}
        return [step for step in self._saga.steps if conditions.runs(step, context)]

    def _fresh(self) -> dict[str, Any]:
        try:
            return fresh_payload(self._saga.payload, random.SystemRandom())
        except ValueError as error:
            raise SagapactError(str(error)) from None

    @staticmethod
    def _is_about_the_checker(scenario: Scenario) -> bool:
        return scenario.checked and Kind.EFFECT_LOST not in {fault.kind for fault in scenario.faults}


def in_common(saga: Saga) -> frozenset[str]:
    """Give the fields of the payload that two sagas on one resource have in common; none: the file names no such resource."""
    slices = [step_slice(saga, step.step) for step in saga.steps]
    for_two = [resources.had_in_common(one) for one in slices if one.step.given.enough_for_two is not None]
    return frozenset().union(*map(resources.of_lock, slices), *for_two)
