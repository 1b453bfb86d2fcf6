"""What the store gives back: frozen records, one per kind of thing."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Pacticipant:
    """An application that takes part in pacts."""

    id: int
    name: str
    display_name: str | None
    main_branch: str | None
    repository_url: str | None
    repository_name: str | None
    repository_namespace: str | None
    created_at: datetime
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a pacticipant; `id` is the global order."""

    id: int
    pacticipant_id: int
    pacticipant: str
    number: str
    build_url: str | None
    created_at: datetime
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch of a pacticipant."""

    id: int
    pacticipant_id: int
    name: str
    created_at: datetime
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class BranchVersion:
    """A version on a branch; `latest` when it is the branch's head."""

    version_id: int
    branch_id: int
    name: str
    latest: bool
    auto_created: bool
    created_at: datetime
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag of a version; `latest` when no newer version of the pacticipant has it."""

    version_id: int
    name: str
    latest: bool
    created_at: datetime
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class Named:
    """A label, or another thing with a name and times."""

    name: str
    created_at: datetime
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class Publication:
    """A pact content under a consumer version."""

    id: int
    consumer_id: int
    consumer: str
    provider_id: int
    provider: str
    version_id: int
    number: str
    revision: int
    content_id: int
    sha: str
    created_at: datetime

    @property
    def pair(self) -> tuple[str, str]:
        """Give consumer and provider."""
        return self.consumer, self.provider


@dataclass(frozen=True, slots=True)
class Verification:
    """The result of one verification."""

    id: int
    consumer_id: int
    consumer: str
    provider_id: int
    provider: str
    content_id: int
    sha: str
    provider_version_id: int
    provider_version: str
    success: bool
    wip: bool
    pact_pending: bool | None
    build_url: str | None
    test_results: str | None
    verified_by: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Environment:
    """A place that versions are deployed to."""

    id: int
    uuid: str
    name: str
    display_name: str
    production: bool
    contacts: str | None
    created_at: datetime
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class Deployed:
    """A deployment of a version to an environment, current until `undeployed_at`."""

    id: int
    uuid: str
    pacticipant: str
    version_id: int
    number: str
    environment_id: int
    instance: str | None
    created_at: datetime
    updated_at: datetime | None
    undeployed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Released:
    """A release of a version in an environment, supported until `support_ended_at`."""

    id: int
    uuid: str
    pacticipant: str
    version_id: int
    number: str
    environment_id: int
    created_at: datetime
    updated_at: datetime | None
    support_ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Integration:
    """A consumer and a provider that have, or had, a pact."""

    id: int
    consumer_id: int
    consumer: str
    provider_id: int
    provider: str


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list: the items from `offset`, at most `size` of them."""

    number: int
    size: int

    @property
    def offset(self) -> int:
        """Give the index of the first item."""
        return (self.number - 1) * self.size
