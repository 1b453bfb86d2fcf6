"""Each reaction publishes what is its own, undoes what can be undone, and waits for what may come (pure)."""

from collections.abc import Iterator

from saga_contracts.declare.choreography.reactions import Reaction
from saga_contracts.declare.problems import Path, Problem
from saga_contracts.declare.saga import Saga, StepClass
from saga_contracts.read.choreography.waived import is_waived


def problems(saga: Saga) -> Iterator[Problem]:
    """Give every broken rule of single reactions, of publishers, and of the ends."""
    for index, one in enumerate(saga.reactions):
        at: Path = ("reactions", index)
        yield from _own_events(saga, one, at)
        yield from _waits(saga, one, at)
        yield from _class(one, at)
        yield from _undoes(saga, one, at)
    yield from _heard(saga)
    yield from _seen(saga)
    yield from _poison(saga)


def _own_events(saga: Saga, one: Reaction, at: Path) -> Iterator[Problem]:
    places = [((*at, "emits", "done"), name) for name in one.emits.done]
    places += [((*at, "emits", "refused"), name) for name in one.emits.refused]
    places += [((*at, "on", "otherwise"), one.on.otherwise)] if one.on.otherwise else []
    for here, name in places:
        event = saga.events.get(name)
        if event is not None and event.publisher != one.participant:
            what = f"`{name}` is published by {event.publisher}, and this reaction is one of {one.participant}."
            yield Problem(here, what, f"Let {one.participant} publish an event of its own, or correct `publisher`.")


def _waits(saga: Saga, one: Reaction, at: Path) -> Iterator[Problem]:
    on, here = one.on, (*at, "on")
    if bool(on.any) == bool(on.all):
        yield Problem(here, "It waits for one event of several (`any`), or for all of them (`all`).", "Write one of the two.")
        return
    if on.all and len(set(on.all)) == 1:
        yield Problem(here, "A join of one event is none.", f"Write `on: {on.all[0]}`, or add the other event.")
    if on.all and not is_waived(saga, "E8", one.reaction) and (on.within_ms is None or on.otherwise is None):
        what = "When one of the events never comes, this join waits for ever (E8)."
        yield Problem(here, what, "Add `within_ms` and `otherwise: EVENT`, which it publishes then.")
    if on.any and (on.within_ms is not None or on.otherwise is not None):
        yield Problem(here, "Only a join waits for more.", "Write `all`, or remove `within_ms` and `otherwise`; see `timers`.")


def _class(one: Reaction, at: Path) -> Iterator[Problem]:
    if one.step_class is None and one.undoes is None:
        what = "It is not said what may happen to this reaction once it is done."
        yield Problem(at, what, "Add `class`: compensatable, pivot, retriable or read_only.")
    if one.step_class == StepClass.RETRIABLE and one.emits.refused:
        what = "A retriable reaction never refuses (O25), and this one publishes a refusal."
        yield Problem((*at, "emits", "refused"), what, "Remove it, or correct the class.")
    if one.undoes is not None and one.emits.refused:
        what = "What undoes another reaction never refuses (O9)."
        yield Problem((*at, "emits", "refused"), what, "Remove it: the effect would stay for ever.")


def _undoes(saga: Saga, one: Reaction, at: Path) -> Iterator[Problem]:
    is_undone = any(other.undoes == one.reaction for other in saga.reactions)
    if one.is_compensatable and not is_undone and not is_waived(saga, "E12", one.reaction):
        what = f"`{one.reaction}` is compensatable, and no reaction undoes it (E12)."
        yield Problem((*at, "class"), what, f"Add a reaction with `undoes: {one.reaction}`, or correct the class.")
    if one.undoes is None:
        return
    undone = next((other for other in saga.reactions if other.reaction == one.undoes), None)
    if undone is None:
        return
    here = (*at, "undoes")
    if not undone.is_compensatable:
        yield Problem(here, f"`{one.undoes}` is not compensatable.", f"Write `class: compensatable` at `{one.undoes}`.")
    elif undone.participant != one.participant:
        what = f"`{one.undoes}` is a reaction of {undone.participant}, whose effects {one.participant} cannot undo."
        yield Problem(here, what, f"Let {undone.participant} hear the event, or name a reaction of {one.participant}.")


def _heard(saga: Saga) -> Iterator[Problem]:
    published = {name for one in saga.reactions for name in (*one.emits.done, *one.emits.refused, one.on.otherwise)}
    published |= {one.emits for one in saga.timers} | ({saga.start.event} if saga.start else set())
    published |= {name for name, event in saga.events.items() if event.step is not None}
    heard = {name for one in saga.reactions for name in one.on.events}
    heard |= {name for one in saga.timers for name in (one.starts, *one.ends)}
    if saga.policies.poison is not None:
        published.add(saga.policies.poison.emits)
    for shown in (saga.ends.committed, saga.ends.compensated) if saga.ends else ():
        heard |= set(shown.events) if shown else set()
    for name in saga.events:
        at: Path = ("events", name)
        if name not in published:
            yield Problem(at, f"Nobody publishes `{name}`.", "Name it in `emits` of who does, as `start`, or remove it.")
        if name not in heard:
            yield Problem(at, f"Nobody hears `{name}`.", "Name it in `on` of who does, or in `ends`, or remove it.")


def _seen(saga: Saga) -> Iterator[Problem]:
    probed = {one.reaction for one in saga.reactions if one.probe is not None}
    known = {one.reaction for one in saga.reactions}
    ends = (("committed", saga.ends.committed), ("compensated", saga.ends.compensated)) if saga.ends else ()
    for name, shown in ends:
        at: Path = ("ends", name)
        if shown is not None and not shown.events and not shown.applied:
            yield Problem(at, "Nothing shows this end.", "Name `events`, or reactions whose probe shows it (`applied`).")
        for one in shown.applied if shown is not None else ():
            if one in known and one not in probed:
                yield Problem((*at, "applied"), f"`{one}` has no probe by which its effect is seen.", f"Add `probe` at `{one}`.")
    if saga.ends is not None and saga.ends.compensated is None and any(one.is_compensatable for one in saga.reactions):
        what = "Reactions are undone, and it is not said by what that end is seen."
        yield Problem(("ends",), what, "Add `compensated: {events: [NAME]}`.")


def _poison(saga: Saga) -> Iterator[Problem]:
    if saga.reactions and saga.policies.poison is None and not is_waived(saga, "E10", saga.reactions[0].reaction):
        what = "It is not said what becomes of a message that cannot be processed (E10)."
        mend = "Add `policies: {poison: {dead_letters: CHANNEL, tells: PARTICIPANT}}`."
        yield Problem(("reactions",), what, mend)
