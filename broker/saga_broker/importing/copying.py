"""The order in which an import goes: environments, pacticipants, versions with all that hangs on them, results, deployments.

Everything is written in the order in which it came to the other broker, in small transactions, and found again by its names, so
that an import that was interrupted goes on where it ended, and a repeated one writes nothing but what is new.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from saga_broker.http.hal import dump
from saga_broker.http.segments import path
from saga_broker.importing import documents
from saga_broker.importing.places import Places
from saga_broker.importing.results import copy_results
from saga_broker.importing.source import Source, SourceError, listed
from saga_broker.importing.steps import Progress, changed, chunks
from saga_broker.importing.versions import LONG_AGO, Named, Versions
from saga_broker.importing.work_in_progress import mark_work_in_progress
from saga_broker.store.database.engine import Database
from saga_broker.store.imported import imports


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

    def run(self) -> Imported:
        known = self._source.read("/", lambda document: "pb:pacticipants" in document["_links"])
        if not known:
            msg = f"Cannot import: {self._source.url} is no Pact Broker, since its index names no pacticipants. Correct --from."
            raise SourceError(msg)
        self._copy_environments()
        names = self._copy_pacticipants()
        every = self._versions(names)
        versions = Versions(self._source, self._database, self._ids, self._branches)
        for number, chunk in chunks(every):
            self._progress("versions and pacts", number, len(every))
            versions.copy(chunk)
        self._done.versions, self._done.pacts, self._done.differing = len(every), versions.pacts, versions.differing
        self._done.results = copy_results(self._source, self._database, versions.contents, self._progress)
        mark_work_in_progress(self._source, self._database)
        self._order_integrations()
        places = Places(self._source, self._database, self._environments, self._ids, self._progress)
        self._done.places = places.copy_deployments(versions.deployed) + places.copy_releases(versions.released)
        return self._done

    def _order_integrations(self) -> None:
        """Keep their order: of two whose contracts changed within one second, too."""
        pairs = list(self._source.pages("/integrations", "integrations", documents.pair))
        with self._database.write() as connection:
            imports.order_integrations(connection, pairs[::-1])

    def _copy_environments(self) -> None:
        named = self._source.find("/environments", lambda document: listed(document, "environments", documents.environment)) or []
        paths = [path("environments", one.uuid) for one in named]  # the list leaves out contacts
        found = [
            one for one in self._source.each(paths, lambda one: self._source.find(one, documents.environment)) if one is not None
        ]
        with self._database.write() as connection:
            for one in sorted(found, key=lambda one: one.created_at or LONG_AGO):
                contacts = None if one.contacts is None else dump(one.contacts).decode()
                values = {"display_name": one.display_name, "production": one.production, "contacts": contacts}
                values |= changed(one.updated_at)
                created = one.created_at or LONG_AGO
                self._environments[one.uuid] = imports.put_environment(connection, one.uuid, one.name, created, values)
            if not imports.has_pacticipants(connection):
                imports.remove_first_environments(connection, {one.name for one in found})
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

    def _versions(self, names: Sequence[str]) -> list[Named]:
        """List all versions, the oldest first; of one pacticipant in exactly its order."""
        orders = []
        for done, (name, order, branches) in enumerate(self._source.each(names, self._of_pacticipant)):
            self._progress("lists of versions", done, len(names))
            orders.append(order)
            self._branches |= {(name, branch.name): branch for branch in branches}
        with self._database.write() as connection:
            for (name, branch_name), branch in reversed(self._branches.items()):  # the last changed stand first in lists
                values = changed(branch.updated_at)
                imports.put_branch(connection, self._ids[name], branch_name, branch.created_at or LONG_AGO, values)
        return list(heapq.merge(*orders))

    def _of_pacticipant(self, name: str) -> tuple[str, list[Named], list[documents.BranchRead]]:
        branches = list(self._source.pages(path("pacticipants", name, "branches"), "branches", documents.branch))
        found = list(self._source.pages(path("pacticipants", name, "versions"), "versions", documents.version))
        order, at = [], LONG_AGO
        for place, one in enumerate(reversed(found)):
            at = max(at, one.created_at or LONG_AGO)
            order.append(Named(at, place, name, one.number))
        return name, order, branches
