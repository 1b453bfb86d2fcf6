"""Documents of pacticipants and labels."""

from collections.abc import Mapping, Sequence

from saga_broker.http.hal import Document, Links, link, present, times
from saga_broker.rows import Deployed, Environment, Named, Pacticipant, Version

DEPRECATED_LATEST = "DEPRECATED - please use latestVersion"


def pacticipant(
    links: Links,
    row: Pacticipant,
    labels: Sequence[Named],
    latest: Version | None,
    deployed: Sequence[tuple[Deployed, Environment]] | None = None,
) -> Document:
    """Write a pacticipant.

    Args:
        links: Writes addresses.
        row: The pacticipant.
        labels: Its labels.
        latest: Its newest version.
        deployed: What is deployed of it now; None where that is not shown.
    """
    embedded: Document = {"labels": [_embedded_label(links, row.name, label) for label in labels]}
    if latest is not None:
        short = _short_version(links, latest)
        embedded["latestVersion"] = short
        embedded["latest-version"] = {**short, "title": DEPRECATED_LATEST, "name": DEPRECATED_LATEST}
    return {
        **present(
            {
                "name": row.name,
                "displayName": row.display_name,
                "repositoryUrl": row.repository_url,
                "repositoryName": row.repository_name,
                "repositoryNamespace": row.repository_namespace,
                "mainBranch": row.main_branch,
            },
        ),
        **times(row.created_at, row.updated_at),
        "_embedded": embedded,
        "_links": _links(links, row.name, deployed),
    }


def pacticipant_list(links: Links, rows: Sequence[Document], *, with_deprecated: bool) -> Document:
    """Write a list of pacticipants, given as documents."""
    own = [(row["name"], row["_links"]["self"]["href"]) for row in rows]
    old = "DEPRECATED - please use pb:pacticipants"
    document: Document = {
        "_embedded": {"pacticipants": list(rows)},
        "_links": {
            "self": link(links.url("pacticipants")),
            "pb:pacticipants-with-label": link(
                links.url("pacticipants", "label") + "/{label}",
                "Find pacticipants by label",
                templated=True,
            ),
            "pb:pacticipants": [link(href, "Pacticipant", name) for name, href in own],
            "pacticipants": [link(href, name, old) for name, href in own],
        },
    }
    if with_deprecated:
        title = {"title": "DEPRECATED - Please use the embedded pacticipants collection"}
        document["pacticipants"] = [{**row, **title} for row in rows]
    return document


def label(links: Links, owner: str, row: Named) -> Document:
    """Write a label."""
    return {
        "name": row.name,
        **times(row.created_at, row.updated_at),
        "_links": {
            "self": link(links.url("pacticipants", owner, "labels", row.name), "Label", row.name),
            "pacticipant": link(links.pacticipant(owner), "Pacticipant", owner),
        },
    }


def deployment_link(links: Links, deployed: Deployed, environment: Environment, *, instance: str | None = None) -> Document:
    """Write the link to a deployment as pacticipants and versions show it; versions name the instance."""
    return present(
        {
            "title": f"Version deployed to {environment.display_name}",
            "name": environment.display_name,
            "href": links.url("deployed-versions", deployed.uuid),
            "currently_deployed": deployed.undeployed_at is None,
            "application_instance": instance,
        },
    )


def _embedded_label(links: Links, owner: str, row: Named) -> Document:
    return {
        "name": row.name,
        "_links": {"self": link(links.url("pacticipants", owner, "labels", row.name), "Label", row.name)},
    }


def _short_version(links: Links, version: Version) -> Document:
    href = links.version(version.pacticipant, version.number)
    return {"number": version.number, "_links": {"self": link(href, "Version", version.number)}}


def _links(links: Links, name: str, deployed: Sequence[tuple[Deployed, Environment]] | None) -> Document:
    own = links.pacticipant(name)
    shown: Mapping[str, object] = {}
    if deployed is not None:
        shown = {
            "pb:deployed-environments": [deployment_link(links, deployment, environment) for deployment, environment in deployed],
        }
    branch_badge = "/branches/{branch}/latest-version/can-i-deploy/to-environment/{environment}/badge"
    return {
        "self": link(own),
        "pb:versions": link(f"{own}/versions"),
        "pb:branches": link(f"{own}/branches"),
        **shown,
        "pb:version": _template(own, "/versions/{version}", "Get, create or delete a pacticipant version"),
        "pb:version-tag": _template(
            own, "/versions/{version}/tags/{tag}", f"Get, create or delete a tag for a version of {name}"
        ),
        "pb:branch-version": _template(
            own,
            "/branches/{branch}/versions/{version}",
            f"Get or add/create a version for a branch of {name}",
        ),
        "pb:label": _template(own, "/labels/{label}", f"Get, create or delete a label for {name}"),
        "versions": link(f"{own}/versions", "Deprecated - use pb:versions"),
        "pb:can-i-deploy-badge": _template(
            own,
            "/latest-version/{tag}/can-i-deploy/to/{environmentTag}/badge",
            f"Can I Deploy {name} badge",
        ),
        "pb:can-i-deploy-branch-to-environment-badge": _template(
            own,
            branch_badge,
            f"Can I Deploy {name} from branch to environment badge",
        ),
        "curies": links.curies("pacticipant"),
    }


def _template(own: str, rest: str, title: str) -> Document:
    return link(own + rest, title, templated=True)
