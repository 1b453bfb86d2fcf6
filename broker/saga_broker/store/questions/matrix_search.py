"""Prepares the searches for rows of the matrix; which of them is used when, `matrix_rows` says."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, and_, bindparam, func, literal, or_, select

from saga_broker.gate.model import Row
from saga_broker.store.database.prepared import Prepared, among
from saga_broker.store.database.schema import contents, pacticipants, publications, verifications, versions
from saga_broker.store.database.types import UtcDateTime

consumers, providers = pacticipants.alias("consumers"), pacticipants.alias("providers")
consumer_versions, provider_versions = versions.alias("consumer_versions"), versions.alias("provider_versions")
_OF_CONSUMER = (publications.c.consumer_id, publications.c.consumer_version_id)
_VERIFIER = (verifications.c.provider_id, verifications.c.provider_version_id)


@dataclass(frozen=True, slots=True)
class Search:
    """Which rows are looked for; a statement is prepared once for each.

    Attributes:
        last_only: Only latest revisions and last results.
        consumer: How consumer versions are narrowed: by whole pacticipants, by single versions, both (or), or not at all.
        verifier: How provider versions of results are narrowed.
        empty: Whether a pact without such a result keeps a row.
        among_given: One side of the row is a pacticipant that was given, and the provider one that is known.
    """

    last_only: bool
    consumer: tuple[str, ...]
    verifier: tuple[str, ...]
    empty: bool
    among_given: bool

    @property
    def is_whole(self) -> bool:
        """Tell whether no single version is looked for."""
        return "single" not in (*self.consumer, *self.verifier)


@cache
def every(search: Search) -> Prepared[Row]:
    """Prepare all rows."""
    query = _rows(_result_of(search), outer=search.empty).where(*_wanted(search))
    return Prepared(query, Row)


@cache
def newest_publications(search: Search) -> Prepared[tuple[Any, ...]]:
    """Prepare the newest publications of a pair."""
    pair = (publications.c.consumer_id == bindparam("consumer"), publications.c.provider_id == bindparam("provider"))
    query = select(publications.c.created_at, publications.c.id).where(*pair, *_wanted(search))
    query = query.order_by(publications.c.created_at.desc(), publications.c.id.desc())
    return Prepared(query.limit(bindparam("rows", type_=Integer)))


@cache
def newest_rows_of(search: Search) -> Prepared[Row]:
    """Prepare the newest rows of publications that are given by id; names and numbers are read for these rows only."""
    joined = publications.join(verifications, _result_of(search), isouter=search.empty)
    last_action = func.coalesce(verifications.c.created_at, publications.c.created_at)
    newest = (
        select(publications.c.id.label("publication_id"), verifications.c.id.label("verification_id"))
        .select_from(joined)
        .where(among(publications.c.id, "publications"))
        .order_by(last_action.desc(), func.coalesce(verifications.c.id, 0).desc())
        .limit(bindparam("rows", type_=Integer))
        .subquery("newest")
    )
    query = _rows(verifications.c.id == newest.c.verification_id, outer=True, first=newest)
    return Prepared(query, Row)


@cache
def newest_with_result(search: Search, ends: tuple[str, ...]) -> Prepared[Row]:
    """Prepare the newest results with each publication of their contents.

    Args:
        search: Which.
        ends: Where to look, newest first: at a pair (`consumer`, `provider`), or at one end of all pairs of a pacticipant
            (`owner_consumer`, `owner_provider`). Without them, what the search narrows to is read first and sorted then.
    """
    columns = {"consumer": verifications.c.consumer_id, "provider": verifications.c.provider_id}
    at = [columns[end.removeprefix("owner_")] == bindparam(end) for end in ends]
    if ends and search.is_whole:
        return _of_newest_results(search, at)
    nothing = literal(0)  # added to a column, it leaves that column's indexes out of account
    narrowed = tuple(column + nothing for column in _OF_CONSUMER) if ends else _OF_CONSUMER
    query = _rows(_result_of(search), outer=False).where(*at, *_wanted(search, narrowed))
    order = verifications.c.id if ends else verifications.c.id + nothing
    return Prepared(query.order_by(order.desc()).limit(bindparam("rows", type_=Integer)), Row)


def _of_newest_results(search: Search, at: Sequence[ColumnElement[bool]]) -> Prepared[Row]:
    """Prepare the rows of the newest results: which these are is settled first, so that no other plan can be chosen."""
    newest = select(verifications.c.id).where(*at, *((_is_last_result(),) if search.last_only else ()))
    newest = newest.order_by(verifications.c.id.desc()).limit(bindparam("rows", type_=Integer))
    of_newest = verifications.c.id.in_(select(newest.subquery("newest").c.id))
    query = _rows(and_(verifications.c.content_id == publications.c.content_id, of_newest), outer=False)
    query = query.where(*((publications.c.is_latest,) if search.last_only else ()))
    return Prepared(query.order_by(verifications.c.id.desc()).limit(bindparam("rows", type_=Integer)), Row)


@cache
def newest_without_result(search: Search) -> Prepared[Row]:
    """Prepare the newest pacts of a pair that have no such result."""
    pair = (publications.c.consumer_id == bindparam("consumer"), publications.c.provider_id == bindparam("provider"))
    has_result = select(verifications.c.id).where(
        verifications.c.content_id == publications.c.content_id, *_one_of(search.verifier, _VERIFIER)
    )
    nothing = and_(verifications.c.content_id == publications.c.content_id, verifications.c.id.is_(None))
    young = publications.c.created_at >= bindparam("since", type_=UtcDateTime)
    query = _rows(nothing, outer=True).where(*pair, young, *_wanted(search), ~has_result.correlate(publications).exists())
    return Prepared(query.order_by(publications.c.consumer_version_id.desc()).limit(bindparam("rows", type_=Integer)), Row)


def _wanted(search: Search, narrowed: Sequence[Any] = _OF_CONSUMER) -> list[ColumnElement[bool]]:
    found = _one_of(search.consumer, narrowed)
    if search.last_only:
        found.append(publications.c.is_latest)
    if search.among_given:
        given = (among(publications.c.consumer_id, "given"), among(publications.c.provider_id, "given"))
        found += [among(publications.c.provider_id, "owners"), or_(*given)]
    return found


def _result_of(search: Search) -> ColumnElement[bool]:
    on = [verifications.c.content_id == publications.c.content_id, *_one_of(search.verifier, _VERIFIER)]
    return and_(*on, _is_last_result()) if search.last_only else and_(*on)


def _one_of(kinds: tuple[str, ...], columns: Sequence[Any]) -> list[ColumnElement[bool]]:
    owner, version = columns
    found = {"whole": among(owner, "whole"), "single": among(version, "single")}
    return [or_(*(found[kind] for kind in kinds))] if kinds else []


def _rows(result: ColumnElement[bool], *, outer: bool, first: Any = None) -> Select[Any]:
    """Select rows; of all publications, or of those that `first` names."""
    chosen = publications if first is None else first.join(publications, publications.c.id == first.c.publication_id)
    joined = (
        chosen.join(consumers, consumers.c.id == publications.c.consumer_id)
        .join(providers, providers.c.id == publications.c.provider_id)
        .join(consumer_versions, consumer_versions.c.id == publications.c.consumer_version_id)
        .join(contents, contents.c.id == publications.c.content_id)
        .join(verifications, result, isouter=outer)
        .join(provider_versions, provider_versions.c.id == verifications.c.provider_version_id, isouter=outer)
    )
    return select(
        publications.c.consumer_id,
        consumers.c.name.label("consumer"),
        publications.c.consumer_version_id,
        consumer_versions.c.number.label("consumer_version"),
        publications.c.provider_id,
        providers.c.name.label("provider"),
        verifications.c.provider_version_id,
        provider_versions.c.number.label("provider_version"),
        contents.c.sha,
        publications.c.revision,
        publications.c.created_at.label("published_at"),
        verifications.c.id.label("verification_id"),
        verifications.c.success,
        verifications.c.created_at.label("verified_at"),
    ).select_from(joined)


def _is_last_result() -> ColumnElement[bool]:
    later = verifications.alias("later")
    same = (
        later.c.content_id == verifications.c.content_id,
        later.c.provider_version_id == verifications.c.provider_version_id,
        later.c.id > verifications.c.id,
    )
    return ~select(later.c.id).where(*same).correlate(verifications).exists()
