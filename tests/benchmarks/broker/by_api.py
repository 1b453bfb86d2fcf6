"""Makes a history by requests, as its consumers and providers would. Slow, and what the bulk way is compared with."""

import json

from tests.benchmarks.broker.history import (
    Deploy,
    Event,
    Make,
    Publish,
    Size,
    Verify,
    events,
    pact_text,
    publication_body,
    sha_of,
    verification,
)
from tests.benchmarks.broker.load import ask, request


def load(port: int, size: Size) -> None:
    """Send every event of a history to a broker."""
    places = {
        one["name"]: one["uuid"] for one in json.loads(ask(port, request("GET", "/environments")))["_embedded"]["environments"]
    }
    for event in events(size):
        ask(port, _request(event, places))


def _request(event: Event, places: dict[str, str]) -> bytes:
    match event:
        case Publish():
            pacts = {provider: pact_text(event.consumer, provider, generation) for provider, generation in event.pacts}
            body = publication_body(event.consumer, event.number, event.branch, event.tags, pacts)
            return request("POST", "/contracts/publish", body)
        case Make():
            path = f"/pacticipants/{event.provider}/branches/{event.branch}/versions/{event.number}"
            return request("PUT", path, b"{}")
        case Verify():
            sha = sha_of(event.consumer, event.provider, event.generation)
            path = f"/pacts/provider/{event.provider}/consumer/{event.consumer}/pact-version/{sha}/verification-results"
            return request("POST", path, json.dumps(verification(event)).encode())
        case Deploy():
            path = f"/pacticipants/{event.pacticipant}/versions/{event.number}/deployed-versions/environment/"
            return request("POST", path + places[event.environment], b"{}")
