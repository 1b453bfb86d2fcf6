"""Finds the rows of the matrix: pacts with their results.

Who asks about pacticipants, or one version, without saying against what, looks around: unless a limit is asked for, the newest
rows are found, newest action first, along an index, so that a long history costs no more than a short one. Those with a result
come first, then pacts without one that are not older. A limit that is asked for cuts the publications before it cuts the rows, as
in the Pact Broker. Who asks whether versions go together gets every row.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from saga_broker.gate.matrix import group
from saga_broker.gate.model import Pair, Question, Resolved, Row
from saga_broker.store.questions import matrix_search as search_for
from saga_broker.store.questions.matrix_search import Search

DEFAULT_LIMIT = 100
FEW_VERSIONS = 20
_ROW_BY_ROW = {None, "cvpv"}


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
        searches = [Search(last_only, kinds, (), True, False), Search(last_only, (), kinds, False, False)]
    else:
        searches = [Search(last_only, kinds, kinds, True, True)]
        values["given"] = [one.pacticipant_id for one in resolved if one.given and one.pacticipant_id is not None]
    every: dict[tuple[Any, ...], Row] = {}
    for search in searches:
        found: Iterable[Row]
        if question.limit is not None:
            found = _cut(connection, search, values, pairs, question.limit)
        elif limit is None:
            found = search_for.every(search).all(connection, **_only(values, search))
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
    connection: Connection, search: Search, values: dict[str, Any], pairs: Sequence[Pair], limit: int
) -> list[Row]:
    """Find the newest rows of one pacticipant, as a consumer or as a provider; of few versions, by these."""
    here = {**_only(values, search), "rows": limit}
    if 0 < len(values["single"]) <= FEW_VERSIONS:
        rows = search_for.newest_with_result(search, ()).all(connection, **here)
    else:
        end = "owner_consumer" if search.consumer else "owner_provider"
        rows = search_for.newest_with_result(search, (end,)).all(connection, **here, **{end: values["owners"][0]})
    return [*rows, *_without_result(connection, search, values, pairs, rows, limit)]


def _newest_of_pairs(
    connection: Connection, search: Search, values: dict[str, Any], pairs: Sequence[Pair], limit: int
) -> Iterator[Row]:
    for pair in pairs:
        here = {**_only(values, search), "consumer": pair.consumer_id, "provider": pair.provider_id, "rows": limit}
        rows = search_for.newest_with_result(search, ("consumer", "provider")).all(connection, **here)
        yield from rows
        yield from _without_result(connection, search, values, [pair], rows, limit)


def _without_result(
    connection: Connection,
    search: Search,
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
        yield from search_for.newest_without_result(search).all(
            connection, **_only(values, search), **ends, since=since, rows=limit
        )


def _cut(connection: Connection, search: Search, values: dict[str, Any], pairs: Sequence[Pair], limit: int) -> Sequence[Row]:
    """Find the newest rows of the newest publications."""
    here = _only(values, search)
    newest: list[tuple[Any, ...]] = []
    for pair in pairs:
        if search.consumer or pair.provider_id in values["owners"]:
            ends = {"consumer": pair.consumer_id, "provider": pair.provider_id}
            newest += search_for.newest_publications(search).all(connection, **here, **ends, rows=limit)
    ids = [key for _, key in sorted(newest, reverse=True)[:limit]]
    return search_for.newest_rows_of(search).all(connection, **here, publications=ids, rows=limit)


def _only(values: dict[str, Any], search: Search) -> dict[str, Any]:
    names = {*search.consumer, *search.verifier, *(("owners", "given") if search.among_given else ())}
    return {name: value for name, value in values.items() if name in names}
