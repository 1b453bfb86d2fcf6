"""Finds the rows of the matrix: pacts with their results.

With the limit that holds when none is asked for, rows are found newest action first, pair by pair along an index, so that a long
history costs no more than a short one: those with a result, then pacts without one, each at most as many as are wanted. A limit
that is asked for cuts the publications before it cuts the rows, as in the Pact Broker.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Integer, Select, and_, bindparam, func, or_, select

from saga_broker.gate.model import Pair, Question, Resolved, Row
from saga_broker.store.database.prepared import Prepared, among
from saga_broker.store.database.schema import contents, pacticipants, publications, verifications, versions

DEFAULT_LIMIT = 100
consumers, providers = pacticipants.alias("consumers"), pacticipants.alias("providers")
consumer_versions, provider_versions = versions.alias("consumer_versions"), versions.alias("provider_versions")


@dataclass(frozen=True, slots=True)
class _Search:
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


def find(connection: Connection, question: Question, resolved: Sequence[Resolved], pairs: Sequence[Pair]) -> list[Row]:
    """Find all rows of a question, the newest action first."""
    limit = question.limit or (None if question.latestby else DEFAULT_LIMIT)
    last_only = question.latestby is not None
    whole, single = ids_of(resolved)
    kinds = tuple(name for name, found in (("whole", whole), ("single", single)) if found)
    owners = [one.pacticipant_id for one in resolved if one.pacticipant_id is not None]
    values: dict[str, Any] = {"whole": whole, "single": single, "owners": owners}
    if not kinds:
        return []
    if len(question.selectors) == 1 and not question.target.infers:
        searches = [_Search(last_only, kinds, (), True, False), _Search(last_only, (), kinds, False, False)]
    else:
        searches = [_Search(last_only, kinds, kinds, True, True)]
        values["given"] = [one.pacticipant_id for one in resolved if one.given and one.pacticipant_id is not None]
    every: dict[tuple[Any, ...], Row] = {}
    for search in searches:
        found: Iterable[Row]
        if question.limit is not None:
            found = _cut(connection, search, values, pairs, question.limit)
        else:
            found = _found(connection, search, values, pairs, limit)
        for row in found:
            every.setdefault((row.consumer_version_id, row.provider_id, row.revision, row.verification_id), row)
    rows = sorted(every.values(), key=lambda row: (row.last_action_at, row.verification_id or 0), reverse=True)
    return rows if limit is None else rows[:limit]


def ids_of(resolved: Sequence[Resolved]) -> tuple[list[int], list[int]]:
    """Give the pacticipants of which every version is meant, and the single versions that are meant."""
    whole = [one.pacticipant_id for one in resolved if one.version_id is None and not one.missing]
    single = [one.version_id for one in resolved if one.version_id is not None]
    return [owner for owner in whole if owner is not None], single


def _found(
    connection: Connection, search: _Search, values: dict[str, Any], pairs: Sequence[Pair], limit: int | None
) -> Iterator[Row]:
    if limit is None:
        yield from _every(search).all(connection, **_only(values, search))
        return
    for pair in pairs:
        here = {**_only(values, search), "consumer": pair.consumer_id, "provider": pair.provider_id, "rows": limit}
        yield from _newest_with_result(search).all(connection, **here)
        if search.empty:
            yield from _newest_without_result(search).all(connection, **here)


def _cut(connection: Connection, search: _Search, values: dict[str, Any], pairs: Sequence[Pair], limit: int) -> Sequence[Row]:
    """Find the newest rows of the newest publications."""
    here = _only(values, search)
    newest: list[tuple[Any, ...]] = []
    for pair in pairs:
        if search.consumer or pair.provider_id in values["owners"]:
            ends = {"consumer": pair.consumer_id, "provider": pair.provider_id}
            newest += _newest_publications(search).all(connection, **here, **ends, rows=limit)
    ids = [key for _, key in sorted(newest, reverse=True)[:limit]]
    return _newest_rows_of(search).all(connection, **here, publications=ids, rows=limit)


def _only(values: dict[str, Any], search: _Search) -> dict[str, Any]:
    names = {*search.consumer, *search.verifier, *(("owners", "given") if search.among_given else ())}
    return {name: value for name, value in values.items() if name in names}


@cache
def _every(search: _Search) -> Prepared[Row]:
    query = _rows(_result_of(search), outer=search.empty).where(*_wanted(search))
    return Prepared(query, Row)


@cache
def _newest_publications(search: _Search) -> Prepared[tuple[Any, ...]]:
    """Prepare the newest publications of a pair."""
    pair = (publications.c.consumer_id == bindparam("consumer"), publications.c.provider_id == bindparam("provider"))
    query = select(publications.c.created_at, publications.c.id).where(*pair, *_wanted(search))
    query = query.order_by(publications.c.created_at.desc(), publications.c.id.desc())
    return Prepared(query.limit(bindparam("rows", type_=Integer)))


@cache
def _newest_rows_of(search: _Search) -> Prepared[Row]:
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
def _newest_with_result(search: _Search) -> Prepared[Row]:
    """Prepare the newest results of a pair, with each publication of the content."""
    pair = (verifications.c.consumer_id == bindparam("consumer"), verifications.c.provider_id == bindparam("provider"))
    query = _rows(_result_of(search), outer=False).where(*pair, *_wanted(search))
    return Prepared(query.order_by(verifications.c.id.desc()).limit(bindparam("rows", type_=Integer)), Row)


@cache
def _newest_without_result(search: _Search) -> Prepared[Row]:
    """Prepare the newest pacts of a pair that have no such result."""
    pair = (publications.c.consumer_id == bindparam("consumer"), publications.c.provider_id == bindparam("provider"))
    has_result = select(verifications.c.id).where(
        verifications.c.content_id == publications.c.content_id, *_one_of(search.verifier, _VERIFIER)
    )
    nothing = and_(verifications.c.content_id == publications.c.content_id, verifications.c.id.is_(None))
    query = _rows(nothing, outer=True).where(*pair, *_wanted(search), ~has_result.correlate(publications).exists())
    return Prepared(query.order_by(publications.c.consumer_version_id.desc()).limit(bindparam("rows", type_=Integer)), Row)


def _wanted(search: _Search) -> list[ColumnElement[bool]]:
    found = _one_of(search.consumer, (publications.c.consumer_id, publications.c.consumer_version_id))
    if search.last_only:
        found.append(publications.c.is_latest)
    if search.among_given:
        given = (among(publications.c.consumer_id, "given"), among(publications.c.provider_id, "given"))
        found += [among(publications.c.provider_id, "owners"), or_(*given)]
    return found


def _result_of(search: _Search) -> ColumnElement[bool]:
    on = [verifications.c.content_id == publications.c.content_id, *_one_of(search.verifier, _VERIFIER)]
    return and_(*on, _is_last_result()) if search.last_only else and_(*on)


def _one_of(kinds: tuple[str, ...], columns: tuple[Any, Any]) -> list[ColumnElement[bool]]:
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


_VERIFIER = (verifications.c.provider_id, verifications.c.provider_version_id)
