"""Each event has a channel, an order, an identity and an example that fits its schema (pure)."""

from collections.abc import Iterator
from typing import Any

from saga_contracts.declare import schemas, templates
from saga_contracts.declare.choreography.events import Channel, Event
from saga_contracts.declare.problems import Path, Problem
from saga_contracts.declare.saga import Saga
from saga_contracts.declare.schemas.values import shortened
from saga_contracts.read.choreography.waived import is_waived

_BODY = "body."


def problems(saga: Saga) -> Iterator[Problem]:
    """Give every broken rule of single events, and of those that share a channel."""
    for name, event in saga.events.items():
        at: Path = ("events", name)
        yield from _channel(event.channel, (*at, "channel"))
        yield from _schema(event, at)
        if not is_waived(saga, "E7", name):
            yield from _order(event, at)
        if not is_waived(saga, "E4", name):
            yield from _business_key(event, at)
    yield from _one_key_for_a_channel(saga)
    yield from _one_queue_for_a_subscriber(saga)


def _channel(channel: Channel, at: Path) -> Iterator[Problem]:
    if bool(channel.topic) == bool(channel.exchange or channel.queue):
        what = "A channel is a topic, or an exchange with its queue, and one of the two."
        yield Problem(at, what, "Write `channel: NAME` for a topic, or `{exchange: NAME, routing_key: KEY, queue: NAME}`.")


def _schema(event: Event, at: Path) -> Iterator[Problem]:
    if event.json_schema is None:
        return
    faulty = schemas.faults(event.json_schema)
    for problem in faulty:
        yield Problem((*at, "schema", *problem.path), problem.what, problem.mend)
    for broken in () if faulty else schemas.faults_of(event.json_schema, event.example):
        what = f"The example does not fit the schema: {broken.what}."
        yield Problem((*at, "example", *broken.path), what, "Change the example or the schema.")


def _order(event: Event, at: Path) -> Iterator[Problem]:
    if event.keeps_order_by_queue:
        if event.channel.queue is None:
            what = "One queue is to keep the order, and no queue is named (E7)."
            yield Problem((*at, "ordered_by"), what, "Name the queue at `channel`, or give an `ordering_key`.")
        return
    if event.ordering_key is None:
        what = "Nothing keeps the messages of one run in order: the ordering key is missing (E7)."
        mend = 'Add `ordering_key: "{body.FIELD}"` with the id that all events of a run have, or `ordered_by: queue`.'
        yield Problem(at, what, mend)
        return
    names = list(templates.names_in(event.ordering_key))
    if not names:
        what = "The ordering key is the same for every run, so that all runs wait for one another (E7)."
        yield Problem((*at, "ordering_key"), what, 'Let it name a field of the body, such as "{body.order_id}".')
    for name in names:
        if not _stands(name, event.example):
            what = f"The example holds no `{name}`, so that the ordering key cannot be written."
            yield Problem((*at, "ordering_key"), what, "Name a field of the body as `{body.FIELD}`, or add it to the example.")


def _business_key(event: Event, at: Path) -> Iterator[Problem]:
    if not event.business_key:
        what = "Two messages about the same thing cannot be known: the business key is missing (E4)."
        yield Problem(at, what, "Add `business_key: [FIELD]` with the fields of the body that say what it is about.")
    for index, name in enumerate(event.business_key):
        if not _stands(_BODY + name, event.example):
            what = f"The example holds no field `{name}`."
            yield Problem((*at, "business_key", index), what, "Name a field of the body by dots, or add it to the example.")


def _one_key_for_a_channel(saga: Saga) -> Iterator[Problem]:
    """The examples are of one run: on one topic its events are in order only under the same key."""
    seen: dict[str, tuple[str, Any]] = {}
    for name, event in saga.events.items():
        if event.ordering_key is None or event.channel.topic is None or is_waived(saga, "E7", name):
            continue
        try:
            key = templates.fill(event.ordering_key, {"body": event.example})
        except templates.TemplateError:
            continue
        other, known = seen.setdefault(event.channel.topic, (name, key))
        if known != key:
            keys = f"Its key {shortened(repr(key))} and that of `{other}` ({shortened(repr(known))})"
            what = f"{keys} differ in the examples of one run, so that {event.channel.topic} does not keep them in order (E7)."
            yield Problem(("events", name, "ordering_key"), what, "Use the id that both have, and the same one in both examples.")


def _one_queue_for_a_subscriber(saga: Saga) -> Iterator[Problem]:
    """Where queues keep the order, all that one participant hears of a run must come through one."""
    queues: dict[str, tuple[str, str]] = {}
    for index, reaction in enumerate(saga.reactions):
        for name in reaction.on.events:
            event = saga.events.get(name)
            if event is None or not event.keeps_order_by_queue or event.channel.queue is None or is_waived(saga, "E7", name):
                continue
            other, queue = queues.setdefault(reaction.participant, (name, event.channel.queue))
            if queue != event.channel.queue:
                what = f"{reaction.participant} hears `{name}` by the queue {event.channel.queue} and `{other}` by {queue}: "
                mend = f"Bind one queue of {reaction.participant} to both, or give both an `ordering_key`."
                yield Problem(("reactions", index, "on"), f"{what}nothing keeps the two in order (E7).", mend)


def _stands(name: str, example: Any) -> bool:
    try:
        templates.look_up(name, {"body": example})
    except templates.TemplateError:
        return False
    return True
