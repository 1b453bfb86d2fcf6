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
Place = tuple[str, ...]
"""Where a value stands in a reading: names of fields, from the outside in."""


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

    @property
    def place(self) -> str:
        """Where the probe read, when that is no call of the API."""


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
    """Say of which steps the effects are read at one place with another's: their probes read one field at one address.

    Args:
        saga: The saga.
        found: What was seen of each step, by its name.

    Returns:
        The reason in words, by step.
    """
    reasons: dict[str, str] = {}
    for one, other, field in sharing([(step.step, step, found[step.step]) for step in saga.steps]):
        for name, twin in ((one, other), (other, one)):
            reasons.setdefault(name, f"the probe of {twin} reads {field} at the same address")
    return reasons


def sharing(named: Iterable[tuple[str, Step, Seen]]) -> Iterator[tuple[str, str, str]]:
    """Give each two whose probes read one field at one address, with the field in words.

    Args:
        named: Steps with a name each, which may be of several sagas, and what was seen of them.
    """
    places: dict[tuple[str, str, str], list[tuple[str, Step]]] = {}
    for name, step, seen in named:
        if step.probe is not None and not seen.probe_trouble and (seen.place or step.probe.request is not None):
            places.setdefault(_address(step, step.probe.request, seen), []).append((name, step))
    for (one, first), (other, second) in (pair for steps in places.values() for pair in combinations(steps, 2)):
        field = _common_field(first.probe, second.probe)
        if field is not None:
            yield one, other, field


def declared_places(step: Step) -> tuple[Place, ...]:
    """Give the places of all values that a step's probe declares."""
    return () if step.probe is None else tuple(_fields(_declared(step.probe)))


def is_example(value: Any) -> bool:
    """Is a declared value an example only, such as `{$like: 1}`?"""
    return isinstance(value, Mapping) and set(value) == {templates.LIKE}


def _address(step: Step, request: Request | None, found: Seen) -> tuple[str, str, str]:
    if found.place or request is None:
        return step.participant, "", found.place
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


def _fields(value: Any, where: Place = ()) -> Iterator[Place]:
    """Give the places of all values that are no objects."""
    if isinstance(value, Mapping) and value and set(value) != {templates.LIKE}:
        inside: Iterable[Iterator[Place]] = (_fields(member, (*where, name)) for name, member in value.items())
        for fields in inside:
            yield from fields
    else:
        yield where
