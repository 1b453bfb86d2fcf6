"""Starting a saga from the owner: idempotent by request id, repeated while the answer stays open."""

from collections.abc import Callable
from typing import Any

import pytest

from saga_contracts.client import Backoff, CreatedSaga, CreationError, CreationRefusedError, create_saga

QUICK = Backoff(first_s=0.001)
RUNNING = {"saga_id": "s-1", "state": "running"}


def test_a_saga_is_created_with_the_owners_request_id(participant: Callable[..., Any]) -> None:
    service = participant({"status": 201, "body": RUNNING})
    assert create_saga(service.url, "trip", "r-1", {"user": "u"}) == CreatedSaga("s-1", "running", new=True)
    assert service.requests[0].path == "/sagas"
    assert service.requests[0].body == {"saga": "trip", "request_id": "r-1", "payload": {"user": "u"}}


def test_a_lost_answer_is_asked_for_again_with_the_same_request_id(participant: Callable[..., Any]) -> None:
    service = participant({"drop": True}, {"status": 503}, {"status": 200, "body": RUNNING})
    assert create_saga(service.url, "trip", "r-1", {}, backoff=QUICK) == CreatedSaga("s-1", "running", new=False)
    assert [request.body["request_id"] for request in service.requests] == ["r-1"] * 3


@pytest.mark.parametrize("status", [400, 404, 409, 422])
def test_a_refusal_is_not_repeated_and_says_why(participant: Callable[..., Any], status: int) -> None:
    service = participant({"status": status, "body": {"detail": "another payload"}})
    with pytest.raises(CreationRefusedError, match=rf"request r-1: status {status}, another payload"):
        create_saga(service.url, "trip", "r-1", {})
    assert len(service.requests) == 1


@pytest.mark.parametrize("answer", [{"drop": True}, {"status": 500}, {"status": 200, "body": {}}, {"status": 302}])
def test_without_a_usable_answer_the_owner_is_told_to_repeat(participant: Callable[..., Any], answer: Any) -> None:
    with pytest.raises(CreationError, match="Repeat the call with the same request id"):
        create_saga(participant(answer).url, "trip", "r-1", {}, tries=2, backoff=QUICK)
