"""Several effects that are read at one place: which of them, together, make the reading (pure).

A step's effect is the change from what its probe reads before to what it reads applied. Numbers change by sums, lists by members;
any other value is the one of an effect that is there. So of n steps that read one field the reading tells which of them have
their effect, as far as only one set of them makes it. The steps may be those of two sagas on one resource.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, combinations
from typing import Any

from saga_contracts.declare import templates
from saga_contracts.declare.saga import Step
from saga_contracts.wire.likeness import same
from saga_contracts.wire.readings import taken
from saga_e2e.judge.evidence import StepEvidence
from saga_e2e.judge.readings import Place, declared_places, is_example

MOST = 10
"""Of so many effects at one place every set is tried."""


@dataclass(frozen=True)
class Member:
    """One effect at the place.

    Attributes:
        name: The step's name; of another saga, with a mark of its own.
        saga_id: Whose effect it is.
        refusing: Was its participant put into the refusing precondition?
    """

    name: str
    saga_id: str
    step: Step
    found: StepEvidence
    refusing: bool = False


@dataclass(frozen=True)
class _Change:
    """What one effect makes of the value at one place."""

    name: str
    before: Any
    applied: Any


def explanations(members: Sequence[Member]) -> tuple[frozenset[str], ...] | None:
    """Give each set of effects that makes what was read.

    Args:
        members: Effects that are read at one place.

    Returns:
        None when it cannot be told: too many effects, a changed precondition, values that do not add up to anything.
    """
    if len(members) > MOST or any(_is_refusing_otherwise(one) for one in members):
        return None
    places = {place for one in members for place in declared_places(one.step)}
    if any(a != b and a == b[: len(a)] for a in places for b in places):
        return None
    try:
        changes = {place: [*_changes(members, place)] for place in places}
        bases = {place: _base(members, place, changes[place]) for place in places if changes[place]}
    except (templates.TemplateError, _UnclearError):
        return None
    readings = {place: _read(members, place) for place in bases}
    names = [one.name for one in members]
    sets = map(frozenset, chain.from_iterable(combinations(names, size) for size in range(len(names) + 1)))
    return tuple(there for there in sets if all(_makes(bases[place], changes[place], there, readings[place]) for place in bases))


class _UnclearError(ValueError):
    """What was there before cannot be told."""


def _is_refusing_otherwise(member: Member) -> bool:
    reads = member.step.probe.reads if member.step.probe is not None else None
    return member.refusing and reads is not None and reads.refusing is not None and reads.refusing != reads.before


def _changes(members: Sequence[Member], place: Place) -> Iterator[_Change]:
    for member in members:
        assert member.step.probe is not None  # noqa: S101  (it was read)
        reads, context = member.step.probe.reads, member.found.context
        before, applied = _at(reads.before, place), _at(reads.applied, place)
        if place in declared_places(member.step) and not (is_example(before) or is_example(applied)):
            yield _Change(member.name, templates.fill(before, context), templates.fill(applied, context))


def _base(members: Sequence[Member], place: Place, changes: Sequence[_Change]) -> Any:
    """Give what was there before any effect: as it was read then, else as it is declared.

    Raises:
        _UnclearError: when the declared values neither agree nor follow from one another.
    """
    read = [member.found.before for member in members if member.found.before is not None]
    if read:
        return _at(taken([place[0]], read[0]), place)
    first, here = changes[0], changes[0].before
    for change in changes:
        if not same(change.before, first.before) and not same(change.before, here):
            raise _UnclearError
        here = _sum(here, [change])
    return first.before


def _read(members: Sequence[Member], place: Place) -> Any:
    reader = next(one for one in members if place in declared_places(one.step))
    return _at(taken([place[0]], reader.found.probe), place)


def _makes(base: Any, changes: Sequence[_Change], there: frozenset[str], read: Any) -> bool:
    made = _sum(base, [change for change in changes if change.name in there])
    if isinstance(made, list) and isinstance(read, list):
        return _counted(made) == _counted(read)
    return same(made, read)


def _sum(base: Any, changes: Sequence[_Change]) -> Any:
    """Give the value with some effects; of values that neither add nor join, the last that differs from before."""
    value = base
    for change in changes:
        if _is_number(value) and _is_number(change.before) and _is_number(change.applied):
            value = value + change.applied - change.before
        elif isinstance(value, list) and isinstance(change.before, list) and isinstance(change.applied, list):
            value = [*value, *_more(change.applied, change.before)]
        elif not same(change.before, change.applied):
            value = change.applied
    return value


def _more(applied: list[Any], before: list[Any]) -> Iterator[Any]:
    left = _counted(before)
    for one in applied:
        key = json.dumps(one, sort_keys=True)
        if left[key]:
            left[key] -= 1
        else:
            yield one


def _counted(members: list[Any]) -> Counter[str]:
    return Counter(json.dumps(one, sort_keys=True) for one in members)


def _at(value: Any, place: Place) -> Any:
    for name in place:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
