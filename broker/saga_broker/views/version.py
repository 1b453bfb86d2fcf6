"""Documents of versions, branches and tags."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from saga_broker.http.hal import Document, Links, link, pact_name, present, times
from saga_broker.rows import Branch, BranchVersion, Deployed, Environment, Publication, Released, Tag, Version
from saga_broker.views.pacticipant import deployment_link


@dataclass(frozen=True, slots=True)
class Around:
    """What a version's document shows besides the version itself."""

    branches: Sequence[BranchVersion] = ()
    tags: Sequence[Tag] = ()
    pacts: Sequence[Publication] = ()
    deployed: Sequence[tuple[Deployed, Environment]] = ()
    released: Sequence[tuple[Released, Environment]] = ()
    environments: Sequence[Environment] | None = field(default=None)


def version(links: Links, row: Version, around: Around, own: str | None = None) -> Document:
    """Write a version.

    Args:
        links: Writes addresses.
        row: The version.
        around: What belongs to it; `environments` is None in lists, which offer no recording of deployments.
        own: The address that the document was asked for, when it is not the version's own.
    """
    return {
        **present({"number": row.number, "buildUrl": row.build_url}),
        **times(row.created_at, row.updated_at),
        "_embedded": {
            "branchVersions": [embedded_branch(links, row, branch) for branch in around.branches],
            "tags": [
                {"name": tag.name, "_links": {"self": link(links.tag(row.pacticipant, row.number, tag.name), "Tag", tag.name)}}
                for tag in around.tags
            ],
        },
        "_links": _links(links, row, around, own or links.version(row.pacticipant, row.number)),
    }


def embedded_branch(links: Links, row: Version, branch: BranchVersion) -> Document:
    """Write a branch as a version shows it."""
    href = links.branch_version(row.pacticipant, branch.name, row.number)
    return {"name": branch.name, "latest": branch.latest, "_links": {"self": link(href, "Branch version", branch.name)}}


def version_list(links: Links, owner: str, rows: Sequence[Version], documents: Sequence[Document], own: Document) -> Document:
    """Write a list of versions.

    Args:
        links: Writes addresses.
        owner: The pacticipant's name.
        rows: The versions.
        documents: Their documents, in the same order.
        own: The link to the list itself.
    """
    hrefs = [(row, links.version(row.pacticipant, row.number)) for row in rows]
    return {
        "_embedded": {"versions": list(documents)},
        "_links": {
            "self": own,
            "pb:pacticipant": link(links.pacticipant(owner), owner),
            "pb:versions": [link(href, f"Version {row.number} - {row.created_at:%d/%m/%Y}") for row, href in hrefs],
            "pacticipant": link(links.pacticipant(owner), "Deprecated - please use pb:pacticipant"),
            "versions": [link(href, "Deprecated - please use pb:versions") for _, href in hrefs],
        },
    }


def branch(links: Links, owner: str, row: Branch) -> Document:
    """Write a branch."""
    href = links.url("pacticipants", owner, "branches", row.name)
    return {
        "name": row.name,
        **times(row.created_at, row.updated_at),
        "_links": {
            "self": link(href, "Branch"),
            "pb:latest-version": link(f"{href}/latest-version", "Latest version for branch"),
        },
    }


def branch_version(links: Links, row: Version, on: BranchVersion) -> Document:
    """Write a version's place on a branch."""
    owner = row.pacticipant
    return {
        **times(on.created_at, on.updated_at),
        "_links": {
            "self": link(links.branch_version(owner, on.name, row.number), "Branch version"),
            "pb:branch": link(links.url("pacticipants", owner, "branches", on.name), "Branch", on.name),
            "pb:version": link(links.version(owner, row.number), "Version", row.number),
        },
    }


def tag(links: Links, row: Version, of: Tag) -> Document:
    """Write a tag."""
    owner = row.pacticipant
    return {
        "name": of.name,
        **times(of.created_at, of.updated_at),
        "_links": {
            "self": link(links.tag(owner, row.number, of.name), "Tag", of.name),
            "version": link(links.version(owner, row.number), "Version", row.number),
            "pacticipant": link(links.pacticipant(owner), "Pacticipant", owner),
        },
    }


def _links(links: Links, row: Version, around: Around, own: str) -> Document:
    name, number = row.pacticipant, row.number
    found: dict[str, Any] = {
        "self": link(own, "Version", number),
        "pb:pacticipant": link(links.pacticipant(name), "Pacticipant", name),
        "pb:tag": link(
            links.version(name, number) + "/tags/{tag}",
            "Get, create or delete a tag for this pacticipant version",
            templated=True,
        ),
        "pb:latest-verification-results-where-pacticipant-is-consumer": link(
            f"{links.url('verification-results', 'consumer', name, 'version', number)}/latest",
            "Latest verification results for consumer version",
        ),
        "pb:pact-versions": [
            link(
                links.pact(pact.consumer, pact.provider, pact.number),
                "Pact",
                pact_name(pact.consumer, pact.number, pact.provider),
            )
            for pact in around.pacts
        ],
    }
    if around.environments is not None or around.deployed:
        found["pb:deployed-environments"] = [
            deployment_link(links, deployed, environment, instance=deployed.instance) for deployed, environment in around.deployed
        ]
    if around.environments is not None or around.released:
        found["pb:released-environments"] = [_release_link(links, *pair) for pair in around.released]
    if around.environments is not None:
        found["pb:record-deployment"] = [_record(links, row, one, "deployed", "deployment") for one in around.environments]
        found["pb:record-release"] = [_record(links, row, one, "released", "release") for one in around.environments]
    return {**found, "curies": links.curies("version")}


def _release_link(links: Links, released: Released, environment: Environment) -> Document:
    href = links.url("released-versions", released.uuid)
    title = f"Version released to {environment.display_name}"
    return {**link(href, title, environment.display_name), "currently_supported": released.support_ended_at is None}


def _record(links: Links, row: Version, environment: Environment, kind: str, noun: str) -> Document:
    href = links.url("pacticipants", row.pacticipant, "versions", row.number, f"{kind}-versions", "environment", environment.uuid)
    return link(href, f"Record {noun} to {environment.display_name}", environment.name)
