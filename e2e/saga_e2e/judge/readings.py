"""What the reading of an effect says: which declared world it shows, and whether it speaks of one step alone (pure)."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from typing import Any, Protocol

from saga_contracts.declare import templates
from saga_contracts.declare.saga import Probe, Request, Saga, Step
from saga_contracts.wire import replies
from saga_contracts.wire.readings import taken

_APPLIED = frozenset({"applied", "in_progress"})
_WITHOUT = frozenset({"absent", "compensated", "refused"})


class Seen(Protocol):
    """What was seen of a step when its participant was asked directly."""

    @property
    def status(self) -> str | None:
        """What the status call told; None when the step declares none."""

    @property
    def probe(self) -> Any:
        """What the effect probe read; None when it was not read."""

    @property
    def probe_trouble(self) -> str:
        """Why it was not read."""

    @property
    def context(self) -> Mapping[str, Any]:
        """The values of the step's templates."""


def worlds(step: Step, found: Seen, *, refusing: bool) -> frozenset[str] | None:
    """Say which of the step's declared worlds the probe's reading equals: `applied`, `without` (no effect).

    Args:
        step: The step.
        found: What was read.
        refusing: Was its participant put into the refusing precondition?

    Returns:
        None when there is no reading.
    """
    if step.probe is None or found.probe_trouble:
        return None
    reads = step.probe.reads
    without = reads.refusing if refusing and reads.refusing is not None else reads.before
    declared = {"applied": reads.applied, "without": without}
    return frozenset(
        name for name, fields in declared.items() if replies.fits_body(fields, taken(fields, found.probe), found.context) is None
    )


def claims(step: Step, found: Seen, *, shared: bool) -> frozenset[bool]:
    """Say what speaks for an effect that is there or is to come (True) and for none (False): status call and probe.

    Args:
        step: The step.
        found: What its participant said.
        shared: Does another step's probe read the same, so that this one's proves nothing?

    Returns:
        Empty when neither tells; both when they contradict one another.
    """
    told = {True} if found.status in _APPLIED else {False} if found.status in _WITHOUT else set[bool]()
    seen = None if shared else worlds(step, found, refusing=False)
    if seen is not None and len(seen) == 1:
        told.add("applied" in seen)
    return frozenset(told)


def reading(step: Step, found: Seen) -> Any:
    """Give the part of the probe's reading that the saga file declares; all of it when nothing of that can be read."""
    declared = None if step.probe is None else taken(_declared(step.probe), found.probe)
    if declared is None:
        return found.probe
    return {name: value for name, value in declared.items() if value is not None or name in found.probe}


def shared_probes(saga: Saga, found: Mapping[str, Seen]) -> dict[str, str]:
    """Say of which steps the effects cannot be told apart, since their probes read the same field at the same address.

    Args:
        saga: The saga.
        found: What was seen of each step, by its name.

    Returns:
        The reason in words, by step.
    """
    places: dict[tuple[str, str, str], list[Step]] = {}
    for step in saga.steps:
        if step.probe is not None and step.probe.request is not None and not found[step.step].probe_trouble:
            places.setdefault(_address(step, step.probe.request, found[step.step]), []).append(step)
    reasons: dict[str, str] = {}
    for one, other in (pair for steps in places.values() for pair in combinations(steps, 2)):
        field = _common_field(one.probe, other.probe)
        if field is not None:
            for step, twin in ((one, other), (other, one)):
                reasons.setdefault(step.step, f"the probe of {twin.step} reads {field} at the same address")
    return reasons


def _address(step: Step, request: Request, found: Seen) -> tuple[str, str, str]:
    filled = templates.fill([request.path, request.query, request.body], found.context)
    return step.participant, request.method, str(filled)


def _common_field(one: Probe | None, other: Probe | None) -> str | None:
    """Give a field that both read, or that one reads as a part of what the other reads."""
    if one is None or other is None:
        return None
    for left in _fields(_declared(one)):
        for right in _fields(_declared(other)):
            if left[: len(right)] == right or right[: len(left)] == left:
                shorter = min(left, right, key=len)
                return f"the same field `{'.'.join(shorter)}`" if shorter else "the same"
    return None


def _declared(probe: Probe) -> dict[str, Any]:
    reads = probe.reads
    found = dict(reads.before)
    for world in (reads.applied, reads.refusing or {}):
        found.update({name: _merged(found.get(name), value) for name, value in world.items()})
    return found


def _merged(one: Any, other: Any) -> Any:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return {name: _merged(one.get(name), other.get(name)) for name in (*one, *other)}
    return one if other is None else other


def _fields(value: Any, where: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Give the places of all values that are no objects."""
    if isinstance(value, Mapping) and value and set(value) != {templates.LIKE}:
        inside: Iterable[Iterator[tuple[str, ...]]] = (_fields(member, (*where, name)) for name, member in value.items())
        for fields in inside:
            yield from fields
    else:
        yield where
