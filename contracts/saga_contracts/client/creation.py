"""Starting a saga from its owner's code: safe to repeat with the same request id, also after a crash of the owner."""

import contextlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import httpx

from saga_contracts.client import sync
from saga_contracts.client.results import DEFAULT_BACKOFF, Backoff
from saga_contracts.errors import SagapactError, UsageError
from saga_contracts.rim.sender import bounded_client
from saga_contracts.wire import replies, requests
from saga_contracts.wire.replies import Received
from saga_contracts.wire.requests import BuiltRequest


@dataclass(frozen=True, slots=True)
class CreatedSaga:
    """A saga that the saga service has taken.

    Attributes:
        saga_id: Its id at the saga service.
        state: Its state when the service answered.
        new: Did this call create it? False: an earlier one with the same request id did.
    """

    saga_id: str
    state: str
    new: bool


class CreationError(SagapactError):
    """The saga service gave no usable answer: the saga may exist or not. Repeat with the same request id."""


class CreationRefusedError(UsageError):
    """The saga service does not take this saga: unknown saga, faulty payload, or the request id stands for another payload."""


def create_saga(
    base_url: str,
    saga: str,
    request_id: str,
    payload: Mapping[str, Any],
    *,
    http: httpx.Client | None = None,
    tries: int = 5,
    timeout_s: float = 5.0,
    backoff: Backoff = DEFAULT_BACKOFF,
    sleep: Callable[[float], None] = time.sleep,
) -> CreatedSaga:
    """Start a saga, or find the one that was started with the same request id.

    Args:
        base_url: The saga service's address.
        saga: The saga's name.
        request_id: The owner's own id of what it wants done; store it before the first call.
        payload: What the saga is started with.
        http: A client to send with; default: one for this call.
        tries: How often to send at most.
        timeout_s: How long one try may take.
        backoff: How long to wait between tries.
        sleep: Waits so many seconds.

    Raises:
        CreationRefusedError: when repeating cannot help.
        CreationError: when no usable answer came.
    """
    request = _request(base_url, saga, request_id, payload)
    with contextlib.nullcontext(http) if http else bounded_client() as client:
        return _created(saga, request_id, _sent(lambda: sync.send(client, request, timeout_s), tries, backoff, sleep))


def _request(base_url: str, saga: str, request_id: str, payload: Mapping[str, Any]) -> BuiltRequest:
    address = requests.base_urls({"the saga service": base_url})["the saga service"]
    body = {"saga": saga, "request_id": request_id, "payload": payload}
    headers = (("Content-Type", "application/json"), ("Accept", "application/json"))
    return BuiltRequest("POST", f"{address}/sagas", (), headers, json.dumps(body, ensure_ascii=False).encode())


def _sent(send: Callable[[], Received | None], tries: int, backoff: Backoff, sleep: Callable[[float], None]) -> Received | None:
    received = send()
    for done in range(1, tries):
        if received is not None and not replies.passes(received.status):
            break
        sleep(backoff.pause_s(done))
        received = send()
    return received


def _created(saga: str, request_id: str, received: Received | None) -> CreatedSaga:
    body = received.body if received is not None and isinstance(received.body, dict) else {}
    if received is not None and received.status in (HTTPStatus.OK, HTTPStatus.CREATED) and isinstance(body.get("saga_id"), str):
        return CreatedSaga(body["saga_id"], str(body.get("state", "")), received.status == HTTPStatus.CREATED)
    if received is not None and received.status >= HTTPStatus.BAD_REQUEST and not replies.passes(received.status):
        raise CreationRefusedError(
            f"The saga service does not start the saga {saga} for the request {request_id}: status {received.status}, "
            f"{body.get('detail', 'without a reason')}"
        )
    found = "did not answer" if received is None else f"gave no usable answer (status {received.status})"
    raise CreationError(
        f"Whether the saga {saga} was started for the request {request_id} is not known: the saga service {found}. "
        "Repeat the call with the same request id."
    )
