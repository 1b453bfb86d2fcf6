"""Small sagas for tests that need several: a few words each, and the file that they stand for."""

import json
from typing import Any

from saga_contracts.declare.saga import Saga
from saga_contracts.sagafile import parse_saga

_KEY = {"Idempotency-Key": "{key}"}


def saga(*steps: dict[str, Any], **fields: Any) -> Saga:
    """Give a small saga as a value."""
    return parse_saga(saga_text(*steps, **fields), "sale.yaml")


def saga_text(*steps: dict[str, Any], **fields: Any) -> str:
    """Give the file of a small saga named `sale` of the owner `shop`; the fields replace its own."""
    schema = {
        "type": "object",
        "required": ["order_id", "amount"],
        "properties": {"order_id": {"type": "string"}, "amount": {"type": "integer"}},
    }
    payload = {"schema": schema, "example": {"order_id": "order-1", "amount": 5}, "fresh": ["order_id"]}
    return json.dumps({"format": 1, "saga": "sale", "owner": "shop", "payload": payload, "steps": list(steps)} | fields)


def step(name: str = "pay", *, status: bool = True, probe: bool = True, **fields: Any) -> dict[str, Any]:
    """Give a compensatable step that can refuse, at the participant `NAME_service`; the fields replace its own."""
    whole: dict[str, Any] = {
        "step": name,
        "participant": f"{name}_service",
        "class": "compensatable",
        "tries": 2,
        "timeout_ms": 3000,
        "given": {"enough": [{"state": "there is enough"}], "refusing": [{"state": "there is nothing"}]},
        "forward": {
            "request": {
                "method": "POST",
                "path": f"/{name}",
                "headers": _KEY,
                "body": {"order": "{payload.order_id}", "amount": "{payload.amount}"},
            },
            "replies": {
                "done": {"status": 201, "body": {"state": "made"}},
                "refused": {"status": 422, "body": {"error": "none_left"}},
                "suspended": {"status": 409, "body": {"error": "undone"}},
                "misused": {"status": 422, "body": {"error": "key_reused"}},
            },
        },
        "compensate": {
            "request": {"method": "POST", "path": f"/{name}/undo", "headers": _KEY},
            "replies": {"done": {"status": 200, "body": {"state": "undone"}}},
        },
    }
    if status:
        whole["status"] = {
            "request": {"method": "GET", "path": f"/{name}/status", "headers": _KEY},
            "replies": {
                "applied": {"status": 200, "body": {"state": "made"}},
                "refused": {"status": 200, "body": {"state": "refused"}},
                "compensated": {"status": 200, "body": {"state": "undone"}},
                "absent": {"status": 404},
            },
        }
    if probe:
        whole["probe"] = {
            "request": {"method": "GET", "path": f"/{name}/orders/{{payload.order_id}}"},
            "reads": {"before": {"held": 0}, "applied": {"held": "{payload.amount}"}},
        }
    return whole | fields


def retriable(name: str = "tell", after: tuple[str, ...] = ("pay",), **fields: Any) -> dict[str, Any]:
    """Give a retriable step, which waits for `pay`; the fields replace its own."""
    whole = step(name, **fields) | {"class": "retriable", "after": after}
    del whole["compensate"]
    whole["given"] = {"enough": whole["given"]["enough"]}
    for reply in ("refused", "suspended"):
        whole["forward"]["replies"].pop(reply)
    for reply in ("refused", "compensated"):
        whole.get("status", {"replies": {}})["replies"].pop(reply, None)
    return whole | fields


def waiver(obligation: str, step_name: str = "pay", expires: str = "2030-01-31") -> dict[str, str]:
    """Give a waiver."""
    return {"obligation": obligation, "step": step_name, "reason": "being mended", "person": "A. Tester", "expires": expires}
