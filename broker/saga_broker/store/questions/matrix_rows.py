"""Finds the rows of the matrix: pacts with their results.

Who asks about pacticipants, or one version, without saying against what, looks around: unless a limit is asked for, the newest
rows are found, newest action first, along an index, so that a long history costs no more than a short one. Those with a result
come first, then pacts without one that are not older. A limit that is asked for cuts the publications before it cuts the rows, as
in the Pact Broker. Who asks whether versions go together gets every row.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Integer, Select, and_, bindparam, func, literal, or_, select

from saga_broker.gate.matrix import group
from saga_broker.gate.model import Pair, Question, Resolved, Row
from saga_broker.store.database.prepared import Prepared, among
from saga_broker.store.database.schema import contents, pacticipants, publications, verifications, versions
from saga_broker.store.database.types import UtcDateTime

DEFAULT_LIMIT = 100
FEW_VERSIONS = 20
_OF_CONSUMER = (publications.c.consumer_id, publications.c.consumer_version_id)
_VERIFIER = (verifications.c.provider_id, verifications.c.provider_version_id)
_ROW_BY_ROW = {None, "cvpv"}
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
    looks_around = _looks_around(question)
    limit = question.limit or (DEFAULT_LIMIT if looks_around else None)
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
        elif limit is None:
            found = _every(search).all(connection, **_only(values, search))
        elif len(set(owners)) == 1 and question.latestby in _ROW_BY_ROW:
            found = _newest_of_owner(connection, search, values, pairs, limit)
        else:
            found = _newest_of_pairs(connection, search, values, pairs, limit)
        for row in found:
            every.setdefault((row.consumer_version_id, row.provider_id, row.revision, row.verification_id), row)
    rows = group(list(every.values()), question.latestby) if looks_around else list(every.values())
    rows.sort(key=_newest_action, reverse=True)
    return rows if limit is None else rows[:limit]


def _looks_around(question: Question) -> bool:
    if question.limit is not None or question.target.infers:
        return False
    return question.latestby is None or len(question.selectors) == 1 or all(one.is_plain for one in question.selectors)


def _newest_action(row: Row) -> tuple[datetime, int]:
    return row.last_action_at, row.verification_id or 0


def ids_of(resolved: Sequence[Resolved]) -> tuple[list[int], list[int]]:
    """Give the pacticipants of which every version is meant, and the single versions that are meant."""
    whole = [one.pacticipant_id for one in resolved if one.version_id is None and not one.missing]
    single = [one.version_id for one in resolved if one.version_id is not None]
    return [owner for owner in whole if owner is not None], single


def _newest_of_owner(
    connection: Connection, search: _Search, values: dict[str, Any], pairs: Sequence[Pair], limit: int
) -> list[Row]:
    """Find the newest rows of one pacticipant, as a consumer or as a provider; of few versions, by these."""
    here = {**_only(values, search), "rows": limit}
    if 0 < len(values["single"]) <= FEW_VERSIONS:
        rows = _newest_with_result(search, ()).all(connection, **here)
    else:
        end = "owner_consumer" if search.consumer else "owner_provider"
        rows = _newest_with_result(search, (end,)).all(connection, **here, **{end: values["owners"][0]})
    return [*rows, *_without_result(connection, search, values, pairs, rows, limit)]


def _newest_of_pairs(
    connection: Connection, search: _Search, values: dict[str, Any], pairs: Sequence[Pair], limit: int
) -> Iterator[Row]:
    for pair in pairs:
        here = {**_only(values, search), "consumer": pair.consumer_id, "provider": pair.provider_id, "rows": limit}
        rows = _newest_with_result(search, ("consumer", "provider")).all(connection, **here)
        yield from rows
        yield from _without_result(connection, search, values, [pair], rows, limit)


def _without_result(
    connection: Connection,
    search: _Search,
    values: dict[str, Any],
    pairs: Sequence[Pair],
    rows: Sequence[Row],
    limit: int,
) -> Iterator[Row]:
    """Find the newest pacts without a result; when there are enough rows with one, none that is older than those."""
    if not search.empty:
        return
    since = min(row.last_action_at for row in rows) if len(rows) >= limit else datetime.min.replace(tzinfo=UTC)
    for pair in pairs:
        ends = {"consumer": pair.consumer_id, "provider": pair.provider_id}
        yield from _newest_without_result(search).all(connection, **_only(values, search), **ends, since=since, rows=limit)


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
def _newest_with_result(search: _Search, ends: tuple[str, ...]) -> Prepared[Row]:
    """Prepare the newest results with each publication of their contents.

    Args:
        search: Which.
        ends: Where to look, newest first: at a pair (`consumer`, `provider`), or at one end of all pairs of a pacticipant
            (`owner_consumer`, `owner_provider`). Without them, what the search narrows to is read first and sorted then.
    """
    columns = {"consumer": verifications.c.consumer_id, "provider": verifications.c.provider_id}
    at = [columns[end.removeprefix("owner_")] == bindparam(end) for end in ends]
    nothing = literal(0)  # added to a column, it leaves that column's indexes out of account
    narrowed = tuple(column + nothing for column in _OF_CONSUMER) if ends else _OF_CONSUMER
    query = _rows(_result_of(search), outer=False).where(*at, *_wanted(search, narrowed))
    order = verifications.c.id if ends else verifications.c.id + nothing
    return Prepared(query.order_by(order.desc()).limit(bindparam("rows", type_=Integer)), Row)


@cache
def _newest_without_result(search: _Search) -> Prepared[Row]:
    """Prepare the newest pacts of a pair that have no such result."""
    pair = (publications.c.consumer_id == bindparam("consumer"), publications.c.provider_id == bindparam("provider"))
    has_result = select(verifications.c.id).where(
        verifications.c.content_id == publications.c.content_id, *_one_of(search.verifier, _VERIFIER)
    )
    nothing = and_(verifications.c.content_id == publications.c.content_id, verifications.c.id.is_(None))
    young = publications.c.created_at >= bindparam("since", type_=UtcDateTime)
    query = _rows(nothing, outer=True).where(*pair, young, *_wanted(search), ~has_result.correlate(publications).exists())
    return Prepared(query.order_by(publications.c.consumer_version_id.desc()).limit(bindparam("rows", type_=Integer)), Row)


def _wanted(search: _Search, narrowed: Sequence[Any] = _OF_CONSUMER) -> list[ColumnElement[bool]]:
    found = _one_of(search.consumer, narrowed)
    if search.last_only:
        found.append(publications.c.is_latest)
    if search.among_given:
        given = (among(publications.c.consumer_id, "given"), among(publications.c.provider_id, "given"))
        found += [among(publications.c.provider_id, "owners"), or_(*given)]
    return found


def _result_of(search: _Search) -> ColumnElement[bool]:
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
