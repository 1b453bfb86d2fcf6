"""Copies results in the order in which they came, whatever pact they belong to: of two for the same, the last one counts.

Among results that came here since, each gets the place of its moment.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import quote

from saga_broker.http.segments import path
from saga_broker.importing import documents
from saga_broker.importing.documents import ResultRow
from saga_broker.importing.source import Source
from saga_broker.importing.steps import Progress, chunks
from saga_broker.store.database.engine import Database
from saga_broker.store.imported import imports
from saga_broker.store.imported.order import Late

MAX_ROWS = 1_000_000


class Content(NamedTuple):
    """A content by its names."""

    consumer: str
    provider: str
    sha: str


class _Missing(NamedTuple):
    """A result that is not here yet, with our ids of its content and of its provider version."""

    content: Content
    row: ResultRow
    content_id: int
    version_id: int


def copy_results(source: Source, database: Database, contents: Mapping[Content, str], progress: Progress) -> int:
    """Copy the results of contents.

    Args:
        source: The broker that is copied from.
        database: The database that is copied to; it has the contents and the versions.
        contents: Each with the number of a consumer version that has it.
        progress: Is told how far it is.

    Returns:
        How many are new.
    """
    return _Results(source, database, contents).copy(progress)


class _Results:
    """One copying of results."""

    def __init__(self, source: Source, database: Database, contents: Mapping[Content, str]) -> None:
        self._source, self._database, self._contents = source, database, contents
        self._known: dict[Content, tuple[int, Counter[imports.ResultKey]]] = {}  # our id, and the results that are here

    def copy(self, progress: Progress) -> int:
        rows: list[tuple[int, Content, ResultRow]] = []
        for done, (content, found) in enumerate(self._source.each(list(self._contents), self._rows_of)):
            progress("lists of results", done, len(self._contents))
            rows += [(row.number, content, row) for row in found]
        rows.sort(key=lambda one: one[0])
        copied = 0
        for number, chunk in chunks(rows):
            progress("results", number, len(rows))
            copied += self._write(self._missing([(content, row) for _, content, row in chunk]))
        return copied

    def _rows_of(self, content: Content) -> tuple[Content, list[ResultRow]]:
        consumer, provider, number = (quote(text, safe="") for text in (*content[:2], self._contents[content]))
        selectors = f"q[][pacticipant]={consumer}&q[][version]={number}&q[][pacticipant]={provider}"
        address = f"/matrix?{selectors}&limit={MAX_ROWS}"
        return content, self._source.find(address, lambda document: documents.result_rows(document, *content)) or []

    def _missing(self, chunk: Sequence[tuple[Content, ResultRow]]) -> list[_Missing]:
        """Leave out the results that are here: of several that look the same, as many as are here."""
        missing = []
        with self._database.read() as connection:
            for content, row in chunk:
                if content not in self._known:
                    content_id = imports.content_id(connection, *content)
                    if content_id is None:
                        continue
                    self._known[content] = content_id, imports.known_results(connection, content_id)
                content_id, known = self._known[content]
                version_id = imports.version_ids(connection, content.provider, [row.provider_version]).get(row.provider_version)
                if version_id is None:
                    continue  # it came to the source after its versions were read
                key = (version_id, row.success, row.verified_at)
                if known[key] > 0:
                    known[key] -= 1
                else:
                    missing.append(_Missing(content, row, content_id, version_id))
        return missing

    def _write(self, missing: Sequence[_Missing]) -> int:
        read = list(self._source.each(missing, self._result))
        late: dict[int, list[Late]] = {}
        with self._database.write() as connection:
            for one, found in zip(missing, read, strict=True):
                if found is not None:
                    values = {"build_url": found.build_url, "test_results": found.test_results, "verified_by": found.verified_by}
                    values["success"] = one.row.success
                    at = one.row.verified_at
                    number = imports.add_result(connection, one.content_id, one.version_id, at, values)
                    late.setdefault(one.content_id, []).append((number, at))
            for content_id, rows in late.items():
                imports.place_results(connection, content_id, rows)
        return sum(len(rows) for rows in late.values())

    def _result(self, one: _Missing) -> documents.ResultRead | None:
        owner = ("pacts", "provider", one.content.provider, "consumer", one.content.consumer, "pact-version", one.content.sha)
        return self._source.find(path(*owner, "verification-results", str(one.row.number)), documents.result)
