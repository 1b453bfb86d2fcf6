"""What stands around versions wherever they are shown: branches, tags, and the environments that they are in now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from saga_broker.rows import BranchVersion, Environment, Tag
from saga_broker.store import branches as branch_store
from saga_broker.store import deployments as deployment_store
from saga_broker.store import environments as environment_store
from saga_broker.store import tags as tag_store


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known of versions, by version id.

    Attributes:
        branches: The branches that they are on.
        tags: Their tags.
        environments: Where they are deployed, or released and supported, now.
    """

    branches: Mapping[int, Sequence[BranchVersion]] = field(default_factory=dict)
    tags: Mapping[int, Sequence[Tag]] = field(default_factory=dict)
    environments: Mapping[int, Sequence[Environment]] = field(default_factory=dict)


def surroundings_of(connection: Connection, version_ids: Sequence[int]) -> Surroundings:
    """Gather what stands around versions."""
    wanted = list(set(version_ids))
    deployed, released = deployment_store.of_versions(connection, wanted, current=True)
    live: dict[int, set[int]] = {}
    here = [(one.version_id, one.environment_id) for one in deployed]
    here += [(one.version_id, one.environment_id) for one in released]
    for version_id, environment_id in here:
        live.setdefault(version_id, set()).add(environment_id)
    places = environment_store.listing(connection) if live else []
    return Surroundings(
        branch_store.of_versions(connection, wanted),
        tag_store.of_versions(connection, wanted),
        {version_id: [place for place in places if place.id in found] for version_id, found in live.items()},
    )
