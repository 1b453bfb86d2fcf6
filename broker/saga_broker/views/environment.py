"""Documents of environments, deployments and releases."""

from collections.abc import Sequence

from saga_broker.http.hal import Document, Links, link, moment, present, times
from saga_broker.rows import Deployed, Environment, Released
from saga_contracts.wire import exact


def environment(links: Links, row: Environment) -> Document:
    """Write an environment."""
    contacts = exact.loads(row.contacts) if row.contacts is not None else None
    own = links.url("environments", row.uuid)
    return {
        **short_environment(row, contacts),
        "_links": {
            "self": link(own, "Environment", row.name),
            "pb:currently-deployed-deployed-versions": link(
                f"{own}/deployed-versions/currently-deployed",
                f"Versions currently deployed to {row.display_name} environment",
            ),
            "pb:currently-supported-released-versions": link(
                f"{own}/released-versions/currently-supported",
                f"Versions released and supported in {row.display_name} environment",
            ),
            "pb:environments": link(links.url("environments"), "Environments"),
        },
    }


def short_environment(row: Environment, contacts: object = None) -> Document:
    """Write an environment's own fields."""
    fields = {
        "uuid": row.uuid,
        "name": row.name,
        "displayName": row.display_name,
        "production": row.production,
        "contacts": contacts,
    }
    return {**present(fields), **times(row.created_at, row.updated_at)}


def environment_list(links: Links, rows: Sequence[Environment]) -> Document:
    """Write the list of environments."""
    return {
        "_embedded": {"environments": [environment(links, row) for row in rows]},
        "_links": {
            "self": link(links.url("environments"), "Environments"),
            "pb:environments": [link(links.url("environments", row.uuid), "Environment", row.name) for row in rows],
        },
    }


def deployed(links: Links, row: Deployed, where: Environment | None, *, alone: bool = False) -> Document:
    """Write a deployment; with its environment where that is shown, and without its version in the version's own list."""
    fields = {
        "uuid": row.uuid,
        "currentlyDeployed": row.undeployed_at is None,
        "target": row.instance,
        "applicationInstance": row.instance,
        "undeployedAt": moment(row.undeployed_at) if row.undeployed_at else None,
    }
    return {
        **present(fields),
        **times(row.created_at, row.updated_at if row.undeployed_at is None else None),
        **({} if alone else {"_embedded": _embedded(links, row, where)}),
        "_links": {"self": link(links.url("deployed-versions", row.uuid))},
    }


def released(links: Links, row: Released, where: Environment | None, *, alone: bool = False) -> Document:
    """Write a release; with its environment where that is shown, and without its version in the version's own list."""
    return {
        "uuid": row.uuid,
        "currentlySupported": row.support_ended_at is None,
        **times(row.created_at, row.updated_at),
        **present({"supportEndedAt": moment(row.support_ended_at) if row.support_ended_at else None}),
        **({} if alone else {"_embedded": _embedded(links, row, where)}),
        "_links": {"self": link(links.url("released-versions", row.uuid))},
    }


def _embedded(links: Links, row: Deployed | Released, where: Environment | None) -> Document:
    name, number = row.pacticipant, row.number
    return present(
        {
            "pacticipant": {"name": name, "_links": {"self": link(links.pacticipant(name))}},
            "version": {"number": number, "_links": {"self": link(links.version(name, number), "Version", number)}},
            "environment": environment(links, where) if where else None,
        },
    )
