"""The order in which an import goes: environments, pacticipants, versions with all that hangs on them, results, deployments.

Everything is written in the order in which it came to the other broker, in small transactions, and found again by its names, so
that an import that was interrupted goes on where it ended, and a repeated one writes nothing.
"""

import heapq
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple, TypeVar

from sqlalchemy import Connection

from saga_broker.http.hal import dump, pact_name
from saga_broker.importing import documents
from saga_broker.importing.documents import PactRead, VersionRead
from saga_broker.importing.places import Places
from saga_broker.importing.results import Content, copy_results
from saga_broker.importing.source import Source, SourceError, listed, path
from saga_broker.importing.steps import Progress, changed, chunks
from saga_broker.pact.content import content_sha
from saga_broker.store import imports
from saga_broker.store.engine import Database

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
T = TypeVar("T")


class _Named(NamedTuple):
    """A version by its names, and when it was made, at the latest when the next one of its pacticipant was."""

    at: datetime
    place: int
    pacticipant: str
    number: str


@dataclass
class Imported:
    """How much was copied.

    Attributes:
        versions: How many the source has.
        pacts: New ones.
        results: New ones.
        places: Deployments and releases that the source has.
        differing: Pacts for which this broker would compute another content sha.
    """

    environments: int = 0
    pacticipants: int = 0
    versions: int = 0
    pacts: int = 0
    results: int = 0
    places: int = 0
    differing: list[str] = field(default_factory=list)


def import_all(source: Source, database: Database, progress: Progress = lambda _phase, _done, _all: None) -> Imported:
    """Copy everything from a broker into a database.

    Args:
        source: The broker that is copied from.
        database: The database of this broker, migrated; brokers may serve from it meanwhile.
        progress: Is told the phase, how much of it is done, and how much there is.

    Raises:
        SourceError: The source cannot be read.
    """
    return _Import(source, database, progress).run()


class _Import:
    """One import; what was found out on the way."""

    def __init__(self, source: Source, database: Database, progress: Progress) -> None:
        self._source, self._database, self._progress = source, database, progress
        self._done = Imported()
        self._environments: dict[str, int] = {}  # our id by the source's uuid
        self._ids: dict[str, int] = {}  # our id by the pacticipant's name
        self._branches: dict[tuple[str, str], documents.BranchRead] = {}
        self._contents: dict[Content, str] = {}  # a consumer version that has it
        self._deployed: list[str] = []
        self._released: list[str] = []

    def run(self) -> Imported:
        known = self._source.read("/", lambda document: "pb:pacticipants" in document["_links"])
        if not known:
            msg = f"Cannot import: {self._source.url} is no Pact Broker, since its index names no pacticipants. Correct --from."
            raise SourceError(msg)
        self._copy_environments()
        names = self._copy_pacticipants()
        versions = self._versions(names)
        self._done.versions = len(versions)
        for number, chunk in chunks(versions):
            self._progress("versions and pacts", number, len(versions))
            self._copy_versions(chunk)
        self._done.results = copy_results(self._source, self._database, self._contents, self._progress)
        places = Places(self._source, self._database, self._environments, self._ids, self._progress)
        self._done.places = places.copy_deployments(self._deployed) + places.copy_releases(self._released)
        return self._done

    def _copy_environments(self) -> None:
        named = self._source.find("/environments", lambda document: listed(document, "environments", documents.environment)) or []
        paths = [path("environments", one.uuid) for one in named]  # the list leaves out contacts
        found = [
            one for one in self._source.each(paths, lambda one: self._source.find(one, documents.environment)) if one is not None
        ]
        with self._database.write() as connection:
            for one in sorted(found, key=lambda one: one.created_at or LONG_AGO):
                contacts = None if one.contacts is None else json.dumps(one.contacts, ensure_ascii=False)
                values = {"display_name": one.display_name, "production": one.production, "contacts": contacts}
                values |= changed(one.updated_at)
                created = one.created_at or LONG_AGO
                self._environments[one.uuid] = imports.put_environment(connection, one.uuid, one.name, created, values)
        self._done.environments = len(self._environments)

    def _copy_pacticipants(self) -> list[str]:
        source = self._source
        names = list(source.pages("/pacticipants", "pacticipants", lambda document: documents.pacticipant(document).name))
        found = [one for one in source.each(names, self._pacticipant) if one is not None]
        labels = [(one.name, label) for one in found for label in one.labels]
        dates = dict(
            zip(labels, source.each(labels, lambda key: self._date("pacticipants", key[0], "labels", key[1])), strict=True)
        )
        with self._database.write() as connection:
            for one in sorted(found, key=lambda one: one.created_at or LONG_AGO):
                created = one.created_at or LONG_AGO
                values = {**one.fields, **changed(one.updated_at)}
                self._ids[one.name] = imports.put_pacticipant(connection, one.name, created, values)
                for label in one.labels:
                    imports.put_label(connection, self._ids[one.name], label, dates[one.name, label] or created)
        self._done.pacticipants = len(found)
        return [one.name for one in found]

    def _pacticipant(self, name: str) -> documents.PacticipantRead | None:
        return self._source.find(path("pacticipants", name), documents.pacticipant)

    def _date(self, *segments: str) -> datetime | None:
        return self._source.find(path(*segments), documents.tagged_at)

    def _versions(self, names: Sequence[str]) -> list[_Named]:
        """List all versions, the oldest first; of one pacticipant in exactly its order."""
        orders = []
        for done, (name, order, branches) in enumerate(self._source.each(names, self._of_pacticipant)):
            self._progress("lists of versions", done, len(names))
            orders.append(order)
            self._branches |= {(name, branch.name): branch for branch in branches}
        with self._database.write() as connection:
            for (name, branch_name), branch in self._branches.items():
                values = changed(branch.updated_at)
                imports.put_branch(connection, self._ids[name], branch_name, branch.created_at or LONG_AGO, values)
        return list(heapq.merge(*orders))

    def _of_pacticipant(self, name: str) -> tuple[str, list[_Named], list[documents.BranchRead]]:
        branches = list(self._source.pages(path("pacticipants", name, "branches"), "branches", documents.branch))
        found = list(self._source.pages(path("pacticipants", name, "versions"), "versions", documents.version))
        order, at = [], LONG_AGO
        for place, one in enumerate(reversed(found)):
            at = max(at, one.created_at or LONG_AGO)
            order.append(_Named(at, place, name, one.number))
        return name, order, branches

    def _copy_versions(self, chunk: Sequence[_Named]) -> None:
        source = self._source
        read = list(source.each(chunk, lambda one: source.find(_version_path(one), documents.version)))
        found = [(one, version) for one, version in zip(chunk, read, strict=True) if version is not None]
        with self._database.read() as connection:
            known_tags = _known(connection, found, imports.known_tags)
            known_branches = _known(connection, found, imports.known_branches)
            known_pacts = _known(connection, found, imports.known_pacts)
        new = [_tag_path(one, tag) for one, version in found for tag in version.tags if tag not in known_tags.get(one, ())]
        for one, version in found:
            new += [_branch_path(one, name) for name, _ in version.branches if name not in known_branches.get(one, ())]
        dates = dict(zip(new, source.each(new, lambda address: source.find(address, documents.tagged_at)), strict=True))
        wanted = [(one, name) for one, version in found for name in version.providers if name not in known_pacts.get(one, {})]
        pacts = dict(zip(wanted, source.each(wanted, self._pact), strict=True))
        with self._database.write() as connection:
            for one, version in found:
                version_id = self._put_version(connection, one, version, dates)
                for provider in version.providers:
                    self._put_pact(connection, one, version_id, provider, pacts.get((one, provider)))
        for one, pairs in known_pacts.items():
            for provider, sha in pairs.items():
                self._contents.setdefault(Content(one.pacticipant, provider, sha), one.number)

    def _pact(self, key: tuple[_Named, str]) -> PactRead | None:
        one, provider = key
        address = path("pacts", "provider", provider, "consumer", one.pacticipant, "version", one.number)
        return self._source.find(address, documents.pact)

    def _put_version(
        self, connection: Connection, one: _Named, version: VersionRead, dates: Mapping[str, datetime | None]
    ) -> int:
        owner, created = self._ids[one.pacticipant], version.created_at or LONG_AGO
        values = changed(version.updated_at) | ({"build_url": version.build_url} if version.build_url is not None else {})
        version_id = imports.put_version(connection, owner, one.number, created, values)
        for name, head in version.branches:
            branch = self._branches.get((one.pacticipant, name), documents.BranchRead(name, created, None))
            branch_id = imports.put_branch(connection, owner, name, branch.created_at or created, changed(branch.updated_at))
            imports.put_on_branch(connection, branch_id, version_id, dates.get(_branch_path(one, name)) or created, head=head)
        for tag in version.tags:
            if _tag_path(one, tag) in dates:
                imports.put_tag(connection, owner, version_id, tag, dates[_tag_path(one, tag)] or created)
        self._deployed += version.deployed
        self._released += version.released
        return version_id

    def _put_pact(self, connection: Connection, one: _Named, version_id: int, provider: str, pact: PactRead | None) -> None:
        if pact is None:
            return
        if provider not in self._ids:  # it came to the source after its pacticipants were read
            self._ids[provider] = imports.put_pacticipant(connection, provider, pact.created_at or LONG_AGO, {})
        created = pact.created_at or one.at
        consumer_id, provider_id = self._ids[one.pacticipant], self._ids[provider]
        imports.put_pact(connection, consumer_id, version_id, provider_id, pact.sha, dump(pact.document), created)
        if content_sha(pact.document) != pact.sha:
            self._done.differing.append(pact_name(one.pacticipant, one.number, provider))
        self._contents.setdefault(Content(one.pacticipant, provider, pact.sha), one.number)
        self._done.pacts += 1


def _segments(one: _Named) -> tuple[str, ...]:
    return "pacticipants", one.pacticipant, "versions", one.number


def _version_path(one: _Named) -> str:
    return path(*_segments(one))


def _tag_path(one: _Named, tag: str) -> str:
    return path(*_segments(one), "tags", tag)


def _branch_path(one: _Named, branch: str) -> str:
    return path("pacticipants", one.pacticipant, "branches", branch, "versions", one.number)


def _known(
    connection: Connection,
    found: Sequence[tuple[_Named, VersionRead]],
    ask: Callable[[Connection, str, Sequence[str]], dict[str, T]],
) -> dict[_Named, T]:
    """Ask what some versions have here, one question for each pacticipant."""
    by_name: dict[str, list[str]] = {}
    for one, _ in found:
        by_name.setdefault(one.pacticipant, []).append(one.number)
    answers = {name: ask(connection, name, numbers) for name, numbers in by_name.items()}
    return {one: answers[one.pacticipant][one.number] for one, _ in found if one.number in answers[one.pacticipant]}
