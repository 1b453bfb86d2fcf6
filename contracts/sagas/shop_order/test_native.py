"""The contracts of the shop order, held by clients that a team wrote by hand with httpx, and by its two message handlers."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from saga_contracts.testing import Given, contract_cases

SAGA = Path(__file__).with_name("saga.yaml")
HTTP = httpx.Client(trust_env=False, limits=httpx.Limits(max_keepalive_connections=0))
TRY_AGAIN = {408, 425, 429, 500, 502, 503, 504}

Asked = tuple[str, str, dict[str, str], Any]
"""Method, path, headers and body of a call."""
Read = dict[tuple[int, str | None], str]
"""What a status and the word in the body mean."""


def call(given: Given, asked: Asked, means: Read) -> str:
    """Send a call until it is answered clearly or the tries are over, and tell what came of it."""
    method, path, headers, body = asked
    headers = headers | {"Saga-Id": given.saga_id, "Saga-Step": given.step.step}
    outcome = "retryable"
    for _ in range(given.tries):
        try:
            reply = HTTP.request(method, given.url + path, headers=headers, json=body, timeout=given.timeout_s)
        except httpx.TransportError:
            outcome = "retryable"
            continue
        content = reply.json() if reply.content else {}
        outcome = means.get((reply.status_code, content.get("state") or content.get("error")), "unknown")
        if reply.status_code in TRY_AGAIN:
            outcome = "retryable"
        if outcome != "retryable":
            return outcome
    return outcome


@contract_cases(SAGA, steps=("create_order",))
def test_orders(given: Given) -> str:
    key = {"Idempotency-Key": given.key}
    payload = given.payload
    if given.role == "forward":
        body = {name: payload[name] for name in ("order_id", "customer_id", "sku", "pieces")}
        means: Read = {(201, "open"): "done", (200, "open"): "done", (403, "customer_blocked"): "refused"}
        return call(
            given, ("POST", "/orders", key, body), means | {(409, "cancelled"): "suspended", (422, "key_reused"): "misused"}
        )
    if given.role == "compensate":
        return call(given, ("POST", "/orders/cancel", key, {"order_id": payload["order_id"]}), {(200, "cancelled"): "done"})
    means = {(200, "open"): "applied", (200, "refused"): "refused", (200, "cancelled"): "compensated"}
    return call(given, ("GET", "/orders/status", key, None), means | {(404, "unknown_key"): "absent"})


@contract_cases(SAGA, steps=("reserve_goods",))
def test_warehouse(given: Given) -> str:
    path = f"/reservations/{quote(given.key, safe='')}"
    if given.role == "forward":
        number = given.outputs["create_order"]["number"]
        body = {"sku": given.payload["sku"], "pieces": given.payload["pieces"], "order_number": number}
        means: Read = {(201, "reserved"): "done", (200, "reserved"): "done", (409, "out_of_stock"): "refused"}
        return call(given, ("PUT", path, {}, body), means | {(410, "released"): "suspended", (422, "key_reused"): "misused"})
    if given.role == "compensate":
        # 404 says that there was nothing to release: that is what we want.
        return call(given, ("DELETE", path, {}, None), {(204, None): "done", (404, "unknown_reservation"): "done"})
    means = {(200, "reserved"): "applied", (200, "refused"): "refused", (200, "released"): "compensated"}
    return call(given, ("GET", path, {}, None), means | {(404, "unknown_reservation"): "absent"})


@contract_cases(SAGA, steps=("pay",))
def test_payments(given: Given) -> str:
    if given.role == "forward":
        body = {"key": given.key, "card_token": given.payload["card_token"], "amount_minor": given.payload["amount_minor"]}
        means: Read = {(201, "paid"): "done", (200, "paid"): "done", (402, "declined"): "refused", (422, "key_reused"): "misused"}
        return call(given, ("POST", "/payments", {}, body), means | {(409, "bank_is_busy"): "retryable"})
    means = {(200, "paid"): "applied", (200, "declined"): "refused", (200, "unknown"): "absent"}
    return call(given, ("POST", "/payments/status", {}, {"key": given.key}), means)


@contract_cases(SAGA, steps=("confirm_order",))
def test_confirmation(given: Given) -> str:
    key = {"Idempotency-Key": given.key}
    if given.role == "forward":
        path = f"/orders/{given.outputs['create_order']['number']}/confirm"
        body = {"order_id": given.payload["order_id"]}
        return call(given, ("POST", path, key, body), {(200, "confirmed"): "done", (422, "key_reused"): "misused"})
    means: Read = {(200, "confirmed"): "applied", (404, "unknown_key"): "absent"}
    return call(given, ("GET", "/orders/confirmations/status", key, None), means)


@contract_cases(SAGA, steps=("ship",))
def test_delivery(given: Given) -> str:
    if given.message is not None:
        return "done" if given.message["key"] == given.key and given.message["outcome"] == "done" else "unknown"
    path = f"/parcels/{quote(given.key, safe='')}"
    if given.role == "forward":
        body = {name: given.payload[name] for name in ("order_id", "sku", "pieces")} | {"callback_url": given.callback_url}
        means: Read = {(202, "accepted"): "in_progress", (200, "handed_over"): "done", (422, "key_reused"): "misused"}
        return call(given, ("PUT", path, {}, body), means)
    means = {(200, "accepted"): "in_progress", (200, "handed_over"): "applied", (404, "unknown_parcel"): "absent"}
    return call(given, ("GET", path, {}, None), means)


@contract_cases(SAGA, steps=("notify_customer",))
def test_notifications(given: Given) -> str:
    path = f"/order-messages/{quote(given.payload['order_id'], safe='')}"
    if given.role == "forward":
        body = {"user_id": given.payload["customer_id"], "text": "Your order is on its way."}
        means: Read = {(201, "sent"): "done", (200, "sent"): "done", (422, "other_message"): "misused"}
        return call(given, ("PUT", path, {}, body), means)
    return call(given, ("GET", path, {}, None), {(200, "sent"): "applied", (404, "unknown_message"): "absent"})


@contract_cases(SAGA, roles=("creation", "notification"))
def test_messages_between_the_web_gateway_and_the_saga_service(given: Given) -> str:
    message = given.message or {}
    if given.role == "creation":
        order = message["payload"]
        return "taken" if message["saga"] == "shop_order" and message["request_id"] and order["pieces"] >= 1 else "unknown"
    known = message["event"] in ("compensation_failed", "step_exhausted") and message["saga"] == "shop_order"
    return "taken" if known and message["saga_id"] and message["step"] else "unknown"
