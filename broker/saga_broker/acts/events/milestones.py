"""Writes down what happens with versions and sagas: announced, deployed, released, published. Jobs and webhooks follow."""

from sqlalchemy import Connection

from saga_broker.acts.events.happening import happened
from saga_broker.events.event import ANNOUNCED, DEPLOYMENT, SAGA_PUBLISHED, Event
from saga_broker.rows import Environment, Version
from saga_broker.settings import Settings
from saga_broker.store.triggered import About

DEPLOYED, RELEASED, GONE = "deployed", "released", "gone"


def announced(connection: Connection, settings: Settings, base_url: str, version: Version) -> None:
    """Write down that somebody said how a version is started."""
    event = Event(ANNOUNCED, provider=version.pacticipant, provider_version=version.number, base_url=base_url)
    happened(connection, settings, About(provider_id=version.pacticipant_id), [event])


def deployed(
    connection: Connection, settings: Settings, base_url: str, version: Version, environment: Environment, kind: str = DEPLOYED
) -> None:
    """Write down that what is deployed or released changed.

    Args:
        connection: A transaction that writes.
        settings: For the calls.
        base_url: What links begin with.
        version: Whose version it is. Webhooks that name it as consumer or as provider are meant.
        environment: Where.
        kind: `DEPLOYED`, `RELEASED`, or `GONE`.
    """
    event = Event(
        DEPLOYMENT,
        provider=version.pacticipant,
        provider_version=version.number,
        environment=environment.name,
        base_url=base_url,
        details={"reason": kind},
    )
    happened(connection, settings, About(version.pacticipant_id, version.pacticipant_id), [event])


def saga_published(connection: Connection, settings: Settings, base_url: str, saga: str, executor: Version) -> None:
    """Write down that a saga file was published under a version of who executes it."""
    event = Event(SAGA_PUBLISHED, saga=saga, consumer=executor.pacticipant, consumer_version=executor.number, base_url=base_url)
    happened(connection, settings, About(consumer_id=executor.pacticipant_id), [event])
