"""What happened, as a value: written in the transaction of the write that made it happen, handed on afterwards. Pure.

Names: those that webhooks of the Pact Broker know, and this broker's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PUBLISHED = "contract_published"
CONTENT_CHANGED = "contract_content_changed"
REQUIRES_VERIFICATION = "contract_requiring_verification_published"
VERIFICATION = "provider_verification_published"
SUCCEEDED = "provider_verification_succeeded"
FAILED = "provider_verification_failed"
ANNOUNCED = "provider_version_announced"
SAGA_PUBLISHED = "saga_published"
CANNOT_RUN = "saga_cannot_run"
DECK_PLAYED = "deck_result_published"
DECK_BROKEN = "deck_broken"
WAIVER_EXPIRING = "waiver_expiring"
DEPLOYMENT = "deployment_recorded"

PACT_EVENTS = (PUBLISHED, CONTENT_CHANGED, VERIFICATION, SUCCEEDED, FAILED, REQUIRES_VERIFICATION)
"""In the order in which the Pact Broker lists them."""
OWN_EVENTS = (ANNOUNCED, SAGA_PUBLISHED, CANNOT_RUN, DECK_PLAYED, DECK_BROKEN, WAIVER_EXPIRING, DEPLOYMENT)
EVENTS = (*PACT_EVENTS, *OWN_EVENTS)


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. What does not belong to its kind is None.

    Attributes:
        name: One of `EVENTS`.
        consumer: A pacticipant's name. For a saga, the one that executes it.
        provider: A pacticipant's name; for deployments and announcements, the one whose version it is.
        consumer_version: A version's number.
        provider_version: A version's number.
        content_sha: The content of the pact, or of the step's slice.
        verification_id: The public number of a result.
        saga: The saga's name.
        environment: The environment's name.
        base_url: The address under which the client reached the broker; links begin with it.
        details: What else is told, as JSON: texts by name.
        id: The event's number, in the order of what happened; 0 until it is stored.
    """

    name: str
    consumer: str | None = None
    provider: str | None = None
    consumer_version: str | None = None
    provider_version: str | None = None
    content_sha: str | None = None
    verification_id: int | None = None
    saga: str | None = None
    environment: str | None = None
    base_url: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    id: int = 0

    def to_json(self) -> dict[str, Any]:
        """Give the event as a JSON object, without what is not there and without its number."""
        values = ((name, getattr(self, name)) for name in self.__slots__)
        return {name: value for name, value in values if value not in (None, "", {}) and name != "id"}

    @classmethod
    def from_json(cls, document: Mapping[str, Any], number: int = 0) -> "Event":
        """Read what `to_json` wrote."""
        return cls(**document, id=number)
