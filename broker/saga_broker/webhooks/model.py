"""The words of webhooks: what is to be called, for whom, and what became of a call. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

ABSENT: Any = object()
"""The body of a request that has none; JSON's null is one."""


@dataclass(frozen=True, slots=True)
class Side:
    """The consumer or the provider that a webhook is for: one by its name, those with a label, or all when both are None."""

    name: str | None = None
    label: str | None = None

    @property
    def is_open(self) -> bool:
        """Tell whether it is for all."""
        return self.name is None and self.label is None

    def fits(self, name: str | None, labels: frozenset[str]) -> bool:
        """Tell whether a pacticipant is meant."""
        if self.name is not None:
            return self.name == name
        return self.label is None or self.label in labels


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent, with its templates.

    Attributes:
        method: As written, in any case.
        url: Without credentials.
        headers: By names in lower case, in the order in which they were given.
        body: JSON, or `ABSENT`.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = ABSENT
    username: str | None = None
    password: str | None = None


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook; `id` is 0 for one that is not stored."""

    id: int
    uuid: str
    description: str | None
    enabled: bool
    consumer: Side
    provider: Side
    events: tuple[str, ...]
    request: Request
    created_at: datetime
    updated_at: datetime | None


NOT_RUN, RETRYING, SUCCESS, FAILURE = "not_run", "retrying", "success", "failure"


@dataclass(frozen=True, slots=True)
class Triggered:
    """A call that an event asked for.

    Attributes:
        id: In the order in which they were asked for.
        webhook: The uuid of the webhook; None when it was deleted.
        name: Method and host of the webhook; None when it was deleted.
        event_id: The event that asked for it.
        event: The event, as JSON.
        status: `not_run`, `retrying`, `success` or `failure`.
        attempts: How many are made at most.
        due_at: When the next attempt is made; None at the end.
    """

    id: int
    uuid: str
    webhook_id: int | None
    webhook: str | None
    name: str | None
    event_id: int
    event: Mapping[str, Any]
    event_name: str
    status: str
    attempts_made: int
    attempts: int
    due_at: datetime | None
    created_at: datetime

    @property
    def attempts_remaining(self) -> int:
        """Tell how many attempts may follow."""
        return 0 if self.status in {SUCCESS, FAILURE} else self.attempts - self.attempts_made


@dataclass(frozen=True, slots=True)
class Execution:
    """An attempt that was made."""

    success: bool
    logs: str
    created_at: datetime


def host_of(url: str) -> str:
    """Give the host of an address, as it is written there, without a port."""
    rest = url.partition("://")[2]
    authority = rest.partition("/")[0].partition("?")[0].rpartition("@")[2]
    return authority.partition("]")[0] + "]" if authority.startswith("[") else authority.partition(":")[0]


def short_name(request: Request) -> str:
    """Give the name that a webhook bears where nobody gave it one: method and host."""
    return f"{request.method.upper()} {host_of(request.url)}"


def shown_name(webhook: Webhook) -> str:
    """Give a webhook's description, or its method and host."""
    return webhook.description or short_name(webhook.request)
