"""What the import reads from the documents of a broker: the few members that are copied, each with its type checked.

A member that older brokers do not have is optional here; anything else that is missing or of another type raises ValueError,
KeyError or TypeError, which `source` turns into one message.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from saga_broker.pact.content import without_ids

_PACT = re.compile(r"/pacts/provider/([^/]+)/consumer/([^/]+)/version/([^/]+)\Z")
_RESULT = re.compile(r"/pact-version/([^/]+)/(?:metadata/[^/]*/)?verification-results/(\d+)\Z")
_CONTENT = re.compile(r"/pacts/provider/([^/]+)/consumer/([^/]+)/pact-version/([^/]+)(?:/metadata/[^/]*)?\Z")
_TOO_LONG = 2000


@dataclass(frozen=True, slots=True)
class EnvironmentRead:
    """An environment."""

    uuid: str
    name: str
    display_name: str
    production: bool
    contacts: Any
    created_at: datetime | None
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class PacticipantRead:
    """A pacticipant; `fields` are those that the source has."""

    name: str
    fields: dict[str, str]
    labels: tuple[str, ...]
    created_at: datetime | None
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class BranchRead:
    """A branch."""

    name: str
    created_at: datetime | None
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class VersionRead:
    """A version.

    Attributes:
        branches: Name, and whether this version is its head.
        providers: Whose pacts it has.
        deployed: Uuids of its deployments, former ones too.
        released: Uuids of its releases, ended ones too.
    """

    number: str
    build_url: str | None
    created_at: datetime | None
    updated_at: datetime | None
    branches: tuple[tuple[str, bool], ...]
    tags: tuple[str, ...]
    providers: tuple[str, ...]
    deployed: tuple[str, ...]
    released: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PactRead:
    """A pact, without what the broker added to it."""

    sha: str
    document: Any
    created_at: datetime | None


@dataclass(frozen=True, slots=True)
class ResultRow:
    """A result as the matrix names it."""

    number: int
    provider_version: str
    success: bool
    verified_at: datetime


@dataclass(frozen=True, slots=True)
class ResultRead:
    """The rest of a result."""

    build_url: str | None
    test_results: Any
    verified_by: Any


@dataclass(frozen=True, slots=True)
class SelectedRead:
    """A pact that is to be verified; `why` says in a few words for which of the selectors."""

    name: str
    consumer: str
    sha: str
    pending: bool
    wip: bool
    why: str


@dataclass(frozen=True, slots=True)
class PlaceRead:
    """A deployment or a release; `environment` is its uuid, `ended_at` is set when it is over."""

    uuid: str
    environment: str
    pacticipant: str
    number: str
    instance: str | None
    created_at: datetime
    updated_at: datetime | None
    ended_at: datetime | None


_FIELDS = {
    "displayName": "display_name",
    "mainBranch": "main_branch",
    "repositoryUrl": "repository_url",
    "repositoryName": "repository_name",
    "repositoryNamespace": "repository_namespace",
}


def environment(document: Any) -> EnvironmentRead:
    """Read an environment."""
    name = _text(document["name"])
    return EnvironmentRead(
        uuid=_text(document["uuid"]),
        name=name,
        display_name=_optional_text(document.get("displayName")) or name,
        production=bool(document.get("production")),
        contacts=document.get("contacts"),
        created_at=_moment(document.get("createdAt")),
        updated_at=_moment(document.get("updatedAt")),
    )


def pacticipant(document: Any) -> PacticipantRead:
    """Read a pacticipant."""
    given = {own: _optional_text(document.get(name)) for name, own in _FIELDS.items()}
    labels = document.get("_embedded", {}).get("labels", [])
    return PacticipantRead(
        name=_text(document["name"]),
        fields={name: value for name, value in given.items() if value is not None},
        labels=tuple(_text(label["name"]) for label in labels),
        created_at=_moment(document.get("createdAt")),
        updated_at=_moment(document.get("updatedAt")),
    )


def branch(document: Any) -> BranchRead:
    """Read a branch."""
    return BranchRead(_text(document["name"]), _moment(document.get("createdAt")), _moment(document.get("updatedAt")))


def version(document: Any) -> VersionRead:
    """Read a version."""
    embedded, links = document.get("_embedded", {}), document["_links"]
    return VersionRead(
        number=_text(document["number"]),
        build_url=_optional_text(document.get("buildUrl")),
        created_at=_moment(document.get("createdAt")),
        updated_at=_moment(document.get("updatedAt")),
        branches=tuple((_text(one["name"]), bool(one.get("latest"))) for one in embedded.get("branchVersions", [])),
        tags=tuple(_text(tag["name"]) for tag in embedded.get("tags", [])),
        providers=tuple(_provider(link["href"]) for link in links.get("pb:pact-versions", [])),
        deployed=_last_segments(links.get("pb:deployed-environments", [])),
        released=_last_segments(links.get("pb:released-environments", [])),
    )


def pair(document: Any) -> tuple[str, str]:
    """Read consumer and provider of an integration."""
    return _text(document["consumer"]["name"]), _text(document["provider"]["name"])


def uuid(document: Any) -> str:
    """Read the uuid of a deployment."""
    return _text(document["uuid"])


def selected(document: Any) -> list[SelectedRead]:
    """Read the pacts that are to be verified."""
    return [_selected(entry) for entry in document["_embedded"]["pacts"]]


def _selected(entry: Any) -> SelectedRead:
    properties, own = entry["verificationProperties"], entry["_links"]["self"]
    address = _CONTENT.search(urlsplit(_text(own["href"])).path)
    if address is None:
        msg = "a pact's address is not like /pacts/provider/P/consumer/C/pact-version/SHA/…"
        raise ValueError(msg)
    consumer, sha = unquote(address.group(2)), unquote(address.group(3))
    state = (bool(properties.get("pending")), bool(properties.get("wip")))
    return SelectedRead(_text(own["name"]), consumer, sha, *state, _optional_text(entry.get("shortDescription")) or "")


def tagged_at(document: Any) -> datetime | None:
    """Read when a tag was given."""
    return _moment(document.get("createdAt"))


def pact(document: Any) -> PactRead:
    """Read a pact."""
    added = {"_links", "createdAt", "updatedAt"}
    content = without_ids({name: value for name, value in document.items() if name not in added})
    return PactRead(_text(document["_links"]["pb:pact-version"]["name"]), content, _moment(document.get("createdAt")))


def result_rows(document: Any, consumer: str, provider: str, sha: str) -> list[ResultRow]:
    """Read from a matrix the results of one content; rows of other pairs and of overwritten revisions are left out."""
    rows = []
    for row in document["matrix"]:
        found = row["verificationResult"]
        if found is None or (row["consumer"]["name"], row["provider"]["name"]) != (consumer, provider):
            continue
        address = _RESULT.search(urlsplit(_text(found["_links"]["self"]["href"])).path)
        if address is None:
            msg = "a result's address is not like …/pact-version/SHA/verification-results/N"
            raise ValueError(msg)
        if address.group(1) == sha:
            at = _known(_moment(found["verifiedAt"]))
            provider_version = _text(row["provider"]["version"]["number"])
            rows.append(ResultRow(int(address.group(2)), provider_version, bool(found["success"]), at))
    return rows


def result(document: Any) -> ResultRead:
    """Read a result."""
    return ResultRead(_optional_text(document.get("buildUrl")), document.get("testResults"), document.get("verifiedBy"))


def deployed(document: Any) -> PlaceRead:
    """Read a deployment; `target` is the older name of the application's instance."""
    instance = document.get("applicationInstance", document.get("target"))
    return _place(document, "currentlyDeployed", "undeployedAt", _optional_text(instance))


def released(document: Any) -> PlaceRead:
    """Read a release."""
    return _place(document, "currentlySupported", "supportEndedAt", None)


def _place(document: Any, state: str, ended: str, instance: str | None) -> PlaceRead:
    created, updated = _known(_moment(document["createdAt"])), _moment(document.get("updatedAt"))
    over = None if document[state] else _moment(document.get(ended)) or updated or created
    of = document["_embedded"]
    return PlaceRead(
        uuid=_text(document["uuid"]),
        environment=_text(of["environment"]["uuid"]),
        pacticipant=_text(of["pacticipant"]["name"]),
        number=_text(of["version"]["number"]),
        instance=instance,
        created_at=created,
        updated_at=updated,
        ended_at=over,
    )


def _provider(href: Any) -> str:
    found = _PACT.search(urlsplit(_text(href)).path)
    if found is None:
        msg = "a pact's address is not like /pacts/provider/P/consumer/C/version/V"
        raise ValueError(msg)
    return unquote(found.group(1))


def _last_segments(links: Iterable[Any]) -> tuple[str, ...]:
    return tuple(_last_segment(link["href"]) for link in links)


def _last_segment(href: Any) -> str:
    return unquote(_text(href).rstrip("/").rpartition("/")[2])


def _text(value: Any) -> str:
    if not isinstance(value, str) or "\0" in value or len(value) > _TOO_LONG:
        msg = f"{type(value).__name__} instead of a text of at most {_TOO_LONG} characters"
        raise TypeError(msg)
    return value


def _optional_text(value: Any) -> str | None:
    return None if value is None else _text(value)


def _moment(value: Any) -> datetime | None:
    if value is None:
        return None
    moment = datetime.fromisoformat(_text(value))
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _known(moment: datetime | None) -> datetime:
    if moment is None:
        msg = "a date is missing"
        raise ValueError(msg)
    return moment
