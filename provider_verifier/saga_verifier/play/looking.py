"""Looking at a step: what its effect probe reads and what its status call tells, as far as the level of adoption looks at it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from saga_contracts.declare import elements, templates
from saga_contracts.derive.adoption import Evidence, looks_at
from saga_contracts.derive.expectations import World
from saga_contracts.derive.slices import StepSlice
from saga_contracts.wire import readings
from saga_contracts.wire.likeness import same, short
from saga_verifier.access import METHODS, Prober
from saga_verifier.play import own_outputs
from saga_verifier.play.called import Called, Instance
from saga_verifier.play.driver import Driver
from saga_verifier.play.own_outputs import CannotCallError


@dataclass(slots=True)
class Reading:
    """What was seen at one moment.

    Attributes:
        fields: The fields that matter, as the probe read them; None when there is no probe, or it could not be read.
        probed: The call of the probe.
        told: What each of two status calls told.
        unasked: Why the status could not be asked; empty when it was, or was not to be.
    """

    fields: dict[str, Any] | None = None
    probed: Called | None = None
    told: list[Called] = field(default_factory=list)
    unasked: str = ""

    @property
    def found(self) -> str:
        """What the probe read, in words."""
        if self.fields is not None or self.probed is None:
            return short(self.fields)
        status = self.probed.status
        if status is None and not self.probed.error:
            return short(self.probed.body)
        return f"{status} {short(self.probed.body)}" if status is not None else f"nothing: it {self.probed.error}"

    @property
    def unread(self) -> str:
        """Why the effect could not be read, in words."""
        if self.probed is not None and self.probed.method in METHODS and self.probed.error:
            return f"the effect cannot be read: {self.probed.error}"
        return f"the effect cannot be read: the probe was answered {self.found}"


def reads_its_own(slice_: StepSlice, prober: Prober | None = None) -> bool:
    """Does what the probe of an instance reads stay as it is when another instance is played?

    So it is when its address is the instance's own, and its preconditions are, or make no difference to what is read.
    """
    probe, given = slice_.step.probe, slice_.step.given
    if probe is None or Evidence.EFFECT not in looks_at(slice_.level):
        return True
    request = probe.request.model_dump() if probe.request is not None else None
    asked = _are_its_own(slice_, templates.names_in(request) if prober is None else prober.names)
    states = [*(given.retryable or ()), *([*given.enough, *given.refusing] if probe.reads.refusing is not None else ())]
    return asked and all(_are_its_own(slice_, templates.names_in(one.params)) for one in states)


def keeps_its_own(slice_: StepSlice, prober: Prober | None = None) -> bool:
    """Does the effect of an instance stay when another instance is played: is every precondition the instance's own?"""
    given = slice_.step.given
    states = [*given.enough, *given.refusing, *(given.retryable or ())]
    return reads_its_own(slice_, prober) and all(_are_its_own(slice_, templates.names_in(one.params)) for one in states)


def is_apart(slice_: StepSlice, prober: Prober | None = None) -> bool:
    """May instances be played beside each other: is nothing they call, read, lock or ask for the same?"""
    step = slice_.step
    made: list[Any] = [
        one.request.model_dump() for one in (step.forward, step.compensate, step.status, step.lookup) if one is not None
    ]
    made += [step.semantic_lock.resource] if step.semantic_lock is not None else []
    return keeps_its_own(slice_, prober) and all(
        _are_its_own(slice_, names) or any(name.startswith("outputs.") for name in names)
        for names in map(templates.names_in, made)
    )


def _are_its_own(slice_: StepSlice, names: Iterable[str]) -> bool:
    """Is among the names of templates one whose value no other instance has?"""
    return any(name in ("key", "saga_id") or elements.in_payload(slice_.step, name) in slice_.payload.fresh for name in names)


class Looking:
    """Looks at one step of a participant.

    Attributes:
        probes: Is the effect read?
        asks: Is the status asked?

    Args:
        driver: Calls the participant.
        asks_status: May the status be asked at all?
        note: Told of each call.
    """

    def __init__(self, driver: Driver, note: Callable[[Called], None], *, asks_status: bool = True) -> None:
        step, looked_at = driver.slice.step, looks_at(driver.slice.level)
        self._driver, self._note = driver, note
        readable = step.probe is not None and (driver.prober is not None or step.probe.request is not None)
        self.probes = Evidence.EFFECT in looked_at and readable
        self.asks = Evidence.STATUS in looked_at and step.status is not None and asks_status

    @property
    def evidence(self) -> frozenset[Evidence]:
        """What is looked at; replies always are."""
        looked_at = {Evidence.EFFECT: self.probes, Evidence.STATUS: self.asks, Evidence.REPLY: True}
        return frozenset(kind for kind, is_looked_at in looked_at.items() if is_looked_at)

    def read(self, instance: Instance, *, asks: bool = False) -> Reading:
        """Read the effect; then ask for the status, twice: asking must not change anything (O15)."""
        reading = Reading()
        if self.probes:
            reading.probed = self._noted(self._driver.probe(instance))
            reading.fields = self._named_fields(reading.probed)
        if asks and self.asks:
            try:
                reading.told = [self._told(instance) for _ in range(2)]
            except CannotCallError as error:
                reading.unasked = str(error)
        return reading

    def _told(self, instance: Instance) -> Called:
        instance, sought = own_outputs.known(self._driver, instance, "status", self._note)
        return own_outputs.unsent_status(sought) if sought is not None else self._noted(self._driver.status(instance))

    def fits(self, reading: Reading, instance: Instance, worlds: tuple[World, ...]) -> bool:
        """Does the probe read one of these worlds?"""
        found = reading.fields
        return found is not None and any(
            all(same(value, found.get(name)) for name, value in self.declared(instance, world).items()) for world in worlds
        )

    def declared(self, instance: Instance, world: World) -> dict[str, Any]:
        """Give the fields that the probe must read in a world."""
        probe = self._driver.slice.step.probe
        assert probe is not None  # noqa: S101  (only asked where there is one)
        reads = {World.APPLIED: probe.reads.applied, World.REFUSING: probe.reads.refusing or probe.reads.before}
        filled: dict[str, Any] = templates.fill(reads.get(world, probe.reads.before), self._driver.context(instance))
        return filled

    def _noted(self, called: Called) -> Called:
        self._note(called)
        return called

    def _named_fields(self, read: Called) -> dict[str, Any] | None:
        probe = self._driver.slice.step.probe
        return None if probe is None or read.error else readings.taken(probe.reads.before, read.body)
