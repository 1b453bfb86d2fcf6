"""Figures about the stored data."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Table, func, select

from saga_broker.store.database.schema import (
    branch_versions,
    contents,
    deployed_versions,
    environments,
    integrations,
    pacticipants,
    publications,
    released_versions,
    tags,
    verifications,
    versions,
)
from saga_broker.store.database.types import UtcDateTime
from saga_broker.store.database.webhook_tables import triggered_webhooks, webhook_executions, webhooks


def figures(connection: Connection) -> dict[str, Any]:
    """Count everything that is stored, in the shape of the Pact Broker's metrics."""
    with_branch = _distinct(connection, branch_versions, "version_id")
    made_by_people = select(branch_versions.c.version_id).where(~branch_versions.c.auto_created).subquery()
    return {
        "pacticipants": {
            "count": _count(connection, pacticipants),
            "withMainBranchSetCount": _count(connection, pacticipants, pacticipants.c.main_branch.is_not(None)),
        },
        "integrations": {"count": _count(connection, integrations)},
        "pactPublications": {"count": _count(connection, publications), **_span(connection, publications)},
        "pactVersions": {"count": _count(connection, contents)},
        "pactRevisionsPerConsumerVersion": {
            "distribution": _distribution(connection, publications, "consumer_version_id"),
        },
        "verificationResults": {
            "count": _count(connection, verifications),
            "successCount": _count(connection, verifications, verifications.c.success),
            "failureCount": _count(connection, verifications, ~verifications.c.success),
            "distinctCount": _distinct(connection, verifications, "content_id", "provider_version_id", "success"),
            **_span(connection, verifications),
        },
        "verificationResultsPerPactVersion": {"distribution": _distribution(connection, verifications, "content_id")},
        "pacticipantVersions": {
            "count": _count(connection, versions),
            "withUserCreatedBranchCount": _distinct(connection, made_by_people, "version_id"),
            "withBranchCount": with_branch,
            "withBranchSetCount": with_branch,
        },
        "webhooks": {"count": _count(connection, webhooks)},
        "tags": {
            "count": _count(connection, tags),
            "distinctCount": _distinct(connection, tags, "name"),
            "distinctWithPacticipantCount": _distinct_names_of_owners(connection),
        },
        "triggeredWebhooks": {"count": _count(connection, triggered_webhooks)},
        "webhookExecutions": {"count": _count(connection, webhook_executions)},
        "environments": {"count": _count(connection, environments)},
        "deployedVersions": {
            "count": _count(connection, deployed_versions),
            "userCreatedCount": _count(connection, deployed_versions, ~deployed_versions.c.auto_created),
            "currentlyDeployedCount": _count(connection, deployed_versions, deployed_versions.c.undeployed_at.is_(None)),
        },
        "releasedVersions": {
            "count": _count(connection, released_versions),
            "currentlySupportedCount": _count(connection, released_versions, released_versions.c.support_ended_at.is_(None)),
        },
        "matrix": {"count": -1},
    }


def _count(connection: Connection, table: Table, *where: ColumnElement[bool]) -> int:
    return int(connection.execute(select(func.count()).select_from(table).where(*where)).scalar_one())


def _distinct(connection: Connection, table: FromClause, *names: str) -> int:
    rows = select(*(table.c[name] for name in names)).distinct().subquery()
    return int(connection.execute(select(func.count()).select_from(rows)).scalar_one())


def _distinct_names_of_owners(connection: Connection) -> int:
    joined = tags.join(versions, versions.c.id == tags.c.version_id)
    rows = select(tags.c.name, versions.c.pacticipant_id).select_from(joined).distinct().subquery()
    return int(connection.execute(select(func.count()).select_from(rows)).scalar_one())


def _span(connection: Connection, table: Table) -> dict[str, datetime | None]:
    ends = (func.min(table.c.created_at, type_=UtcDateTime), func.max(table.c.created_at, type_=UtcDateTime))
    first, last = connection.execute(select(*ends)).one()
    return {"first": first, "last": last}


def _distribution(connection: Connection, table: Table, *names: str) -> dict[str, int]:
    """Count how many groups have one row, how many two, and so on."""
    sizes = select(func.count().label("size")).select_from(table).group_by(*(table.c[name] for name in names)).subquery()
    query = select(sizes.c.size, func.count()).group_by(sizes.c.size).order_by(sizes.c.size)
    return {str(size): int(count) for size, count in connection.execute(query)}
