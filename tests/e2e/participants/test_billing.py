"""What a saga asks of `billing`, against the running service."""

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from typing import Any

import pytest

from postgres import on_both_databases

pytestmark = on_both_databases

PRICE = 500


@dataclass
class Billing:
    """A running `billing` and one key, with one account that holds exactly one price."""

    service: Any
    fresh: Callable[[str], str]

    def __post_init__(self) -> None:
        self.account = self.fresh("account")
        self.key = self.fresh("saga") + ":reserve_money"
        self.order = self.fresh("order")
        self.holds(PRICE)

    def holds(self, available: int) -> None:
        self.service.state("an account holds", account_id=self.account, available_minor=available)

    def reserve(self, key: str | None = None, **other: object) -> tuple[int, Any]:
        body = {"account_id": self.account, "order_id": self.order, "amount_minor": PRICE, **other}
        status, reply = self.service.call("POST", "/reservations", key or self.key, body)
        reply.pop("message", None)
        return status, reply

    def cancel(self, key: str | None = None) -> tuple[int, Any]:
        result: tuple[int, Any] = self.service.call("POST", "/reservations/cancel", key or self.key)
        return result

    def status(self) -> str:
        status, reply = self.service.call("GET", "/reservations/status", self.key)
        assert status == 200
        return str(reply["state"])

    def money(self) -> tuple[int, int]:
        status, reply = self.service.call("GET", f"/accounts/{self.account}")
        assert status == 200
        assert set(reply) == {"available_minor", "held_minor"}
        return reply["available_minor"], reply["held_minor"]


FREE = (PRICE, 0)
HELD = (0, PRICE)
CANCELLED = (200, {"state": "cancelled"})
NO_MONEY = (422, {"error": "insufficient_funds"})


@pytest.fixture(scope="module")
def service(start: Any) -> Any:
    return start("billing")


@pytest.fixture
def billing(service: Any, fresh: Any) -> Billing:
    return Billing(service, fresh)


def test_a_reservation_holds_the_money_and_has_an_id(billing: Billing) -> None:
    status, reply = billing.reserve()
    assert status == 201
    assert reply["state"] == "reserved"
    assert reply["reservation_id"]
    assert billing.money() == HELD


def test_a_refused_reservation_leaves_no_effect_o2(billing: Billing) -> None:
    billing.holds(PRICE - 1)
    assert billing.reserve() == NO_MONEY
    assert billing.status() == "refused"
    assert billing.money() == (PRICE - 1, 0)


def test_an_account_that_does_not_exist_has_no_money(billing: Billing) -> None:
    assert billing.reserve(account_id="nobody") == NO_MONEY


def test_a_repeated_reservation_has_one_effect_and_the_same_id_o3(billing: Billing) -> None:
    _, first = billing.reserve()
    assert billing.reserve() == (200, first)
    assert billing.money() == HELD


@pytest.mark.parametrize("other", [{"amount_minor": 1}, {"order_id": "other"}, {"account_id": "other"}])
def test_a_key_with_another_request_is_refused_o4(billing: Billing, other: dict[str, Any]) -> None:
    billing.reserve()
    assert billing.reserve(**other) == (422, {"error": "key_reused"})
    assert billing.money() == HELD
    assert billing.reserve()[0] == 200


def test_sixteen_reservations_side_by_side_have_one_effect_o5(billing: Billing, together: Any) -> None:
    billing.holds(16 * PRICE)
    replies = together(*[billing.reserve] * 16)
    assert sorted(status for status, _ in replies) == [200] * 15 + [201]
    assert len({reply["reservation_id"] for _, reply in replies}) == 1
    assert billing.money() == (15 * PRICE, PRICE)


def test_a_cancellation_puts_the_account_back_o6(billing: Billing) -> None:
    billing.reserve()
    assert billing.cancel() == CANCELLED
    assert billing.money() == FREE


def test_a_repeated_cancellation_gives_nothing_back_again_o7(billing: Billing) -> None:
    billing.reserve()
    assert [billing.cancel(), billing.cancel()] == [CANCELLED, CANCELLED]
    assert billing.money() == FREE


def test_a_cancellation_that_comes_first_is_taken_and_remembered_o8(billing: Billing) -> None:
    assert billing.status() == "absent"
    assert billing.cancel() == CANCELLED
    assert billing.status() == "cancelled"
    assert billing.money() == FREE


def test_a_reservation_after_its_cancellation_does_nothing_o9(billing: Billing) -> None:
    billing.cancel()
    assert billing.reserve() == (409, {"error": "compensated"})
    assert billing.money() == FREE
    assert billing.status() == "cancelled"


def test_a_reservation_beside_its_cancellation_ends_not_applied_o10(billing: Billing, together: Any) -> None:
    for _ in range(8):
        billing.key += "x"
        results = together(billing.reserve, billing.cancel, billing.reserve, billing.cancel)
        assert results[1] == results[3] == CANCELLED
        assert {results[0][0], results[2][0]} <= {200, 201, 409}
        assert billing.money() == FREE
        assert billing.status() == "cancelled"


def test_a_reservation_that_comes_again_after_its_cancellation_does_nothing_o11(billing: Billing) -> None:
    billing.reserve()
    billing.cancel()
    assert billing.reserve() == (409, {"error": "compensated"})
    assert billing.money() == FREE


def test_a_refused_reservation_can_be_cancelled_o13(billing: Billing) -> None:
    billing.holds(0)
    billing.reserve()
    assert billing.cancel() == CANCELLED
    assert billing.status() == "cancelled"
    billing.holds(PRICE)
    assert billing.reserve() == (409, {"error": "compensated"})
    assert billing.money() == FREE


def test_the_status_tells_the_truth_and_changes_nothing_o14_o15(billing: Billing) -> None:
    assert [billing.status(), billing.status()] == ["absent", "absent"]
    billing.reserve()
    assert [billing.status(), billing.status()] == ["reserved", "reserved"]
    assert billing.money() == HELD
    billing.cancel()
    assert [billing.status(), billing.status()] == ["cancelled", "cancelled"]


def test_cancelling_one_reservation_leaves_the_others_intact_o24(billing: Billing) -> None:
    billing.holds(2 * PRICE)
    billing.reserve()
    billing.reserve(billing.key + "-b", order_id="b")
    billing.cancel()
    assert billing.money() == (PRICE, PRICE)


def test_a_refused_key_stays_refused_when_the_money_comes_o32(billing: Billing) -> None:
    billing.holds(0)
    billing.reserve()
    billing.holds(PRICE)
    assert billing.reserve() == NO_MONEY
    assert billing.money() == FREE
    assert billing.status() == "refused"


def test_two_reservations_that_want_the_same_money_get_it_once(billing: Billing, together: Any) -> None:
    keys = [billing.key + letter for letter in "abcdefgh"]
    replies = together(*[lambda key=key: billing.reserve(key) for key in keys])
    assert sorted(status for status, _ in replies) == [201] + [422] * 7
    assert billing.money() == HELD


def test_every_acknowledged_call_survives_kill_9_o16(start: Any, fresh: Any) -> None:
    service = start("billing")
    applied, refused, cancelled, null = (Billing(service, fresh) for _ in range(4))
    refused.holds(0)
    _, first = applied.reserve()
    refused.reserve()
    cancelled.reserve()
    cancelled.cancel()
    null.cancel()

    service.restart()

    assert [step.status() for step in (applied, refused, cancelled, null)] == ["reserved", "refused", "cancelled", "cancelled"]
    assert applied.reserve() == (200, first)
    assert null.reserve() == (409, {"error": "compensated"})
    assert [step.money() for step in (applied, refused, cancelled, null)] == [HELD, (0, 0), FREE, FREE]


def test_two_instances_on_one_database_behave_as_one_o34(start: Any, fresh: Any, together: Any) -> None:
    first = start("billing")
    second = start("billing", workdir=first.workdir)
    here = Billing(first, fresh)
    here.holds(16 * PRICE)
    there = copy(here)
    there.service = second

    replies = together(*[here.reserve, there.reserve] * 8)

    assert sorted(status for status, _ in replies) == [200] * 15 + [201]
    assert here.money() == there.money() == (15 * PRICE, PRICE)
    assert there.cancel() == here.cancel() == CANCELLED
    assert here.status() == there.status() == "cancelled"


def test_an_account_that_is_opened_by_several_calls_at_once_is_opened_once(service: Any, fresh: Any, together: Any) -> None:
    accounts = [fresh("account") for _ in range(4)]
    changes = [{"state": "an account holds", "params": {"account_id": one, "available_minor": PRICE}} for one in accounts * 8]
    replies = together(*[lambda change=change: service.call("POST", "/_states", body=change) for change in changes])
    assert {status for status, _ in replies} == {200}
    assert [service.call("GET", f"/accounts/{one}")[1]["available_minor"] for one in accounts] == [PRICE] * 4
