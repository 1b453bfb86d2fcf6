"""The contracts of the VAS purchase, held by clients that a team wrote by hand with httpx, and by its message handlers."""

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
        word = content.get("state") or content.get("error")
        outcome = "retryable" if reply.status_code in TRY_AGAIN else means.get((reply.status_code, word), "unknown")
        if outcome != "retryable":
            return outcome
    return outcome


@contract_cases(SAGA, steps=("reserve_money",))
def test_billing(given: Given) -> str:
    key, payload = {"Idempotency-Key": given.key}, given.payload
    if given.role == "forward":
        body = {"account_id": payload["account_id"], "order_id": payload["order_id"], "amount_minor": payload["price_minor"]}
        means: Read = {(201, "reserved"): "done", (200, "reserved"): "done", (422, "insufficient_funds"): "refused"}
        means |= {(409, "compensated"): "suspended", (422, "key_reused"): "misused"}
        return call(given, ("POST", "/reservations", key, body), means)
    if given.role == "compensate":
        return call(given, ("POST", "/reservations/cancel", key, None), {(200, "cancelled"): "done"})
    means = {
        (200, "reserved"): "applied",
        (200, "refused"): "refused",
        (200, "cancelled"): "compensated",
        (200, "absent"): "absent",
    }
    return call(given, ("GET", "/reservations/status", key, None), means)


@contract_cases(SAGA, steps=("apply_vas",))
def test_user_service(given: Given) -> str:
    path = f"/users/{quote(given.payload['user_id'], safe='')}/vas-operations/{quote(given.key, safe='')}"
    if given.role == "forward":
        body = {"package": given.payload["package"], "order_id": given.payload["order_id"]}
        means: Read = {(201, "applied"): "done", (200, "applied"): "done", (422, "user_blocked"): "refused"}
        return call(given, ("PUT", path, {}, body), means | {(409, "cancelled"): "suspended", (422, "key_reused"): "misused"})
    if given.role == "compensate":
        return call(given, ("DELETE", path, {}, None), {(200, "cancelled"): "done"})
    means = {(200, "applied"): "applied", (200, "refused"): "refused", (200, "cancelled"): "compensated"}
    return call(given, ("GET", path, {}, None), means | {(404, "unknown_operation"): "absent"})


@contract_cases(SAGA, steps=("create_packages",))
def test_vas_packages(given: Given) -> str:
    if given.message is not None:
        outcome = str(given.message["outcome"])
        return outcome if given.message["key"] == given.key and outcome in ("done", "refused") else "unknown"
    path = f"/package-orders/{quote(given.key, safe='')}"
    if given.role == "forward":
        body = {"user_id": given.payload["user_id"], "package": given.payload["package"], "callback_url": given.callback_url}
        means: Read = {(202, "in_progress"): "in_progress", (200, "on"): "done", (422, "not_on_sale"): "refused"}
        return call(given, ("PUT", path, {}, body), means | {(409, "off"): "suspended", (422, "key_reused"): "misused"})
    if given.role == "compensate":
        return call(given, ("DELETE", path, {}, None), {(200, "off"): "done"})
    means = {(200, "in_progress"): "in_progress", (200, "on"): "applied", (200, "refused"): "refused"}
    return call(given, ("GET", path, {}, None), means | {(200, "off"): "compensated", (200, "absent"): "absent"})


@contract_cases(SAGA, steps=("notify",))
def test_notifications(given: Given) -> str:
    key = {"Idempotency-Key": given.key}
    if given.role == "forward":
        body = {"user_id": given.payload["user_id"], "text": f"Your package {given.payload['package']} is on."}
        means: Read = {(201, "sent"): "done", (200, "sent"): "done", (422, "key_reused"): "misused"}
        return call(given, ("POST", "/messages", key, body), means)
    return call(given, ("GET", "/messages/status", key, None), {(200, "sent"): "applied", (200, "absent"): "absent"})


@contract_cases(SAGA, roles=("creation", "notification"))
def test_messages_between_the_owner_and_the_saga_service(given: Given) -> str:
    message = given.message or {}
    if given.role == "creation":
        purchase = message["payload"]
        return (
            "taken" if message["saga"] == "vas_purchase" and message["request_id"] and purchase["price_minor"] > 0 else "unknown"
        )
    known = message["event"] in ("compensation_failed", "step_exhausted") and message["saga"] == "vas_purchase"
    return "taken" if known and message["saga_id"] and message["step"] else "unknown"
