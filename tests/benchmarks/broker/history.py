"""A history of a landscape, the same on every run: who published, verified and deployed what, and when. Pure.

Every consumer has pacts with five providers. In each round (a day) every consumer publishes a version, every provider makes one
and verifies the newest contents of each pact, and now and then both are deployed. Most pacts change every five rounds; one in
five never does, so that its results pile up on one content. Provider P0 has fifty consumers in every size but the smallest.
"""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from saga_broker.pact.content import content_sha

PACTS_EACH = 5
ROUNDS_PER_CONTENT = 5
BIG_PROVIDER = "P0"
ENVIRONMENTS = (("test", 10), ("production", 20))  # each with the number of rounds between deployments


@dataclass(frozen=True, slots=True)
class Size:
    """How long a history is.

    Attributes:
        consumers: Those that publish in every round.
        late_consumers: Those that publish in the last round only.
        providers: All of them make a version in every round.
        rounds: Days.
        depth: How many of the newest contents of a pact a provider version verifies.
        big: How many consumers P0 has.
    """

    name: str
    consumers: int
    late_consumers: int
    providers: int
    rounds: int
    depth: int
    big: int


SIZES = {
    "small": Size("small", consumers=3, late_consumers=2, providers=6, rounds=12, depth=3, big=5),
    "a": Size("a", consumers=10, late_consumers=40, providers=10, rounds=200, depth=11, big=50),
    "b": Size("b", consumers=100, late_consumers=0, providers=100, rounds=250, depth=11, big=50),
}


@dataclass(frozen=True, slots=True)
class Publish:
    """A consumer publishes a version; `pacts` names provider and generation of each content."""

    day: int
    consumer: str
    number: str
    branch: str
    tags: tuple[str, ...]
    pacts: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Make:
    """A provider makes a version on a branch."""

    day: int
    provider: str
    number: str
    branch: str


@dataclass(frozen=True, slots=True)
class Verify:
    """A provider version verifies a content."""

    day: int
    consumer: str
    provider: str
    generation: int
    number: str
    success: bool


@dataclass(frozen=True, slots=True)
class Deploy:
    """A version is deployed."""

    day: int
    pacticipant: str
    number: str
    environment: str


Event = Publish | Make | Verify | Deploy


def events(size: Size) -> Iterator[Event]:
    """Tell a history from its first day to its last."""
    for day in range(size.rounds):
        is_last = day == size.rounds - 1
        there = size.consumers + (size.late_consumers if is_last else 0)
        for consumer in range(there):
            yield _publication(size, consumer, day)
        for provider in range(size.providers):
            yield from _work_of_provider(size, provider, there, day)
        deployed = [environment for environment, pause in ENVIRONMENTS if is_last or day % pause == 0]
        for environment in deployed:
            yield from (Deploy(day, f"C{consumer}", number_of(day), environment) for consumer in range(size.consumers))
            yield from (Deploy(day, f"P{provider}", number_of(day), environment) for provider in range(size.providers))


def number_of(day: int) -> str:
    """Give the number of every version that is made on a day."""
    return f"1.0.{day}"


def providers_of(size: Size, consumer: int) -> list[int]:
    """Give the providers of a consumer."""
    found = [0] if consumer < size.big else []
    others = size.providers - 1
    return found + [1 + (consumer * 7 + place) % others for place in range(PACTS_EACH - len(found))]


def pact_text(consumer: str, provider: str, generation: int) -> bytes:
    """Write a pact of about 10 KB."""
    return json.dumps(_pact(consumer, provider, generation)).encode()


@lru_cache(maxsize=10_000)
def sha_of(consumer: str, provider: str, generation: int) -> str:
    """Give the content sha of a pact."""
    return content_sha(_pact(consumer, provider, generation))


def publication_body(consumer: str, number: str, branch: str, tags: tuple[str, ...], pacts: dict[str, bytes]) -> bytes:
    """Write the body of `POST /contracts/publish`."""
    contracts = [
        {
            "consumerName": consumer,
            "providerName": provider,
            "specification": "pact",
            "contentType": "application/json",
            "content": base64.b64encode(text).decode(),
        }
        for provider, text in pacts.items()
    ]
    body = {"pacticipantName": consumer, "pacticipantVersionNumber": number, "branch": branch, "contracts": contracts}
    return json.dumps({**body, "tags": list(tags)} if tags else body).encode()


def verification(event: Verify) -> dict[str, Any]:
    """Write the body of a result, as the verifier of libpact_ffi does, with few words for each interaction."""
    tested = [{"interactionDescription": f"interaction {place}", "success": event.success} for place in range(2)]
    return {
        "success": event.success,
        "providerApplicationVersion": event.number,
        "testResults": tested,
        "verifiedBy": {"implementation": "Pact-Rust", "version": "1.2.3"},
    }


def _publication(size: Size, consumer: int, day: int) -> Publish:
    on_main = day % 10 != 7
    branch = "main" if on_main else f"feature-{day}"
    tags = ("dev",) if on_main and consumer % 4 == 0 else ()
    pacts = tuple(
        (f"P{provider}", _generation(consumer, place, day)) for place, provider in enumerate(providers_of(size, consumer))
    )
    return Publish(day, f"C{consumer}", number_of(day), branch, tags, pacts)


def _work_of_provider(size: Size, provider: int, consumers: int, day: int) -> Iterator[Event]:
    number = number_of(day)
    yield Make(day, f"P{provider}", number, "main" if day % 10 != 3 else f"feature-{day}")
    for consumer in range(consumers):
        own = providers_of(size, consumer)
        if provider not in own:
            continue
        newest = _generation(consumer, own.index(provider), day)
        oldest = newest if consumer >= size.consumers else max(0, newest - size.depth + 1)
        for generation in range(oldest, newest + 1):
            success = (day * 3 + consumer + generation) % 40 != 11
            yield Verify(day, f"C{consumer}", f"P{provider}", generation, number, success)


def _generation(consumer: int, place: int, day: int) -> int:
    """Count the changes of a pact until a day; one pact in five never changes."""
    return 0 if (consumer + place) % 5 == 4 else day // ROUNDS_PER_CONTENT


def _pact(consumer: str, provider: str, generation: int) -> dict[str, Any]:
    interactions = [
        {
            "type": "Synchronous/HTTP",
            "description": f"interaction {place} of {generation}",
            "providerStates": [{"name": "things exist", "params": {"count": place}}],
            "request": {
                "method": "POST",
                "path": f"/things/{place}",
                "headers": {"Content-Type": ["application/json"]},
                "body": {"content": {"id": place, "name": "x" * 40, "lines": [{"sku": f"s{n}", "count": n} for n in range(5)]}},
                "matchingRules": {
                    "body": {f"$.lines[{n}].sku": {"combine": "AND", "matchers": [{"match": "type"}]} for n in range(3)}
                },
            },
            "response": {
                "status": 200,
                "headers": {"Content-Type": ["application/json"]},
                "body": {"content": {"id": place, "state": "done", "text": "y" * 60}, "contentType": "application/json"},
            },
        }
        for place in range(11)
    ]
    return {
        "consumer": {"name": consumer},
        "provider": {"name": provider},
        "interactions": interactions,
        "metadata": {"pactSpecification": {"version": "4.0"}},
    }
