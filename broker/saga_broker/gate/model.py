"""The words of the matrix: what is asked for, what it was resolved to, and the rows that were found. Pure."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Selector:
    """Which versions of a pacticipant are meant; fields that are not given do not narrow.

    Attributes:
        pacticipant: Its name.
        version: A version number.
        latest: Only the newest of the versions that are meant; with a branch, its head.
        tag: Versions with this tag.
        branch: Versions on this branch.
        environment: Versions deployed to, or released in, this environment now.
        main_branch: Versions on the pacticipant's main branch.
    """

    pacticipant: str
    version: str | None = None
    latest: bool = False
    tag: str | None = None
    branch: str | None = None
    environment: str | None = None
    main_branch: bool = False

    @property
    def is_plain(self) -> bool:
        """Tell whether every version is meant."""
        return not (self.version or self.latest or self.tag or self.branch or self.environment or self.main_branch)


@dataclass(frozen=True, slots=True)
class Resolved:
    """A selector with one of the versions that it means.

    Attributes:
        selector: What was asked for; a main branch is named in it once it is known.
        pacticipant_id: None when the pacticipant does not exist.
        version_id: None for every version, or when there is none.
        number: The version's number.
        given: It was given in the question, not inferred from the integrations.
        missing: Versions were asked for and there is none.
        one_of_many: There are others for the same selector.
    """

    selector: Selector
    pacticipant_id: int | None
    version_id: int | None = None
    number: str | None = None
    given: bool = True
    missing: bool = False
    one_of_many: bool = False

    @property
    def pacticipant(self) -> str:
        """Give the pacticipant's name."""
        return self.selector.pacticipant


@dataclass(frozen=True, slots=True)
class Target:
    """What the versions of all other pacticipants are looked for by.

    Attributes:
        environment: Its name.
    """

    latest: bool = False
    tag: str | None = None
    environment: str | None = None
    main_branch: bool = False

    @property
    def infers(self) -> bool:
        """Tell whether other pacticipants are inferred at all."""
        return bool(self.latest or self.tag or self.environment or self.main_branch)

    @property
    def is_named(self) -> bool:
        """Tell whether there is a place to deploy to; `latest` alone is none."""
        return bool(self.tag or self.environment or self.main_branch)


@dataclass(frozen=True, slots=True)
class Pair:
    """A consumer and a provider that need each other.

    Attributes:
        required: The consumer, as asked for, cannot do without the provider.
    """

    consumer_id: int
    consumer: str
    provider_id: int
    provider: str
    required: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A pact with a result, or without one when `verification_id` is None."""

    consumer_id: int
    consumer: str
    consumer_version_id: int
    consumer_version: str
    provider_id: int
    provider: str
    provider_version_id: int | None
    provider_version: str | None
    sha: str
    revision: int
    published_at: datetime
    verification_id: int | None
    success: bool | None
    verified_at: datetime | None

    @property
    def last_action_at(self) -> datetime:
        """Give the moment of the result, or of the publication when there is none."""
        return self.verified_at or self.published_at


@dataclass(frozen=True, slots=True)
class Question:
    """What the matrix is asked.

    Attributes:
        selectors: At least one.
        target: How other pacticipants are inferred.
        ignored: Pacticipants, or versions, that shall not count.
        latestby: `cvpv`, `cvp`, `cp` or None for every row.
        success: Only rows with one of these outcomes; None for all rows.
        limit: At most this many rows; None for the default.
    """

    selectors: tuple[Selector, ...]
    target: Target = field(default_factory=Target)
    ignored: tuple[Selector, ...] = ()
    latestby: str | None = None
    success: frozenset[bool | None] | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What the store found for a question.

    Attributes:
        resolved: Given selectors first, then inferred ones.
        ignored: The selectors that shall not count, resolved.
        pairs: The integrations.
        rows: All rows, before grouping.
    """

    resolved: tuple[Resolved, ...]
    ignored: tuple[Resolved, ...]
    pairs: tuple[Pair, ...]
    rows: tuple[Row, ...]
