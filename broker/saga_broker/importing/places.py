"""Copies deployments and releases, the former ones too, in the order in which they were recorded."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection

from saga_broker.http.segments import path
from saga_broker.importing import documents
from saga_broker.importing.documents import PlaceRead
from saga_broker.importing.source import Source, listed
from saga_broker.importing.steps import Progress, changed, chunks
from saga_broker.store.database.engine import Database
from saga_broker.store.imported import import_places, imports

_NEVER = datetime.max.replace(tzinfo=UTC)
Write = Callable[[Connection, PlaceRead, int, int, int], None]
"""Writes a place, given our ids of its environment, pacticipant and version."""


class Places:
    """Copies what is and was deployed and released.

    Args:
        source: The broker that is copied from.
        database: The database that is copied to.
        environments: Our id by the source's uuid.
        pacticipants: Our id by name.
        progress: Is told how far it is.
    """

    def __init__(
        self,
        source: Source,
        database: Database,
        environments: Mapping[str, int],
        pacticipants: Mapping[str, int],
        progress: Progress,
    ) -> None:
        self._source, self._database, self._progress = source, database, progress
        self._environments, self._pacticipants = environments, pacticipants

    def copy_deployments(self, uuids: Sequence[str]) -> int:
        """Copy deployments; gives how many the source has."""
        return self._copy("deployed-versions", uuids, documents.deployed, _put_deployment, self._ranks())

    def copy_releases(self, uuids: Sequence[str]) -> int:
        """Copy releases; gives how many the source has."""
        return self._copy("released-versions", uuids, documents.released, _put_release)

    def _ranks(self) -> dict[str, int]:
        """Give the place of each live deployment in the order in which they came; moments are told to the second only."""
        paths = [path("environments", uuid, "deployed-versions", "currently-deployed") for uuid in self._environments]
        lists = self._source.each(
            paths, lambda one: self._source.find(one, lambda found: listed(found, "deployedVersions", documents.uuid)) or []
        )
        return {uuid: -place for newest_first in lists for place, uuid in enumerate(newest_first)}

    def _copy(
        self,
        kind: str,
        uuids: Sequence[str],
        parse: Callable[[object], PlaceRead],
        write: Write,
        ranks: Mapping[str, int] | None = None,
    ) -> int:
        read = self._source.each(uuids, lambda uuid: self._source.find(path(kind, uuid), parse))
        found = [one for one in read if one is not None]
        places = sorted(found, key=lambda one: (one.created_at, one.ended_at or _NEVER, (ranks or {}).get(one.uuid, 0), one.uuid))
        for number, chunk in chunks(places):
            self._progress(kind.replace("-", " "), number, len(places))
            with self._database.write() as connection:
                for place in chunk:
                    self._put(connection, place, write)
        return len(places)

    def _put(self, connection: Connection, place: PlaceRead, write: Write) -> None:
        environment_id, owner = self._environments.get(place.environment), self._pacticipants.get(place.pacticipant)
        version_id = imports.version_ids(connection, place.pacticipant, [place.number]).get(place.number)
        if environment_id is not None and owner is not None and version_id is not None:
            write(connection, place, environment_id, owner, version_id)


def _put_deployment(connection: Connection, place: PlaceRead, environment_id: int, owner: int, version_id: int) -> None:
    owners = {"pacticipant_id": owner, "version_id": version_id, "environment_id": environment_id, "instance": place.instance}
    import_places.put_deployment(connection, place.uuid, place.created_at, owners | changed(place.updated_at), place.ended_at)


def _put_release(connection: Connection, place: PlaceRead, environment_id: int, owner: int, version_id: int) -> None:
    owners = {"pacticipant_id": owner, "version_id": version_id, "environment_id": environment_id}
    import_places.put_release(connection, place.uuid, owners, place.created_at, place.updated_at, place.ended_at)
