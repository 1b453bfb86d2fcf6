"""What follows from publishing a pact or a result: which events happened, with what each tells."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from saga_broker.acts import notices
from saga_broker.acts.events.happening import Happened, happened
from saga_broker.acts.metadata import Metadata
from saga_broker.events.event import (
    CONTENT_CHANGED,
    FAILED,
    PUBLISHED,
    REQUIRES_VERIFICATION,
    SUCCEEDED,
    VERIFICATION,
    Event,
)
from saga_broker.rows import Publication, Verification
from saga_broker.settings import Settings
from saga_broker.store import pacts as pact_store
from saga_broker.store import tags as tag_store
from saga_broker.store import verifications as verification_store
from saga_broker.store import versions as version_store
from saga_broker.store.pacts import Which
from saga_broker.store.triggered import About


@dataclass(frozen=True, slots=True)
class Announced:
    """What happened with a pact.

    Attributes:
        comments: Why its content counts as changed; empty when it does not.
        tags: Of the consumer version.
        needs_verification: Some provider version that matters has no result for this content.
        happened: The calls that follow.
    """

    comments: tuple[str, ...]
    tags: tuple[str, ...]
    needs_verification: bool
    happened: Happened


def announce_pact(
    connection: Connection, settings: Settings, base_url: str, pact: Publication, *, is_stored: bool, told: dict[str, Any]
) -> Announced:
    """Write down that a pact was published.

    Args:
        connection: A transaction that writes.
        settings: For the calls.
        base_url: What links begin with.
        pact: The publication.
        is_stored: There is something new; False when the same was there already.
        told: What else is known of the occasion; it stands in the log of calls.
    """
    found = tag_store.of_versions(connection, [pact.version_id]).get(pact.version_id, [])
    tags = tuple(tag.name for tag in sorted(found, key=lambda tag: tag.created_at))
    comments = _changes(connection, pact, tags) if is_stored else ()
    lacking = verification_store.lacking(connection, pact.provider_id, pact.content_id)
    events = [_event(PUBLISHED, pact, base_url, told)]
    if comments:
        events.append(_event(CONTENT_CHANGED, pact, base_url, told))
    events += [
        _event(REQUIRES_VERIFICATION, pact, base_url, {**told, "descriptions": list(descriptions)}, provider_version=number)
        for number, descriptions in lacking.items()
    ]
    about = About(pact.consumer_id, pact.provider_id, pact.version_id)
    return Announced(comments, tags, bool(lacking), happened(connection, settings, about, events))


def announce_result(
    connection: Connection, settings: Settings, base_url: str, pact: Publication, result: Verification, meta: Metadata
) -> None:
    """Write down that a result was published: once for each consumer version that the pact was chosen for."""
    outcome = SUCCEEDED if result.success else FAILED
    for number, version_id, tags in _chosen(connection, pact, meta):
        told: dict[str, Any] = {"build_url": result.build_url}
        if tags is not None:
            told["consumer_version_tags"] = tags
        events = [
            Event(
                name,
                consumer=pact.consumer,
                provider=pact.provider,
                consumer_version=number,
                provider_version=result.provider_version,
                content_sha=pact.sha,
                verification_id=result.id,
                base_url=base_url,
                details=told,
            )
            for name in (VERIFICATION, outcome)
        ]
        happened(connection, settings, About(pact.consumer_id, pact.provider_id, version_id, result.id), events)


def _event(name: str, pact: Publication, base_url: str, details: dict[str, Any], provider_version: str | None = None) -> Event:
    return Event(
        name,
        consumer=pact.consumer,
        provider=pact.provider,
        consumer_version=pact.number,
        provider_version=provider_version,
        content_sha=pact.sha,
        base_url=base_url,
        details=details,
    )


def _chosen(connection: Connection, pact: Publication, meta: Metadata) -> list[tuple[str, int, list[str] | None]]:
    """Give number, id and the selectors' tags of each consumer version that the address of the pact named."""
    if meta.version_ids:
        versions = version_store.find_by_ids(connection, list(meta.version_ids))
        found: list[tuple[str, int, list[str] | None]] = [
            (versions[one].number, one, list(meta.tags.get(one, ()))) for one in sorted(versions)
        ]
        if found:
            return found
    if meta.number is not None:
        version = version_store.find(connection, pact.consumer, meta.number)
        if version is not None:
            return [(version.number, version.id, None)]
    return [(pact.number, pact.version_id, None)]


def _changes(connection: Connection, pact: Publication, tags: Sequence[str]) -> tuple[str, ...]:
    found = []
    every: Sequence[str | None] = tags or [None]
    for tag in every:
        which = Which(pact.consumer, pact.provider, tag=tag, untagged=tag is None, before=pact.version_id)
        previous = pact_store.newest(connection, which)
        if previous is None or previous.sha != pact.sha:
            found.append(notices.changed_text(tag, first=previous is None))
    return tuple(found)
