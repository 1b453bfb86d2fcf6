"""How every integration stands, a page at a time: its newest pact and the result that counts for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Join, Select, and_, case, func, or_, select

from saga_broker.rows import Page
from saga_broker.store.database.prepared import Prepared, among
from saga_broker.store.database.query import ids
from saga_broker.store.database.schema import contents, integrations, pacticipants, publications, verifications, versions

consumers, providers = pacticipants.alias("consumers"), pacticipants.alias("providers")
provider_versions = versions.alias("provider_versions")
NEVER, SUCCESS, STALE, FAILED, PENDING = "never", "success", "stale", "failed", "failed_pending"
WORST_FIRST = (FAILED, PENDING, STALE, NEVER, SUCCESS)


@dataclass(frozen=True, slots=True)
class Standing:
    """How an integration stands. What belongs to the pact is None when there is none, what belongs to the result likewise.

    Attributes:
        status: `never`, `success`, `stale` (the last result was a success for an older content), `failed` or `failed_pending`.
        changed_at: When its pacts or results changed last.
    """

    id: int
    consumer_id: int
    consumer: str
    provider_id: int
    provider: str
    changed_at: datetime
    version_id: int | None
    number: str | None
    published_at: datetime | None
    result_id: int | None
    provider_version_id: int | None
    provider_number: str | None
    verified_at: datetime | None
    sha: str | None
    status: str


@dataclass(frozen=True, slots=True)
class Wish:
    """Which integrations are wanted, and in which order.

    Attributes:
        part: Only those whose consumer's or provider's name holds this text.
        status: Only those that stand so.
        pacticipant_id: Only those of this consumer or provider.
        sort: `consumer`, `provider`, `changed`, `published`, `verified` or `status`.
    """

    part: str = ""
    status: str = ""
    pacticipant_id: int | None = None
    sort: str = "changed"
    descending: bool = False


def overview(connection: Connection, wish: Wish, page: Page) -> tuple[list[Standing], int]:
    """Tell how integrations stand.

    Returns:
        Those of the page, and how many there are on all pages.
    """
    query = _wanted(wish)
    total = int(connection.execute(select(func.count()).select_from(query.subquery())).scalar_one())
    key = _keys()[wish.sort]
    order = (key.desc() if wish.descending else key.asc()).nulls_last()
    names = (func.lower(consumers.c.name), func.lower(providers.c.name), integrations.c.id)
    chosen = ids(connection, query.order_by(order, *names).limit(page.size).offset(page.offset))
    return of_ids(connection, chosen), total


def of_ids(connection: Connection, integration_ids: Sequence[int]) -> list[Standing]:
    """Tell how integrations stand, in the order in which they are asked for."""
    found = {one.id: one for one in _details().all(connection, ids=list(integration_ids))}
    return [found[one] for one in integration_ids if one in found]


def _wanted(wish: Wish) -> Select[Any]:
    """Select the ids of the integrations that are wanted; pacts and results are looked at only where the wish needs them."""
    needs_all = wish.status or wish.sort in {"published", "verified", "status"}
    query = select(integrations.c.id).select_from(_all() if needs_all else _named())
    if wish.part:
        names = (consumers.c.name, providers.c.name)
        query = query.where(or_(*(func.lower(name).contains(wish.part.lower(), autoescape=True) for name in names)))
    if wish.pacticipant_id is not None:
        sides = (integrations.c.consumer_id, integrations.c.provider_id)
        query = query.where(or_(*(side == wish.pacticipant_id for side in sides)))
    if wish.status:
        query = query.where(_status() == wish.status)
    return query


@cache
def _keys() -> dict[str, ColumnElement[Any]]:
    return {
        "consumer": func.lower(consumers.c.name),
        "provider": func.lower(providers.c.name),
        "changed": integrations.c.contract_data_updated_at,
        "published": publications.c.created_at,
        "verified": verifications.c.created_at,
        "status": case(*((_status() == word, place) for place, word in enumerate(WORST_FIRST))),
    }


def _named() -> Join:
    joined = integrations.join(consumers, consumers.c.id == integrations.c.consumer_id)
    return joined.join(providers, providers.c.id == integrations.c.provider_id)


def _all() -> Join:
    """Join to each integration its newest pact, and the last result of its content, else the last of the integration."""
    pact, result = publications.alias("any_pact"), verifications.alias("any_result")
    newest = (
        select(pact.c.id)
        .where(pact.c.provider_id == integrations.c.provider_id, pact.c.consumer_id == integrations.c.consumer_id)
        .where(pact.c.is_latest)
        .order_by(pact.c.consumer_version_id.desc())
        .limit(1)
        .correlate(integrations)
        .scalar_subquery()
    )
    of_content = select(func.max(result.c.id)).where(result.c.content_id == publications.c.content_id).correlate(publications)
    of_pair = (
        select(func.max(result.c.id))
        .where(result.c.provider_id == integrations.c.provider_id, result.c.consumer_id == integrations.c.consumer_id)
        .correlate(integrations)
    )
    counting = func.coalesce(of_content.scalar_subquery(), of_pair.scalar_subquery())
    return (
        _named()
        .outerjoin(publications, publications.c.id == newest)
        .outerjoin(versions, versions.c.id == publications.c.consumer_version_id)
        .outerjoin(verifications, verifications.c.id == counting)
        .outerjoin(provider_versions, provider_versions.c.id == verifications.c.provider_version_id)
        .outerjoin(contents, contents.c.id == verifications.c.content_id)
    )


def _status() -> ColumnElement[str]:
    """Tell how the newest pact of an integration stands, as `acts.standing.status` does."""
    return case(
        (verifications.c.id.is_(None), NEVER),
        (and_(verifications.c.success, verifications.c.content_id == publications.c.content_id), SUCCESS),
        (verifications.c.success, STALE),
        (verifications.c.pact_pending, PENDING),
        else_=FAILED,
    )


@cache
def _details() -> Prepared[Standing]:
    columns = (
        integrations.c.id,
        integrations.c.consumer_id,
        consumers.c.name.label("consumer"),
        integrations.c.provider_id,
        providers.c.name.label("provider"),
        integrations.c.contract_data_updated_at,
        versions.c.id.label("version_id"),
        versions.c.number.label("number"),
        publications.c.created_at.label("published_at"),
        verifications.c.id.label("result_id"),
        provider_versions.c.id.label("provider_version_id"),
        provider_versions.c.number.label("provider_number"),
        verifications.c.created_at.label("verified_at"),
        contents.c.sha,
        _status().label("status"),
    )
    return Prepared(select(*columns).select_from(_all()).where(among(integrations.c.id, "ids")), Standing)
