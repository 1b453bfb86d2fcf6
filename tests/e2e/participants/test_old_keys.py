"""Step keys are known as long as a late call may come, and forgotten afterwards (O30)."""

from typing import Any

import pytest

from postgres import on_both_databases

pytestmark = on_both_databases
CHARGE = {"key": "saga:pay", "card_token": "card", "amount_minor": 500}


@pytest.fixture
def paid(start: Any) -> Any:
    payments = start("payments")
    payments.state("a card can pay", card_token="card", limit_minor=1000)
    assert payments.call("POST", "/payments", body=CHARGE)[0] == 201
    return payments


def asked_later(payments: Any, seconds: float) -> str:
    payments.extra["CLOCK_AHEAD_S"] = str(int(seconds))
    payments.restart()
    return str(payments.call("POST", "/payments/status", body={"key": CHARGE["key"]})[1]["state"])


def test_a_key_is_known_as_long_as_the_provider_file_says_and_forgotten_afterwards(paid: Any, wait_until: Any) -> None:
    keeps_s = paid.provider["clock"]["keeps_s"]

    assert asked_later(paid, 0.9 * keeps_s) == "paid"
    assert asked_later(paid, 1.1 * keeps_s) in ("paid", "unknown")
    wait_until(lambda: paid.call("POST", "/payments/status", body={"key": CHARGE["key"]})[1] == {"state": "unknown"})


def test_what_is_still_in_progress_is_never_forgotten(start: Any, receiver: Any) -> None:
    delivery = start("delivery", WORK_MS="600000")
    body = {"order_id": "order", "sku": "sku", "pieces": 1, "callback_url": receiver.url}
    assert delivery.call("PUT", "/parcels/key", body=body)[0] == 202

    delivery.extra |= {"CLOCK_AHEAD_S": str(2 * delivery.provider["clock"]["keeps_s"]), "WORK_MS": "0"}
    delivery.restart()

    receiver.next()
    assert delivery.call("GET", "/orders/order/parcels") == (200, {"parcels": 1})
