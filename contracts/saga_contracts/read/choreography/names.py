"""Every name that stands somewhere is declared, once, and is what it is taken for (pure)."""

from collections.abc import Iterable, Iterator

from saga_contracts.declare.problems import Path, Problem, did_you_mean
from saga_contracts.declare.saga import Saga

Place = tuple[Path, str]


def problems(saga: Saga) -> Iterator[Problem]:
    """Give every name that is not known, or stands twice."""
    known = list(saga.events)
    for at, name in _events(saga):
        if name not in saga.events:
            yield Problem(at, f"There is no event `{name}`.", did_you_mean(name, known))
    yield from _twice(saga)
    reactions = [one.reaction for one in saga.reactions]
    for at, name in _reactions(saga):
        if name not in reactions:
            yield Problem(at, f"There is no reaction `{name}`.", did_you_mean(name, reactions))
    steps = [one.step for one in saga.steps]
    for name, event in saga.events.items():
        if event.step is not None and event.step not in steps:
            yield Problem(("events", name, "step"), f"There is no step `{event.step}`.", did_you_mean(event.step, steps))


def _events(saga: Saga) -> Iterator[Place]:
    if saga.start is not None:
        yield ("start", "event"), saga.start.event
    for index, one in enumerate(saga.reactions):
        at: Path = ("reactions", index)
        yield from _listed((*at, "on"), one.on.events)
        if one.on.otherwise is not None:
            yield (*at, "on", "otherwise"), one.on.otherwise
        yield from _listed((*at, "emits", "done"), one.emits.done)
        yield from _listed((*at, "emits", "refused"), one.emits.refused)
    for index, timer in enumerate(saga.timers):
        yield ("timers", index, "starts"), timer.starts
        yield from _listed(("timers", index, "ends"), timer.ends)
        yield ("timers", index, "emits"), timer.emits
    if saga.ends is not None:
        yield from _listed(("ends", "committed", "events"), saga.ends.committed.events)
        yield from _listed(("ends", "compensated", "events"), saga.ends.compensated.events if saga.ends.compensated else ())
    if saga.policies.poison is not None and saga.policies.poison.emits is not None:
        yield ("policies", "poison", "emits"), saga.policies.poison.emits


def _reactions(saga: Saga) -> Iterator[Place]:
    for index, one in enumerate(saga.reactions):
        if one.undoes is not None:
            yield ("reactions", index, "undoes"), one.undoes
    if saga.ends is not None:
        yield from _listed(("ends", "committed", "applied"), saga.ends.committed.applied)
        yield from _listed(("ends", "compensated", "applied"), saga.ends.compensated.applied if saga.ends.compensated else ())


def _twice(saga: Saga) -> Iterator[Problem]:
    places: list[Place] = [(("steps", index, "step"), one.step) for index, one in enumerate(saga.steps)]
    places += [(("reactions", index, "reaction"), one.reaction) for index, one in enumerate(saga.reactions)]
    places += [(("timers", index, "timer"), one.timer) for index, one in enumerate(saga.timers)]
    seen: set[str] = set()
    for at, name in places:
        if name in seen and at[0] != "steps":  # of steps the rules of steps speak
            yield Problem(at, f"The name `{name}` stands twice.", "Give each step, reaction and timer its own name.")
        seen.add(name)


def _listed(at: Path, names: Iterable[str]) -> Iterator[Place]:
    return ((at, name) for name in names)
