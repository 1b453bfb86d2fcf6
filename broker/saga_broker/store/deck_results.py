"""Results of playing decks. They belong to a step's slice, not to a saga version; their order is that of time."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select

from saga_broker.http.hal import dump
from saga_broker.rows import Version
from saga_broker.store.database.query import add, fetch, first
from saga_broker.store.database.schema import deck_results, pacticipants, versions
from saga_broker.store.database.types import now


@dataclass(frozen=True, slots=True)
class DeckResult:
    """What playing a deck against a provider version showed."""

    id: int
    saga: str
    step: str
    sha: str
    provider: str
    provider_version_id: int
    provider_version: str
    derivation: int
    faults: int
    verifier: str
    verdict: str
    branch: str | None
    build_url: str | None
    claim: str
    obligations: str
    histories: str
    created_at: datetime


def record(connection: Connection, provider_version: Version, **values: Any) -> int:
    """Store a deck result; gives its id."""
    values["obligations"] = dump(values["obligations"]).decode()
    values["histories"] = dump(values["histories"]).decode()
    return add(connection, deck_results, provider_version_id=provider_version.id, created_at=now(), **values)


def find(connection: Connection, result_id: int) -> DeckResult | None:
    """Find a result by its id."""
    return first(connection, _results().where(deck_results.c.id == result_id), DeckResult)


def of_slice(connection: Connection, step: str, sha: str, provider_version_id: int) -> list[DeckResult]:
    """Give the results of a slice at a provider version, the newest first."""
    table = deck_results.c
    query = _results().where(table.sha == sha, table.step == step, table.provider_version_id == provider_version_id)
    return fetch(connection, query.order_by(table.created_at.desc(), table.id.desc()), DeckResult)


@dataclass(frozen=True, slots=True)
class Told:
    """A deck result without what its histories showed.

    Attributes:
        verdict: What the verifier concluded.
    """

    id: int
    saga: str
    step: str
    sha: str
    provider: str
    provider_version: str
    derivation: int
    faults: int
    verifier: str
    verdict: str
    branch: str | None
    build_url: str | None
    created_at: datetime


def recent(connection: Connection, step: str, shas: Collection[str], most: int) -> list[Told]:
    """Give the newest results of slices of a step at whatever version, the newest first."""
    table = deck_results.c
    newest = select(table.id).where(table.sha.in_(shas), table.step == step).order_by(table.id.desc()).limit(most)
    names = [column for column in Told.__dataclass_fields__ if column not in ("provider", "provider_version")]
    named = (pacticipants.c.name.label("provider"), versions.c.number.label("provider_version"))
    query = select(*(table[name] for name in names), *named).join(versions, versions.c.id == table.provider_version_id)
    query = query.join(pacticipants, pacticipants.c.id == versions.c.pacticipant_id).where(table.id.in_(newest))
    return fetch(connection, query.order_by(table.id.desc()), Told)


def last_verdicts(connection: Connection, shas: Collection[str]) -> dict[tuple[str, str], str]:
    """Give what the last verifier concluded of each slice, by its sha and step, at whatever version."""
    table = deck_results.c
    newest = select(func.max(table.id)).where(table.sha.in_(shas)).group_by(table.sha, table.step)
    query = select(table.sha, table.step, table.verdict).where(table.id.in_(newest))
    return {(row.sha, row.step): row.verdict for row in connection.execute(query)}


def _results() -> Select[Any]:
    table = deck_results.c
    own = [column for column in table if column.name != "provider_version_id"]
    return (
        select(
            *own, table.provider_version_id, pacticipants.c.name.label("provider"), versions.c.number.label("provider_version")
        )
        .join(versions, versions.c.id == table.provider_version_id)
        .join(pacticipants, pacticipants.c.id == versions.c.pacticipant_id)
    )
