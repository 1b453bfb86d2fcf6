"""Integrations: which consumer has, or had, a pact with which provider."""

from typing import Any

from sqlalchemy import Connection, Select, delete, func, or_, select

from saga_broker.rows import Integration, Page
from saga_broker.store import pacts as pact_store
from saga_broker.store.database.query import fetch, fetch_page, ids
from saga_broker.store.database.schema import contents, integrations, pacticipants, publications, verifications, versions

consumers, providers = pacticipants.alias("consumers"), pacticipants.alias("providers")


def listing(connection: Connection, part: str | None, page: Page | None) -> tuple[list[Integration], int]:
    """List integrations, those with the newest contract data first.

    Returns:
        The integrations, and how many there are on all pages.
    """
    query = _all().order_by(integrations.c.contract_data_updated_at.desc(), integrations.c.id)
    if part:
        names = (consumers.c.name, providers.c.name)
        query = query.where(or_(*(func.lower(name).contains(part.lower(), autoescape=True) for name in names)))
    return fetch_page(connection, query, Integration, page)


def every(connection: Connection) -> list[Integration]:
    """List all integrations, the oldest first."""
    return fetch(connection, _all().order_by(integrations.c.id), Integration)


def pairs(connection: Connection) -> list[tuple[int, int, int]]:
    """Give id, consumer and provider of every integration, those with the newest contract data first."""
    table = integrations.c
    query = select(table.id, table.consumer_id, table.provider_id).order_by(table.contract_data_updated_at.desc(), table.id)
    return [(row.id, row.consumer_id, row.provider_id) for row in connection.execute(query)]


def remove(connection: Connection, consumer_id: int, provider_id: int) -> None:
    """Delete an integration with its pacts and results, and versions and pacticipants that nothing else needs."""
    for table in (publications, verifications, contents, integrations):
        connection.execute(delete(table).where(table.c.consumer_id == consumer_id, table.c.provider_id == provider_id))
    for pacticipant_id in (consumer_id, provider_id):
        _remove_if_unused(connection, pacticipant_id)


def remove_all(connection: Connection) -> None:
    """Delete all integrations with everything that belongs to them."""
    pairs = connection.execute(select(integrations.c.consumer_id, integrations.c.provider_id)).all()
    for consumer_id, provider_id in pairs:
        remove(connection, consumer_id, provider_id)


def _remove_if_unused(connection: Connection, pacticipant_id: int) -> None:
    used = select(integrations.c.id).where(
        or_(integrations.c.consumer_id == pacticipant_id, integrations.c.provider_id == pacticipant_id),
    )
    if not ids(connection, used.limit(1)):
        connection.execute(delete(versions).where(versions.c.pacticipant_id == pacticipant_id))
        connection.execute(delete(pacticipants).where(pacticipants.c.id == pacticipant_id))
    pact_store.remove_orphans(connection)


def _all() -> Select[Any]:
    return (
        select(
            integrations.c.id,
            integrations.c.consumer_id,
            consumers.c.name.label("consumer"),
            integrations.c.provider_id,
            providers.c.name.label("provider"),
        )
        .join(consumers, consumers.c.id == integrations.c.consumer_id)
        .join(providers, providers.c.id == integrations.c.provider_id)
    )
