"""Copies versions with their branches, tags and pacts, each where it belongs among those that came here since."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple, TypeVar

from sqlalchemy import Connection

from saga_broker.http.hal import dump, pact_name
from saga_broker.http.segments import path
from saga_broker.importing import documents
from saga_broker.importing.documents import BranchRead, PactRead, VersionRead
from saga_broker.importing.results import Content
from saga_broker.importing.source import Source
from saga_broker.importing.steps import changed
from saga_broker.pact.content import content_sha
from saga_broker.store.database.engine import Database
from saga_broker.store.imported import imports
from saga_broker.store.imported.order import Late

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
T = TypeVar("T")


class Named(NamedTuple):
    """A version by its names, and when it was made, at the latest when the next one of its pacticipant was."""

    at: datetime
    place: int
    pacticipant: str
    number: str


class Versions:
    """Copies versions.

    Args:
        source: The broker that is copied from.
        database: The database that is copied to.
        pacticipants: Our id by name; those that turn up on the way are added.
        branches: The branches there, by pacticipant and name.

    Attributes:
        pacts: How many are new here.
        differing: Pacts for which this broker would compute another content sha.
        contents: What was found, each with the number of a consumer version that has it.
        deployed: Uuids of deployments, former ones too.
        released: Uuids of releases, ended ones too.
    """

    def __init__(
        self,
        source: Source,
        database: Database,
        pacticipants: dict[str, int],
        branches: Mapping[tuple[str, str], BranchRead],
    ) -> None:
        self._source, self._database, self._ids, self._branches = source, database, pacticipants, branches
        self._members: dict[int, set[str]] = {}  # numbers of the versions on a branch there, by our id of the branch
        self.pacts = 0
        self.differing: list[str] = []
        self.contents: dict[Content, str] = {}
        self.deployed: list[str] = []
        self.released: list[str] = []

    def copy(self, chunk: Sequence[Named]) -> None:
        """Copy some versions, the oldest first."""
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
            ids = self._put_versions(connection, found)
            self._put_on_branches(connection, found, ids, dates)
            for one, version in found:
                for tag in version.tags:
                    if _tag_path(one, tag) in dates:
                        created = dates[_tag_path(one, tag)] or version.created_at or LONG_AGO
                        imports.put_tag(connection, self._ids[one.pacticipant], ids[one], tag, created)
                for provider in version.providers:
                    self._put_pact(connection, one, ids[one], provider, pacts.get((one, provider)))
                self.deployed += version.deployed
                self.released += version.released
        for one, pairs in known_pacts.items():
            for provider, sha in pairs.items():
                self.contents.setdefault(Content(one.pacticipant, provider, sha), one.number)

    def _pact(self, key: tuple[Named, str]) -> PactRead | None:
        one, provider = key
        address = path("pacts", "provider", provider, "consumer", one.pacticipant, "version", one.number)
        return self._source.find(address, documents.pact)

    def _put_versions(self, connection: Connection, found: Sequence[tuple[Named, VersionRead]]) -> dict[Named, int]:
        """Write versions, each where it belongs among those that are here; gives their ids."""
        late: dict[str, list[Late]] = {}
        for one, version in found:
            build = {"build_url": version.build_url} if version.build_url is not None else {}
            values = changed(version.updated_at) | build
            created = version.created_at or LONG_AGO
            version_id, is_new = imports.put_version(connection, self._ids[one.pacticipant], one.number, created, values)
            if is_new:
                late.setdefault(one.pacticipant, []).append((version_id, one.at))
        for name, rows in late.items():
            imports.place_versions(connection, self._ids[name], rows)
        return _known(connection, found, imports.version_ids)

    def _put_on_branches(
        self,
        connection: Connection,
        found: Sequence[tuple[Named, VersionRead]],
        ids: Mapping[Named, int],
        dates: Mapping[str, datetime | None],
    ) -> None:
        late: dict[int, list[Late]] = {}
        heads: dict[int, int] = {}
        for one, version in found:
            owner, created = self._ids[one.pacticipant], version.created_at or LONG_AGO
            for name, is_head in version.branches:
                branch = self._branches.get((one.pacticipant, name), documents.BranchRead(name, created, None))
                branch_id = imports.put_branch(connection, owner, name, branch.created_at or created, changed(branch.updated_at))
                self._members.setdefault(branch_id, set()).add(one.number)
                added = dates.get(_branch_path(one, name)) or created
                place_id = imports.put_on_branch(connection, branch_id, ids[one], added)
                if place_id is not None:
                    late.setdefault(branch_id, []).append((place_id, added))
                if is_head:
                    heads[branch_id] = ids[one]
        for branch_id, rows in late.items():
            imports.place_on_branch(connection, branch_id, rows)
        for branch_id, version_id in heads.items():
            imports.move_head(connection, branch_id, version_id, self._members[branch_id])

    def _put_pact(self, connection: Connection, one: Named, version_id: int, provider: str, pact: PactRead | None) -> None:
        if pact is None:
            return
        if provider not in self._ids:  # it came to the source after its pacticipants were read
            self._ids[provider] = imports.put_pacticipant(connection, provider, pact.created_at or LONG_AGO, {})
        created = pact.created_at or one.at
        consumer_id, provider_id = self._ids[one.pacticipant], self._ids[provider]
        imports.put_pact(connection, consumer_id, version_id, provider_id, pact.sha, dump(pact.document), created)
        if content_sha(pact.document) != pact.sha:
            self.differing.append(pact_name(one.pacticipant, one.number, provider))
        self.contents.setdefault(Content(one.pacticipant, provider, pact.sha), one.number)
        self.pacts += 1


def _segments(one: Named) -> tuple[str, ...]:
    return "pacticipants", one.pacticipant, "versions", one.number


def _version_path(one: Named) -> str:
    return path(*_segments(one))


def _tag_path(one: Named, tag: str) -> str:
    return path(*_segments(one), "tags", tag)


def _branch_path(one: Named, branch: str) -> str:
    return path("pacticipants", one.pacticipant, "branches", branch, "versions", one.number)


def _known(
    connection: Connection,
    found: Sequence[tuple[Named, VersionRead]],
    ask: Callable[[Connection, str, Sequence[str]], dict[str, T]],
) -> dict[Named, T]:
    """Ask what some versions have here, one question for each pacticipant."""
    by_name: dict[str, list[str]] = {}
    for one, _ in found:
        by_name.setdefault(one.pacticipant, []).append(one.number)
    answers = {name: ask(connection, name, numbers) for name, numbers in by_name.items()}
    return {one: answers[one.pacticipant][one.number] for one, _ in found if one.number in answers[one.pacticipant]}
