"""What stands around versions wherever they are shown: branches, tags, and the environments that they are in now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from saga_broker.rows import BranchVersion, Environment, Tag
from saga_broker.store import branches as branch_store
from saga_broker.store import deployments as deployment_store
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
    return Surroundings(
        branch_store.of_versions(connection, wanted),
        tag_store.of_versions(connection, wanted),
        deployment_store.live_environments(connection, wanted),
    )
