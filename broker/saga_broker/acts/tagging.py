"""What follows when a version gets a branch or a tag: main branch detection, the first tag as a branch, deployments by tag."""

from datetime import timedelta

from sqlalchemy import Connection

from saga_broker.acts.events import milestones
from saga_broker.rows import Version
from saga_broker.settings import Settings
from saga_broker.store import branches as branch_store
from saga_broker.store import deployments as deployment_store
from saga_broker.store import environments as environment_store
from saga_broker.store import pacticipants as pacticipant_store
from saga_broker.store import tags as tag_store
from saga_broker.store import versions as version_store
from saga_broker.store.database.types import now


def made_on_the_way(connection: Connection, name: str, number: str) -> Version:
    """Give a version; one that is made by its branch, tag, pact or result counts as updated at once, as in the Pact Broker."""
    version, is_new = version_store.get_or_create(connection, name, number)
    if is_new:
        version_store.touch(connection, version)
    return version


def put_on_branch(connection: Connection, settings: Settings, version: Version, branch: str) -> bool:
    """Put a version on a branch.

    Returns:
        Whether it was added now.
    """
    added = branch_store.add_version(connection, version.pacticipant_id, branch, version.id)
    detect_main_branch(connection, settings, version, branch)
    return added


def put_tag(
    connection: Connection, settings: Settings, version: Version, tag: str, *, deploys: bool = False, base_url: str = ""
) -> bool:
    """Tag a version.

    Args:
        connection: The database.
        settings: Says which consequences are wanted.
        version: The version.
        tag: The tag.
        deploys: A tag named like an environment records a deployment.
        base_url: What links begin with that tell of it.

    Returns:
        Whether the tag is new.
    """
    _first_tag_as_branch(connection, settings, version, tag)
    added = tag_store.put(connection, version.id, tag)
    detect_main_branch(connection, settings, version, tag)
    if deploys and settings.create_deployed_versions_for_tags:
        environment = environment_store.find_by_name(connection, tag)
        if environment is not None:
            deployment_store.deploy(connection, version, environment.id, None, auto_created=True)
            milestones.deployed(connection, settings, base_url, version, environment)
    return added


def detect_main_branch(connection: Connection, settings: Settings, version: Version, name: str) -> None:
    """Take a branch or tag named like a main branch as the main branch, when none is known."""
    if not settings.auto_detect_main_branch or name not in settings.main_branch_candidates:
        return
    owner = pacticipant_store.find_by_id(connection, version.pacticipant_id)
    if owner.main_branch is None:
        pacticipant_store.change_fields(connection, owner, main_branch=name)


def _first_tag_as_branch(connection: Connection, settings: Settings, version: Version, tag: str) -> None:
    if not settings.use_first_tag_as_branch:
        return
    is_young = now() - version.created_at <= timedelta(seconds=settings.first_tag_age_s)
    is_first = not tag_store.of_versions(connection, [version.id]) and not branch_store.of_versions(connection, [version.id])
    if is_young and is_first:
        branch_store.add_version(connection, version.pacticipant_id, tag, version.id, auto_created=True)
