"""What a saga asks of `notifications`, against the running service."""

from typing import Any

import pytest

from postgres import on_both_databases

pytestmark = on_both_databases

SENT = {"state": "sent"}


@pytest.fixture(scope="module")
def service(start: Any) -> Any:
    return start("notifications")


@pytest.fixture
def send(service: Any, fresh: Any) -> Any:
    user, key = fresh("user"), fresh("saga") + ":notify"

    def send_one(text: str = "Your package is on.", to: str = user) -> tuple[int, Any]:
        status, reply = service.call("POST", "/messages", key, {"user_id": to, "text": text})
        reply.pop("message", None)
        return status, reply

    send_one.user = user  # type: ignore[attr-defined]
    send_one.key = key  # type: ignore[attr-defined]
    return send_one


def count(service: Any, user: str) -> int:
    status, reply = service.call("GET", f"/users/{user}/messages")
    assert status == 200
    assert set(reply) == {"count"}
    return int(reply["count"])


def status(service: Any, key: str) -> tuple[int, Any]:
    result: tuple[int, Any] = service.call("GET", "/messages/status", key)
    return result


def test_a_message_comes_into_the_mailbox_once_o3(service: Any, send: Any) -> None:
    assert count(service, send.user) == 0
    assert send() == (201, SENT)
    assert send() == (200, SENT)
    assert count(service, send.user) == 1


@pytest.mark.parametrize("other", [{"text": "other"}, {"to": "other"}])
def test_a_key_with_another_request_is_refused_o4(service: Any, send: Any, other: dict[str, str]) -> None:
    send()
    assert send(**other) == (422, {"error": "key_reused"})
    assert count(service, send.user) == 1


def test_sixteen_sendings_side_by_side_have_one_effect_o5(service: Any, send: Any, together: Any) -> None:
    replies = together(*[send] * 16)
    assert sorted(status for status, _ in replies) == [200] * 15 + [201]
    assert count(service, send.user) == 1


def test_the_status_tells_the_truth_and_changes_nothing_o14_o15(service: Any, send: Any) -> None:
    assert [status(service, send.key)] * 2 == [(200, {"state": "absent"})] * 2
    send()
    assert [status(service, send.key)] * 2 == [(200, SENT)] * 2
    assert count(service, send.user) == 1


def test_a_mailbox_can_be_emptied_for_a_test(service: Any, send: Any) -> None:
    send()
    service.state("a mailbox is empty", user_id=send.user)
    assert count(service, send.user) == 0


def test_a_message_survives_kill_9_o16(service: Any, send: Any) -> None:
    send()
    service.restart()
    assert status(service, send.key) == (200, SENT)
    assert send() == (200, SENT)
    assert count(service, send.user) == 1
