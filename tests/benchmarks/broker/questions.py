"""The requests that are measured, for a history of any size, and what their answers must hold for a figure to mean something."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count, islice
from typing import Any

from tests.benchmarks.broker.history import (
    BIG_PROVIDER,
    PACTS_EACH,
    Size,
    number_of,
    pact_text,
    providers_of,
    publication_body,
)
from tests.benchmarks.broker.load import request

Check = Callable[[Any], bool]
ROWS = 100
ASKED_CONSUMERS = 10
_new_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Question:
    """One kind of request.

    Attributes:
        name: What the table calls it.
        clients: How many send it at once.
        share: How many of it are sent, for each one of the cheapest kind.
        make: Makes so many requests.
        check: Tells whether an answer is the one that was meant.
        writes: Every request can be sent once only.
    """

    name: str
    clients: int
    share: float
    make: Callable[[int], Sequence[bytes]]
    check: Check
    writes: bool = False


def questions(size: Size) -> list[Question]:
    """Give everything that is measured; what reads stands first, since what is written changes the history."""
    rows = min(ROWS, 5 * size.rounds)
    return [
        Question("can-i-deploy, 1 client", 1, 1.0, _repeated(_can_i_deploy(size)), _deployable),
        Question("can-i-deploy, 8 clients", 8, 1.0, _repeated(_can_i_deploy(size)), _deployable),
        Question("matrix of 100 rows", 1, 0.2, _repeated([_matrix(rows)]), lambda it: len(it["matrix"]) == rows),
        Question("for-verification", 1, 0.3, _repeated([_selection()]), _has_pacts(size)),
        Question("for-verification, pending", 1, 0.3, _repeated([_selection(pending=True)]), _has_pacts(size)),
        Question("for-verification, pending, WIP", 1, 0.2, _repeated([_selection(pending=True, wip=True)]), _has_wip(size)),
        Question("publish, 1 client", 1, 1.0, lambda n: _publications(size, n), _stored, writes=True),
        Question("publish, 8 clients", 8, 1.0, lambda n: _publications(size, n), _stored, writes=True),
        Question("PUT of a pact, 1 client", 1, 1.0, lambda n: _puts(size, n), lambda it: "createdAt" in it, writes=True),
    ]


def _repeated(messages: Sequence[bytes]) -> Callable[[int], Sequence[bytes]]:
    return lambda wanted: [messages[place % len(messages)] for place in range(wanted)]


def _can_i_deploy(size: Size) -> list[bytes]:
    number = number_of(size.rounds - 1)
    names = [f"C{consumer}" for consumer in range(min(size.consumers, ASKED_CONSUMERS))]
    return [request("GET", f"/can-i-deploy?pacticipant={name}&version={number}&environment=production") for name in names]


def _deployable(answer: Any) -> bool:
    return len(answer["matrix"]) == PACTS_EACH and answer["summary"]["deployable"] is not None


def _matrix(rows: int) -> bytes:
    return request("GET", f"/matrix?q[][pacticipant]=C0&q[][pacticipant]={BIG_PROVIDER}&latestby=cvpv&limit={rows}")


def _selection(*, pending: bool = False, wip: bool = False) -> bytes:
    body: dict[str, Any] = {
        "providerVersionBranch": "main",
        "includePendingStatus": pending,
        "consumerVersionSelectors": [{"mainBranch": True}, {"deployedOrReleased": True}],
    }
    if wip:
        body["includeWipPactsSince"] = wip_since()
    return request("POST", f"/pacts/provider/{BIG_PROVIDER}/for-verification", json.dumps(body).encode())


def wip_since() -> str:
    """Give the moment since which work in progress is wanted: two weeks ago."""
    from datetime import UTC, datetime, timedelta  # noqa: PLC0415

    return (datetime.now(UTC) - timedelta(days=14)).date().isoformat()


def _has_pacts(size: Size) -> Check:
    return lambda answer: len(answer["_embedded"]["pacts"]) >= size.big


def _has_wip(size: Size) -> Check:
    return lambda answer: len(answer["_embedded"]["pacts"]) >= size.big


def _publications(size: Size, wanted: int) -> list[bytes]:
    found = []
    for number in islice(_new_numbers, wanted):
        consumer, provider, text = _new_pact(size, number)
        body = publication_body(consumer, f"2.0.{number}", "main", (), {provider: text})
        found.append(request("POST", "/contracts/publish", body))
    return found


def _puts(size: Size, wanted: int) -> list[bytes]:
    found = []
    for number in islice(_new_numbers, wanted):
        consumer, provider, text = _new_pact(size, number)
        found.append(request("PUT", f"/pacts/provider/{provider}/consumer/{consumer}/version/2.0.{number}", text))
    return found


def _new_pact(size: Size, number: int) -> tuple[str, str, bytes]:
    """Make a pact that nobody has published yet."""
    consumer = number % min(size.consumers, ASKED_CONSUMERS)
    provider = providers_of(size, consumer)[1]
    text = pact_text(f"C{consumer}", f"P{provider}", 0).replace(b"interaction 0 of 0", f"interaction of {number}".encode())
    return f"C{consumer}", f"P{provider}", text


def _stored(answer: Any) -> bool:
    return any("successfully published" in notice["text"] for notice in answer["notices"])
