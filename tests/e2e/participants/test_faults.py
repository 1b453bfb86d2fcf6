"""Each deliberate fault does what its name says, and nothing else is wrong while it is switched on."""

import json
from collections.abc import Callable
from typing import Any

import pytest

PRICE = 500
NO_MONEY = 422


@pytest.fixture
def billing(start: Any) -> Callable[[str], "Billing"]:
    return lambda flag: Billing(start("billing", FAULT=flag))


class Billing:
    """A faulty `billing` with one account that holds two prices, and one key."""

    def __init__(self, service: Any) -> None:
        self.service = service
        self.holds(2 * PRICE)

    def holds(self, available: int) -> None:
        self.service.state("an account holds", account_id="account", available_minor=available)

    def reserve(self) -> int:
        body = {"account_id": "account", "order_id": "order", "amount_minor": PRICE}
        return int(self.service.call("POST", "/reservations", "key", body)[0])

    def cancel(self) -> int:
        return int(self.service.call("POST", "/reservations/cancel", "key")[0])

    def status(self) -> str:
        return str(self.service.call("GET", "/reservations/status", "key")[1]["state"])

    def money(self) -> tuple[int, int]:
        account = self.service.call("GET", "/accounts/account")[1]
        return account["available_minor"], account["held_minor"]


def test_null_compensation_404(billing: Any) -> None:
    faulty = billing("null_compensation_404")
    assert faulty.cancel() == 404
    assert faulty.status() == "absent"
    assert faulty.reserve() == 201
    assert [faulty.cancel(), faulty.status()] == [200, "cancelled"]


def test_forgets_tombstone(billing: Any) -> None:
    faulty = billing("forgets_tombstone")
    assert [faulty.cancel(), faulty.status(), faulty.reserve()] == [200, "absent", 201]
    assert faulty.money() == (PRICE, PRICE)
    assert [faulty.cancel(), faulty.reserve()] == [200, 409]


def test_applies_twice(billing: Any) -> None:
    faulty = billing("applies_twice")
    assert [faulty.reserve(), faulty.reserve()] == [201, 200]
    assert faulty.money() == (0, 2 * PRICE)
    assert faulty.reserve() == NO_MONEY
    assert [faulty.cancel(), faulty.reserve()] == [200, 409]


def test_double_refund(billing: Any) -> None:
    faulty = billing("double_refund")
    faulty.reserve()
    assert [faulty.cancel(), faulty.money()] == [200, (2 * PRICE, 0)]
    assert [faulty.cancel(), faulty.money()] == [200, (3 * PRICE, 0)]


def test_status_lies(billing: Any) -> None:
    faulty = billing("status_lies")
    faulty.reserve()
    faulty.cancel()
    assert faulty.status() == "reserved"
    assert faulty.money() == (2 * PRICE, 0)


def test_refuses_retry(billing: Any) -> None:
    faulty = billing("refuses_retry")
    faulty.holds(PRICE)
    assert [faulty.reserve(), faulty.reserve()] == [201, NO_MONEY]
    assert faulty.status() == "reserved"
    assert faulty.money() == (0, PRICE)


def test_refused_key_applies_later(billing: Any) -> None:
    faulty = billing("refused_key_applies_later")
    faulty.holds(0)
    assert [faulty.reserve(), faulty.status()] == [NO_MONEY, "refused"]
    faulty.holds(PRICE)
    assert [faulty.reserve(), faulty.money()] == [201, (0, PRICE)]


def test_drops_correlation(billing: Any) -> None:
    faulty = billing("drops_correlation")
    reply = faulty.service.send("GET", "/reservations/status", "key")
    assert reply.status_code == 200
    assert not {"saga-id", "saga-step"} & set(reply.headers)


def test_two_flags_at_once(billing: Any) -> None:
    faulty = billing("double_refund, null_compensation_404")
    assert faulty.cancel() == 404
    assert [faulty.reserve(), faulty.cancel(), faulty.cancel()] == [201, 200, 200]
    assert faulty.money() == (3 * PRICE, 0)


class Users:
    """A faulty `user_service` with one user."""

    def __init__(self, service: Any) -> None:
        self.service = service
        service.state("a user exists", user_id="user", blocked=False)

    def send(self, method: str, key: str, package: str | None = None) -> int:
        body = {"package": package, "order_id": "order"} if package else None
        return int(self.service.call(method, f"/users/user/vas-operations/{key}", body=body)[0])

    def services(self) -> list[str]:
        return list(self.service.call("GET", "/users/user")[1]["services"])


def test_undo_skips(start: Any) -> None:
    faulty = Users(start("user_service", FAULT="undo_skips"))
    assert [faulty.send("PUT", "a", "highlight"), faulty.send("DELETE", "a")] == [201, 200]
    assert faulty.services() == ["highlight"]
    assert faulty.send("PUT", "a", "highlight") == 409


def test_undo_restores_snapshot(start: Any) -> None:
    faulty = Users(start("user_service", FAULT="undo_restores_snapshot"))
    for key, package in (("a", "highlight"), ("b", "pin"), ("c", "bold")):
        faulty.send("PUT", key, package)
    assert [faulty.send("DELETE", "b"), faulty.services()] == [200, ["highlight"]]


def test_memory_ledger(start: Any) -> None:
    service = start("user_service", FAULT="memory_ledger")
    faulty = Users(service)
    assert [faulty.send("PUT", "a", "highlight"), faulty.send("PUT", "a", "highlight")] == [201, 200]
    assert [faulty.send("DELETE", "b"), faulty.send("PUT", "b", "pin")] == [200, 409]
    service.restart()
    assert faulty.send("GET", "a") == 404
    assert [faulty.send("PUT", "a", "highlight"), faulty.send("PUT", "b", "pin")] == [201, 201]
    assert faulty.services() == ["highlight", "pin"]


def order_package(service: Any, receiver: Any, key: str) -> None:
    service.state("a package is on sale", user_id="user", package="highlight", on_sale=True)
    body = {"user_id": "user", "package": "highlight", "callback_url": f"{receiver.url}/callbacks/{key}"}
    assert service.call("PUT", f"/package-orders/{key}", body=body)[0] == 202


def test_callback_never(start: Any, receiver: Any, wait_until: Any) -> None:
    service = start("vas_packages", FAULT="callback_never")
    order_package(service, receiver, "never")
    wait_until(lambda: service.call("GET", "/package-orders/never") == (200, {"state": "on"}))
    service.extra.clear()
    service.restart()
    order_package(service, receiver, "mended")
    assert receiver.next()[0] == "/callbacks/mended"  # a callback that was only late would have come before this one
    assert receiver.got.empty()


def test_callback_body_changed(start: Any, receiver: Any) -> None:
    service = start("vas_packages", FAULT="callback_body_changed")
    order_package(service, receiver, "key")
    assert json.loads(receiver.next()[2]) == {"order": "key", "result": "done"}


def test_notifications_applies_twice(start: Any) -> None:
    service = start("notifications", FAULT="applies_twice")
    message = {"user_id": "user", "text": "Your package is on."}
    assert [service.call("POST", "/messages", "key", message)[0] for _ in range(2)] == [201, 200]
    assert service.call("GET", "/users/user/messages") == (200, {"count": 2})
