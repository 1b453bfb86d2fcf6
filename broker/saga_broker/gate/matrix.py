"""The verdict of the matrix: can these versions be deployed? Pure.

The answer is yes, no, or unknown (None). A failure beside something unknown is unknown, as in the Pact Broker; but where the Pact
Broker says yes although a version that is live in the environment has no result at all, this gate says unknown.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from saga_broker.gate import reasons
from saga_broker.gate.model import Found, Pair, Question, Resolved, Row, Selector
from saga_broker.gate.reasons import Notice


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer.

    Attributes:
        deployable: True, False, or None for unknown.
        rows: The rows that count, sorted.
        ignored_rows: Rows that were left out of account, sorted.
        ignored: How many were left out; None when nothing was to be ignored.
    """

    deployable: bool | None
    rows: tuple[Row, ...]
    ignored_rows: tuple[Row, ...]
    success: int
    failed: int
    unknown: int
    ignored: int | None
    notices: tuple[Notice, ...]


def judge(question: Question, found: Found) -> Verdict:
    """Answer a question from what the store found.

    Args:
        question: What was asked.
        found: Selectors with their versions, integrations and rows.

    Returns:
        The verdict with its reasons.
    """
    rows = group(found.rows, question.latestby)
    if question.success is not None:
        rows = [row for row in rows if row.success in question.success]
    counted = sort(row for row in rows if not is_ignored(row, found.ignored))
    left_out = sort(row for row in rows if is_ignored(row, found.ignored))
    without_row = missing_pairs(found, [*counted, *left_out])
    asks = question.target.environment is not None and question.success is None
    unverified = unverified_live_versions(found, counted) if asks else []
    absent = [one for one in found.resolved if one.given and one.missing and not _ignores(found.ignored, one.pacticipant, None)]
    texts = _notices(question, found, _Considered(counted, absent, without_row, unverified))
    return Verdict(
        deployable=_deployable(absent, counted, something_missing=bool(without_row or unverified)),
        rows=tuple(counted),
        ignored_rows=tuple(left_out),
        success=sum(row.success is True for row in counted),
        failed=sum(row.success is False for row in counted),
        unknown=sum(row.success is None for row in counted) + len(without_row) + len(unverified),
        ignored=len(left_out) if question.ignored else None,
        notices=tuple(texts),
    )


def group(rows: Sequence[Row], latestby: str | None) -> list[Row]:
    """Keep, of each group of rows, the one with the newest provider version."""
    if latestby is None:
        return list(rows)
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(_key(row, latestby), []).append(row)
    return [_newest(group_) for group_ in groups.values()]


def sort(rows: Iterable[Row]) -> list[Row]:
    """Sort by consumer, its newest version first, provider, its newest version first, the last result first.

    Names are sorted by their characters, capital letters first, as in the Pact Broker.
    """
    return sorted(
        rows,
        key=lambda row: (
            row.consumer,
            -row.consumer_version_id,
            -row.revision,
            row.provider,
            -(row.provider_version_id or 0),
            -(row.verification_id or 0),
        ),
    )


def is_ignored(row: Row, ignored: Sequence[Resolved]) -> bool:
    """Tell whether a row shall not count."""
    return _ignores(ignored, row.consumer, row.consumer_version_id) or _ignores(ignored, row.provider, row.provider_version_id)


def missing_pairs(found: Found, rows: Sequence[Row]) -> list[Pair]:
    """Give the required integrations that have no row at all."""
    there = {(row.consumer_id, row.provider_id) for row in rows}
    return [pair for pair in found.pairs if pair.required and (pair.consumer_id, pair.provider_id) not in there]


def unverified_live_versions(found: Found, rows: Sequence[Row]) -> list[tuple[Row, Resolved]]:
    """Give each inferred provider version that has no result for a pact which another live version of it has a result for."""
    live: dict[int | None, list[Resolved]] = {}
    for one in found.resolved:
        if not one.given and one.one_of_many and one.version_id is not None:
            live.setdefault(one.pacticipant_id, []).append(one)
    verified: dict[tuple[int, int], list[Row]] = {}
    for row in rows:
        if row.provider_version_id is not None:
            verified.setdefault((row.consumer_version_id, row.provider_id), []).append(row)
    missing = []
    for (_, provider_id), group_ in verified.items():
        known = {row.provider_version_id for row in group_}
        candidates = [one for one in live.get(provider_id, []) if one.version_id not in known]
        missing += [(group_[0], one) for one in candidates if not _ignores(found.ignored, one.pacticipant, one.version_id)]
    return missing


@dataclass(frozen=True, slots=True)
class _Considered:
    rows: Sequence[Row]
    absent: Sequence[Resolved]
    without_row: Sequence[Pair]
    unverified: Sequence[tuple[Row, Resolved]]


def _deployable(absent: Sequence[Resolved], rows: Sequence[Row], *, something_missing: bool) -> bool | None:
    if absent:
        return False
    if something_missing or any(row.success is None for row in rows):
        return None
    return all(row.success for row in rows)


def _notices(question: Question, found: Found, considered: _Considered) -> list[Notice]:
    errors = [reasons.no_such_version(one) for one in considered.absent] or _errors(found, considered)
    warnings = reasons.warnings(question, found)
    if errors:
        return [*warnings, *errors]
    return [*warnings, reasons.success(has_rows=bool(considered.rows))]


def _errors(found: Found, considered: _Considered) -> list[Notice]:
    rows, named = considered.rows, _Named(found, considered.rows)
    errors = [reasons.failed(*named.sides(row)) for row in rows if row.success is False]
    errors += [reasons.unverified(*named.sides(row)) for row in rows if row.success is None]
    errors += [reasons.unverified(named.consumer(row), version) for row, version in considered.unverified]
    for pair in considered.without_row:
        for consumer in named.of(pair.consumer_id):
            errors += [reasons.unverified(consumer, provider) for provider in named.of(pair.provider_id)]
    return errors


class _Named:
    """Finds the selector that a row's consumer or provider was found by; a question may have many of both.

    Without one, the version of the first row with this pacticipant is named, as in the Pact Broker.
    """

    def __init__(self, found: Found, rows: Sequence[Row]) -> None:
        self._of: dict[int | None, list[Resolved]] = {}
        for one in found.resolved:
            self._of.setdefault(one.pacticipant_id, []).append(one)
        self._exact = {(one.pacticipant_id, one.version_id): one for one in reversed(found.resolved)}
        self._first: dict[int, str | None] = {}
        for row in rows:
            self._first.setdefault(row.consumer_id, row.consumer_version)
            self._first.setdefault(row.provider_id, row.provider_version)

    def of(self, pacticipant_id: int) -> list[Resolved]:
        """Give all selectors of a pacticipant."""
        return self._of.get(pacticipant_id, [])

    def sides(self, row: Row) -> tuple[Resolved, Resolved]:
        """Give the consumer's and the provider's."""
        return self.consumer(row), self._one(row.provider_id, row.provider_version_id, row.provider)

    def consumer(self, row: Row) -> Resolved:
        """Give the consumer's."""
        return self._one(row.consumer_id, row.consumer_version_id, row.consumer)

    def _one(self, pacticipant_id: int, version_id: int | None, name: str) -> Resolved:
        own = self.of(pacticipant_id)
        if len(own) == 1:
            return own[0]
        exact = None if version_id is None else self._exact.get((pacticipant_id, version_id))
        if exact is not None:
            return exact
        number = self._first[pacticipant_id]
        return Resolved(Selector(name, version=number), pacticipant_id, None, number, given=False)


def _ignores(ignored: Sequence[Resolved], name: str, version_id: int | None) -> bool:
    for one in ignored:
        if one.pacticipant != name or one.missing:
            continue
        if one.selector.version is None or (version_id is not None and one.version_id == version_id):
            return True
    return False


def _key(row: Row, latestby: str) -> tuple[Any, ...]:
    keys: dict[str, tuple[Any, ...]] = {
        "cvpv": (row.consumer, row.consumer_version, row.provider, row.provider_version),
        "cvp": (row.consumer, row.consumer_version, row.provider),
        "cp": (row.consumer, row.provider),
    }
    return keys[latestby]


def _newest(rows: Sequence[Row]) -> Row:
    if rows[0].provider_version_id is None:
        return rows[0]
    verified = [row for row in rows if row.provider_version_id is not None]
    return max(verified, key=lambda row: row.provider_version_id or 0)
