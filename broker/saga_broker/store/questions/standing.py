"""Finds the pacts that tell how pairs stand: the newest of each, the newest with each tag, and those that are live somewhere.

Each is looked for along an index, pair by pair and tag by tag, so that a long history is never read.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, bindparam, select, union

from saga_broker.rows import Integration, Publication
from saga_broker.store import pacts as pact_store
from saga_broker.store.database.prepared import Prepared, among
from saga_broker.store.database.schema import deployed_versions, integrations, pacticipants, publications, released_versions, tags

consumers, providers = pacticipants.alias("consumers"), pacticipants.alias("providers")


def heads(connection: Connection, pairs: Sequence[Integration]) -> list[Publication]:
    """Give the pacts of pairs by their names, those of a pair from the newest consumer version on."""
    rows = _WANTED.all(connection, ids=[pair.id for pair in pairs])
    wanted = {row for row in rows if row[1] is not None}  # a tag that no version with a pact of the pair has
    found = pact_store.of_versions(connection, sorted({version_id for _, version_id in wanted}))
    chosen = [pact for pact in found if (pact.provider_id, pact.version_id) in wanted]
    return sorted(chosen, key=lambda pact: (pact.consumer, pact.provider, -pact.version_id))


def pair(connection: Connection, consumer: str, provider: str) -> Sequence[Integration]:
    """Find a pair by its names; empty when it never had a pact."""
    return _PAIR.all(connection, consumer=consumer, provider=provider)


def _wanted() -> Any:
    return union(_newest(), _newest_with_tags(), *_live())


def _newest() -> Select[Any]:
    one = publications.alias("one")
    same = (one.c.consumer_id == integrations.c.consumer_id, one.c.provider_id == integrations.c.provider_id, one.c.is_latest)
    version = select(one.c.consumer_version_id).where(*same).order_by(one.c.consumer_version_id.desc()).limit(1)
    newest = version.correlate(integrations).scalar_subquery()
    return select(integrations.c.provider_id, newest.label("version_id")).where(among(integrations.c.id, "ids"))


def _newest_with_tags() -> Select[Any]:
    asked = select(integrations.c.consumer_id).where(among(integrations.c.id, "ids"))
    names = select(tags.c.pacticipant_id, tags.c.name).where(tags.c.pacticipant_id.in_(asked)).distinct().subquery("names")
    one = publications.alias("one")
    version = (
        select(tags.c.version_id)
        .join(one, one.c.consumer_version_id == tags.c.version_id)
        .where(tags.c.pacticipant_id == integrations.c.consumer_id, tags.c.name == names.c.name)
        .where(one.c.consumer_id == integrations.c.consumer_id, one.c.provider_id == integrations.c.provider_id, one.c.is_latest)
        .order_by(tags.c.version_id.desc())
        .limit(1)
    )
    newest = version.correlate(integrations, names).scalar_subquery()
    query = select(integrations.c.provider_id, newest.label("version_id"))
    query = query.join(names, names.c.pacticipant_id == integrations.c.consumer_id)
    return query.where(among(integrations.c.id, "ids"))


def _live() -> list[Select[Any]]:
    found = []
    for table, ended in (
        (deployed_versions, deployed_versions.c.undeployed_at),
        (released_versions, released_versions.c.support_ended_at),
    ):
        query = select(integrations.c.provider_id, table.c.version_id).join(
            table, table.c.pacticipant_id == integrations.c.consumer_id
        )
        found.append(query.where(among(integrations.c.id, "ids"), ended.is_(None)))
    return found


_WANTED = Prepared(_wanted())
_PAIR = Prepared(
    select(
        integrations.c.id,
        integrations.c.consumer_id,
        consumers.c.name.label("consumer"),
        integrations.c.provider_id,
        providers.c.name.label("provider"),
    )
    .join(consumers, consumers.c.id == integrations.c.consumer_id)
    .join(providers, providers.c.id == integrations.c.provider_id)
    .where(consumers.c.name == bindparam("consumer"), providers.c.name == bindparam("provider")),
    Integration,
)
