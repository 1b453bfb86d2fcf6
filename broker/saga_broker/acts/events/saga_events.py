"""What happens with decks, and what the broker finds out about sagas by itself, as events."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from saga_broker.acts.events.happening import Happened, happened
from saga_broker.events.event import DECK_BROKEN, DECK_PLAYED, Event
from saga_broker.settings import Settings
from saga_broker.store import deck_results as deck_store
from saga_broker.store import pacticipants as pacticipant_store
from saga_broker.store import sagas as saga_store
from saga_broker.store.deck_results import DeckResult
from saga_broker.store.triggered import About
from saga_contracts.wire import exact

BROKEN = "broken"


def announce_deck(connection: Connection, settings: Settings, base_url: str, result: DeckResult) -> None:
    """Write down that a deck was played, and that it broke: told once for a provider version, until it was mended."""
    executor = next(iter(saga_store.executing(connection, result.saga)), None)
    names = [DECK_PLAYED]
    earlier = deck_store.of_slice(connection, result.step, result.sha, result.provider_version_id)[1:]
    if _is_broken(result) and not (earlier and _is_broken(earlier[0])):
        names.append(DECK_BROKEN)
    told = {"step": result.step, "verdict": result.verdict, "reason": result.claim, "build_url": result.build_url}
    for name in names:
        event = Event(
            name,
            executor,
            result.provider,
            provider_version=result.provider_version,
            content_sha=result.sha,
            saga=result.saga,
            base_url=base_url,
            details=told,
        )
        _tell(connection, settings, event)


def announce_about_saga(connection: Connection, settings: Settings, name: str, saga: str, told: Mapping[str, Any]) -> Happened:
    """Write down something that the broker found out by itself.

    Args:
        connection: A transaction that writes.
        settings: For the calls.
        name: The event's name.
        saga: The saga.
        told: Fields of the event.
    """
    executor = next(iter(saga_store.executing(connection, saga)), None)
    base_url = settings.base_urls[0] if settings.base_urls else ""
    return _tell(connection, settings, Event(name, saga=saga, **{"consumer": executor, "base_url": base_url, **told}))


def _is_broken(result: DeckResult) -> bool:
    """Tell whether a deck broke; by its histories, since what a verifier concludes is not believed, unless it is pending."""
    histories = exact.loads(result.histories)
    return result.verdict != "pending" and any(one.get("verdict") == BROKEN for one in histories)


def _tell(connection: Connection, settings: Settings, event: Event) -> Happened:
    found = [None if name is None else pacticipant_store.find(connection, name) for name in (event.consumer, event.provider)]
    ids = [None if one is None else one.id for one in found]
    return happened(connection, settings, About(*ids), [event])
