"""What a saga asks of `vas_packages`, against the running service with its workers and a receiver of callbacks."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from postgres import on_both_databases

pytestmark = on_both_databases

SLOW = {"WORK_MS": "700"}


@dataclass
class Packages:
    """A running `vas_packages`, one user to whom the package is on sale, one key, and who is called back."""

    service: Any
    fresh: Callable[[str], str]
    receiver: Any
    wait_until: Callable[..., None]

    def __post_init__(self) -> None:
        self.user = self.fresh("user")
        self.key = self.fresh("saga") + ":create_packages"
        self.callback_path = f"/callbacks/{self.key}"
        self.on_sale(True)

    def on_sale(self, yes: bool) -> None:  # noqa: FBT001  (reads well)
        self.service.state("a package is on sale", user_id=self.user, package="highlight", on_sale=yes)

    def order(self, key: str | None = None, **other: object) -> tuple[int, Any]:
        url = self.receiver.url + self.callback_path
        body = {"user_id": self.user, "package": "highlight", "callback_url": url, **other}
        status, reply = self.service.call("PUT", f"/package-orders/{key or self.key}", body=body)
        reply.pop("message", None)
        return status, reply

    def cancel(self) -> tuple[int, Any]:
        result: tuple[int, Any] = self.service.call("DELETE", f"/package-orders/{self.key}")
        return result

    def status(self) -> str:
        status, reply = self.service.call("GET", f"/package-orders/{self.key}")
        assert status == 200
        return str(reply["state"])

    def packages(self) -> list[str]:
        status, reply = self.service.call("GET", f"/users/{self.user}/packages")
        assert status == 200
        assert set(reply) == {"packages"}
        return list(reply["packages"])

    def outcome(self) -> str:
        """Wait for the callback of this key and give its outcome."""
        path, headers, body = self.receiver.next()
        assert path == self.callback_path
        assert (headers["Saga-Id"], headers["Saga-Step"]) == ("saga-1", "step-1")
        assert headers["Content-Type"] == "application/json"
        told = json.loads(body)
        assert set(told) == {"key", "outcome"}
        assert told["key"] == self.key
        return str(told["outcome"])

    def becomes(self, state: str) -> None:
        self.wait_until(lambda: self.status() == state)


ACCEPTED = (202, {"state": "in_progress"})
OFF = (200, {"state": "off"})
ON = (200, {"state": "on"})
NOT_ON_SALE = (422, {"error": "not_on_sale"})
SUSPENDED = (409, {"error": "off"})


@pytest.fixture(scope="module")
def service(start: Any) -> Any:
    return start("vas_packages")


@pytest.fixture(scope="module")
def slow_service(start: Any) -> Any:
    return start("vas_packages", **SLOW)


@pytest.fixture
def packages(service: Any, fresh: Any, receiver: Any, wait_until: Any) -> Packages:
    return Packages(service, fresh, receiver, wait_until)


@pytest.fixture
def slow(slow_service: Any, fresh: Any, receiver: Any, wait_until: Any) -> Packages:
    return Packages(slow_service, fresh, receiver, wait_until)


def test_an_order_is_accepted_then_made_then_told(packages: Packages) -> None:
    assert packages.order() == ACCEPTED
    assert packages.outcome() == "done"
    assert packages.packages() == ["highlight"]
    assert packages.status() == "on"


def test_a_package_that_is_not_on_sale_is_refused_by_the_callback_o2(packages: Packages) -> None:
    packages.on_sale(False)
    assert packages.order() == ACCEPTED
    assert packages.outcome() == "refused"
    assert packages.status() == "refused"
    assert packages.order() == NOT_ON_SALE
    assert packages.packages() == []


def test_a_repeated_order_has_one_effect_o3(packages: Packages) -> None:
    packages.order()
    assert packages.outcome() == "done"
    assert packages.order() == ON
    assert packages.packages() == ["highlight"]


@pytest.mark.parametrize("other", [{"package": "other"}, {"user_id": "other"}])
def test_a_key_with_another_request_is_refused_o4(packages: Packages, other: dict[str, Any]) -> None:
    packages.order()
    assert packages.order(**other) == (422, {"error": "key_reused"})
    assert packages.outcome() == "done"
    assert packages.order(**other) == (422, {"error": "key_reused"})


def test_sixteen_orders_side_by_side_have_one_effect_o5(packages: Packages, together: Any) -> None:
    replies = together(*[packages.order] * 16)
    assert {status for status, _ in replies} <= {200, 202}
    packages.becomes("on")
    assert packages.packages() == ["highlight"]


def test_a_cancellation_takes_the_package_back_and_may_be_repeated_o6_o7(packages: Packages) -> None:
    packages.order()
    packages.becomes("on")
    assert [packages.cancel(), packages.cancel()] == [OFF, OFF]
    assert packages.packages() == []
    assert packages.status() == "off"


def test_a_cancellation_that_comes_first_is_remembered_o8_o9(packages: Packages) -> None:
    assert packages.status() == "absent"
    assert packages.cancel() == OFF
    assert packages.status() == "off"
    assert packages.order() == SUSPENDED
    assert packages.packages() == []


def test_an_order_beside_its_cancellation_ends_not_made_o10(packages: Packages, together: Any) -> None:
    for _ in range(8):
        packages.key += "x"
        results = together(packages.order, packages.cancel, packages.order, packages.cancel)
        assert results[1] == results[3] == OFF
        assert packages.packages() == []
        assert packages.status() == "off"


def test_an_order_that_comes_again_after_its_cancellation_does_nothing_o11(packages: Packages) -> None:
    packages.order()
    packages.becomes("on")
    packages.cancel()
    assert packages.order() == SUSPENDED
    assert packages.packages() == []


def test_a_refused_order_can_be_cancelled_o13(packages: Packages) -> None:
    packages.on_sale(False)
    packages.order()
    packages.becomes("refused")
    assert packages.cancel() == OFF
    assert packages.status() == "off"


def test_cancelling_one_order_leaves_the_others_intact_o24(packages: Packages) -> None:
    packages.order()
    packages.order(packages.key + "-b")
    packages.wait_until(lambda: packages.packages() == ["highlight", "highlight"])
    packages.cancel()
    assert packages.packages() == ["highlight"]


def test_a_refused_key_stays_refused_when_the_package_comes_on_sale_o32(packages: Packages) -> None:
    packages.on_sale(False)
    packages.order()
    packages.becomes("refused")
    packages.on_sale(True)
    assert packages.order() == NOT_ON_SALE
    assert packages.packages() == []


def test_the_status_tells_that_an_order_is_in_progress_and_changes_nothing_o14_o15(slow: Packages) -> None:
    assert slow.order() == ACCEPTED
    assert [slow.status(), slow.status()] == ["in_progress", "in_progress"]
    assert slow.order() == ACCEPTED
    assert slow.packages() == []
    assert slow.outcome() == "done"
    assert [slow.status(), slow.status()] == ["on", "on"]


def test_a_cancellation_while_in_progress_wins_and_nobody_is_called_back(slow: Packages) -> None:
    slow.order()
    assert slow.cancel() == OFF
    next_one = Packages(slow.service, slow.fresh, slow.receiver, slow.wait_until)
    next_one.order()
    assert next_one.outcome() == "done"  # orders are made in turn: the cancelled one's turn is over
    assert slow.packages() == []
    assert slow.status() == "off"
    assert slow.receiver.got.empty()


def test_a_callback_is_repeated_until_it_is_taken_o19(packages: Packages) -> None:
    packages.receiver.answers[:] = [500, 404, 302]
    packages.order()
    assert [packages.outcome() for _ in range(4)] == ["done"] * 4
    next_one = Packages(packages.service, packages.fresh, packages.receiver, packages.wait_until)
    next_one.order()
    assert next_one.outcome() == "done"  # and not the first one's once more
    assert packages.receiver.got.empty()


def test_a_callback_that_was_not_taken_is_told_again_after_kill_9_and_restart(
    start: Any, fresh: Any, receiver: Any, wait_until: Any
) -> None:
    packages = Packages(start("vas_packages"), fresh, receiver, wait_until)
    receiver.answers[:] = [503] * 100
    packages.order()
    assert packages.outcome() == "done"
    packages.service.kill()
    receiver.answers.clear()
    packages.service.start()
    assert packages.outcome() == "done"


def test_a_repeated_order_may_bring_another_address_to_call_back(packages: Packages) -> None:
    packages.receiver.answers[:] = [503] * 3
    packages.order(callback_url=packages.receiver.url + "/old-address")
    assert packages.receiver.next()[0] == "/old-address"
    assert packages.order() == ON
    packages.wait_until(lambda: packages.receiver.next()[0] == packages.callback_path)


def test_orders_that_were_accepted_are_made_after_kill_9_and_restart_o16(
    start: Any, fresh: Any, receiver: Any, wait_until: Any
) -> None:
    service = start("vas_packages", **SLOW)
    accepted, cancelled, null = (Packages(service, fresh, receiver, wait_until) for _ in range(3))
    accepted.order()
    cancelled.order()
    cancelled.cancel()
    null.cancel()

    service.restart()

    assert [step.status() for step in (accepted, cancelled, null)] == ["in_progress", "off", "off"]
    assert accepted.outcome() == "done"
    assert accepted.packages() == ["highlight"]
    assert cancelled.packages() == []
    assert null.order() == SUSPENDED


def test_outcomes_survive_kill_9_o16(start: Any, fresh: Any, receiver: Any, wait_until: Any) -> None:
    service = start("vas_packages")
    made, refused = (Packages(service, fresh, receiver, wait_until) for _ in range(2))
    refused.on_sale(False)
    made.order()
    refused.order()
    made.becomes("on")
    refused.becomes("refused")
    service.restart()
    assert [made.order(), refused.order()] == [ON, NOT_ON_SALE]
    assert [made.packages(), refused.packages()] == [["highlight"], []]


def test_two_instances_on_one_database_share_the_work_and_tell_each_outcome_once_o34(
    start: Any, fresh: Any, receiver: Any, together: Any, wait_until: Any
) -> None:
    first = start("vas_packages")
    second = start("vas_packages", workdir=first.workdir)
    steps = [Packages(service, fresh, receiver, wait_until) for service in (first, second) * 6]

    together(*[step.order for step in steps * 2])

    told = [json.loads(receiver.next()[2]) for _ in steps]
    assert sorted(one["key"] for one in told) == sorted(step.key for step in steps)
    assert {one["outcome"] for one in told} == {"done"}
    steps[0].service, steps[1].service = second, first
    assert [step.packages() for step in steps] == [["highlight"]] * 12
    assert steps[0].cancel() == OFF
    assert steps[0].packages() == []
    assert receiver.got.empty()
