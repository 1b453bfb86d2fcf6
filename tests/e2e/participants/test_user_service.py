"""What a saga asks of `user_service`, against the running service."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from postgres import on_both_databases

pytestmark = on_both_databases


@dataclass
class Users:
    """A running `user_service`, one user who is not blocked, and one key."""

    service: Any
    fresh: Callable[[str], str]

    def __post_init__(self) -> None:
        self.user = self.fresh("user")
        self.key = self.fresh("saga") + ":apply_vas"
        self.order = self.fresh("order")
        self.exists(blocked=False)

    def exists(self, *, blocked: bool) -> None:
        self.service.state("a user exists", user_id=self.user, blocked=blocked)

    def apply(self, key: str | None = None, user: str | None = None, **other: object) -> tuple[int, Any]:
        body = {"package": "highlight", "order_id": self.order, **other}
        status, reply = self.service.call("PUT", self.path(key, user), body=body)
        reply.pop("message", None)
        return status, reply

    def cancel(self, key: str | None = None, user: str | None = None) -> tuple[int, Any]:
        status, reply = self.service.call("DELETE", self.path(key, user))
        reply.pop("message", None)
        return status, reply

    def status(self) -> tuple[int, Any]:
        status, reply = self.service.call("GET", self.path(None, None))
        reply.pop("message", None)
        return status, reply

    def services(self) -> list[str]:
        status, reply = self.service.call("GET", f"/users/{self.user}")
        assert status == 200
        assert set(reply) == {"services"}
        return list(reply["services"])

    def path(self, key: str | None, user: str | None) -> str:
        return f"/users/{user or self.user}/vas-operations/{key or self.key}"


APPLIED = {"state": "applied"}
CANCELLED = (200, {"state": "cancelled"})
BLOCKED = (422, {"error": "user_blocked"})
SUSPENDED = (409, {"error": "cancelled"})
KEY_REUSED = (422, {"error": "key_reused"})


@pytest.fixture(scope="module")
def service(start: Any) -> Any:
    return start("user_service")


@pytest.fixture
def users(service: Any, fresh: Any) -> Users:
    return Users(service, fresh)


def test_an_operation_switches_the_service_on(users: Users) -> None:
    assert users.services() == []
    assert users.apply() == (201, APPLIED)
    assert users.services() == ["highlight"]


@pytest.mark.parametrize("exists", [True, False])
def test_a_refused_operation_leaves_no_effect_o2(users: Users, exists: bool) -> None:  # noqa: FBT001  (a parameter)
    users.exists(blocked=True)
    assert users.apply(user=None if exists else "nobody") == BLOCKED
    assert users.status() == (200, {"state": "refused"})
    assert users.services() == []


def test_a_repeated_operation_has_one_effect_o3(users: Users) -> None:
    users.apply()
    assert users.apply() == (200, APPLIED)
    assert users.cancel() == CANCELLED
    assert users.services() == []


@pytest.mark.parametrize("other", [{"package": "other"}, {"order_id": "other"}, {"user": "other"}])
def test_a_key_with_another_request_is_refused_o4(users: Users, other: dict[str, Any]) -> None:
    users.apply()
    assert users.apply(**other) == KEY_REUSED
    assert users.services() == ["highlight"]


def test_sixteen_operations_side_by_side_have_one_effect_o5(users: Users, together: Any) -> None:
    replies = together(*[users.apply] * 16)
    assert sorted(status for status, _ in replies) == [200] * 15 + [201]
    assert users.cancel() == CANCELLED
    assert users.services() == []


def test_a_cancellation_puts_the_user_back_and_may_be_repeated_o6_o7(users: Users) -> None:
    users.apply()
    assert [users.cancel(), users.cancel()] == [CANCELLED, CANCELLED]
    assert users.services() == []


def test_a_cancellation_that_comes_first_is_remembered_o8_o9(users: Users) -> None:
    assert users.cancel() == CANCELLED
    assert users.status() == CANCELLED
    assert users.apply() == SUSPENDED
    assert users.services() == []


def test_an_operation_beside_its_cancellation_ends_not_applied_o10(users: Users, together: Any) -> None:
    for _ in range(8):
        users.key += "x"
        results = together(users.apply, users.cancel, users.apply, users.cancel)
        assert results[1] == results[3] == CANCELLED
        assert {results[0][0], results[2][0]} <= {200, 201, 409}
        assert users.services() == []
        assert users.status() == CANCELLED


def test_an_operation_that_comes_again_after_its_cancellation_does_nothing_o11(users: Users) -> None:
    users.apply()
    users.cancel()
    assert users.apply() == SUSPENDED
    assert users.services() == []


def test_a_refused_operation_can_be_cancelled_o13(users: Users) -> None:
    users.exists(blocked=True)
    users.apply()
    assert users.cancel() == CANCELLED
    assert users.status() == CANCELLED


def test_the_status_tells_the_truth_and_changes_nothing_o14_o15(users: Users) -> None:
    unknown = (404, {"error": "unknown_operation"})
    assert [users.status(), users.status()] == [unknown, unknown]
    users.apply()
    assert [users.status(), users.status()] == [(200, APPLIED)] * 2
    users.cancel()
    assert [users.status(), users.status()] == [CANCELLED, CANCELLED]


def test_cancelling_one_operation_leaves_the_others_intact_o24(users: Users) -> None:
    users.apply()
    users.apply(users.key + "-b", package="pin")
    users.apply(users.key + "-c", order_id="c")
    users.cancel()
    assert users.services() == ["highlight", "pin"]


def test_a_cancellation_under_another_user_changes_nothing(users: Users) -> None:
    users.apply()
    assert users.cancel(user="other") == KEY_REUSED
    assert users.status() == (200, APPLIED)
    assert users.services() == ["highlight"]


def test_a_refused_key_stays_refused_when_the_user_is_freed_o32(users: Users) -> None:
    users.exists(blocked=True)
    users.apply()
    users.exists(blocked=False)
    assert users.apply() == BLOCKED
    assert users.services() == []


def test_a_retry_is_not_refused_when_the_user_was_blocked_meanwhile(users: Users) -> None:
    users.apply()
    users.exists(blocked=True)
    assert users.apply() == (200, APPLIED)


def test_every_acknowledged_call_survives_kill_9_o16(start: Any, fresh: Any) -> None:
    service = start("user_service")
    applied, refused, cancelled, null = (Users(service, fresh) for _ in range(4))
    refused.exists(blocked=True)
    applied.apply()
    refused.apply()
    cancelled.apply()
    cancelled.cancel()
    null.cancel()

    service.restart()

    states = [step.status()[1]["state"] for step in (applied, refused, cancelled, null)]
    assert states == ["applied", "refused", "cancelled", "cancelled"]
    assert [step.services() for step in (applied, refused, cancelled, null)] == [["highlight"], [], [], []]
    assert null.apply() == SUSPENDED
