"""The calls of the shop's and the registration's participants, one after another, on PostgreSQL (on SQLite they are verified)."""

from typing import Any

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.parametrize("database", ["postgresql"], indirect=True)]
Exchange = tuple[str, str, Any, int, Any]
"""Method, path, body of a call with the key `key`; status and state (or error) that it is answered with."""

ORDER = {"order_id": "o", "customer_id": "c", "sku": "s", "pieces": 2}
GOODS = {"sku": "s", "pieces": 2, "order_number": 1}
CHARGE = {"key": "key", "card_token": "card", "amount_minor": 500}
BONUS = {"reference": "key", "account_id": "a", "campaign": "spring"}
CALLS: dict[str, tuple[tuple[str, dict[str, Any]] | None, list[Exchange]]] = {
    "orders": (
        ("a customer may order", {"customer_id": "c"}),
        [
            ("POST", "/orders", ORDER, 201, "open"),
            ("POST", "/orders", ORDER | {"gift_text": "unknown here"}, 200, "open"),
            ("POST", "/orders", ORDER | {"pieces": 3}, 422, "key_reused"),
            ("POST", "/orders/cancel", {"order_id": "o"}, 200, "cancelled"),
            ("GET", "/orders/status", None, 200, "cancelled"),
            ("POST", "/orders", ORDER, 409, "cancelled"),
            ("GET", "/customers/c/orders", None, 200, {"open": 0}),
        ],
    ),
    "warehouse": (
        ("pieces are in stock", {"sku": "s", "pieces": 3}),
        [
            ("PUT", "/reservations/key", GOODS, 201, "reserved"),
            ("PUT", "/reservations/key", GOODS, 200, "reserved"),
            ("PUT", "/reservations/other", GOODS, 409, "out_of_stock"),
            ("GET", "/stock/s", None, 200, {"available": 1, "reserved": 2}),
            ("DELETE", "/reservations/key", None, 204, None),
            ("DELETE", "/reservations/never", None, 404, "unknown_reservation"),
            ("PUT", "/reservations/never", GOODS, 410, "released"),
            ("GET", "/reservations/never", None, 200, "released"),
            ("GET", "/stock/s", None, 200, {"available": 3, "reserved": 0}),
        ],
    ),
    "payments": (
        ("a card can pay", {"card_token": "card", "limit_minor": 700}),
        [
            ("POST", "/payments", CHARGE, 201, "paid"),
            ("POST", "/payments", CHARGE, 200, "paid"),
            ("POST", "/payments", CHARGE | {"key": "other"}, 402, "declined"),
            ("POST", "/payments/status", {"key": "other"}, 200, "declined"),
            ("POST", "/payments/status", {"key": "never"}, 200, "unknown"),
            ("GET", "/cards/card", None, 200, {"charged_minor": 500}),
        ],
    ),
    "accounts": (
        ("an address is taken", {"email": "taken@example.org"}),
        [
            ("POST", "/accounts", {"email": "taken@example.org"}, 409, "address_taken"),
            ("GET", "/accounts/status", None, 200, "refused"),
            ("POST", "/accounts/remove", None, 200, "removed"),
            ("GET", "/addresses/taken@example.org", None, 200, {"accounts": 1}),
        ],
    ),
    "profiles": (
        ("a name is acceptable", {"name": "Bad", "acceptable": False}),
        [
            ("PUT", "/profiles/key", {"account_id": "a", "name": "Bad"}, 400, "bad_name"),
            ("GET", "/profiles/key", None, 404, None),
            ("PUT", "/profiles/good", {"account_id": "a", "name": "Good"}, 200, "stored"),
            ("DELETE", "/profiles/good", None, 204, None),
            ("GET", "/profiles/good", None, 410, None),
            ("GET", "/names/Good", None, 200, {"profiles": 0}),
        ],
    ),
    "loyalty": (
        ("a campaign runs", {"campaign": "spring"}),
        [
            ("POST", "/bonuses", BONUS, 201, "granted"),
            ("POST", "/bonuses", BONUS | {"account_id": "b"}, 409, "reference_reused"),
            ("POST", "/bonuses/revoke", {"reference": "key"}, 200, "revoked"),
            ("POST", "/bonuses", BONUS, 422, "no_campaign"),
            ("POST", "/bonuses/state", {"reference": "key"}, 200, "revoked"),
        ],
    ),
    "notifications": (
        None,
        [
            ("PUT", "/order-messages/o", {"user_id": "u", "text": "On its way."}, 201, "sent"),
            ("PUT", "/order-messages/o", {"user_id": "u", "text": "On its way."}, 200, "sent"),
            ("PUT", "/order-messages/o", {"user_id": "u", "text": "Lost."}, 422, "other_message"),
            ("GET", "/order-messages/never", None, 404, "unknown_message"),
            ("GET", "/users/u/messages", None, 200, {"count": 1}),
        ],
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_each_call_is_answered_as_the_saga_file_says(name: str, start: Any) -> None:
    service, (state, exchanges) = start(name), CALLS[name]
    if state is not None:
        service.state(state[0], **state[1])
    for method, path, body, status, told in exchanges:
        answered, reply = service.call(method, path, "key", body)
        assert answered == status, (method, path, reply)
        found = reply.get("state") or reply.get("error") if isinstance(reply, dict) and isinstance(told, str) else reply
        assert found == told, (method, path, reply)


def test_the_mail_of_a_request_is_taken_once(start: Any) -> None:
    mail = start("mail")

    def take(text: str) -> int:
        body = {"to": "ann@example.org", "text": text}
        return int(mail.client.post("/mails?campaign=spring", json=body, headers={"X-Request-Id": "key"}).status_code)

    assert [take("Welcome"), take("Welcome"), take("Good-bye")] == [202, 202, 422]
    assert mail.client.get("/mails/state", headers={"X-Request-Id": "key"}).json() == {"state": "queued"}


def test_an_order_that_was_opened_is_confirmed_once_under_a_key_of_its_own(start: Any) -> None:
    orders = start("orders")
    orders.state("a customer may order", customer_id="c")
    number = orders.call("POST", "/orders", "open", ORDER)[1]["number"]

    confirmed = [orders.call("POST", f"/orders/{number}/confirm", "confirm", {"order_id": "o"}) for _ in range(2)]

    assert confirmed == [(200, {"state": "confirmed"})] * 2
    assert orders.call("GET", "/customers/c/confirmed-orders") == (200, {"confirmed": 1})
    assert orders.call("POST", "/orders/77/confirm", "other", {"order_id": "o"})[0] == 404
    assert orders.call("GET", "/orders/confirmations/status", "other")[0] == 404


def test_a_card_whose_bank_is_busy_is_charged_later_under_the_same_key(start: Any) -> None:
    payments = start("payments")
    payments.state("the bank is busy", card_token="card")
    assert payments.call("POST", "/payments", body=CHARGE) == (
        409,
        {"error": "bank_is_busy", "message": "The card's bank does not answer. Try again."},
    )
    payments.state("a card can pay", card_token="card", limit_minor=500)
    assert payments.call("POST", "/payments", body=CHARGE)[0] == 201
