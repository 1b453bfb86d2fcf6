"""The description of the audit log, and of how a token is sent. Pure."""

from typing import Any

from saga_broker.access.routes import TABLE, Rule
from saga_broker.openapi.operation import PAGE, Operations, Query, Schemas, shows
from saga_broker.openapi.shapes import COUNT, MOMENT, TEXT, closed, embedded, links, many, or_null, ref
from saga_broker.openapi.shared import PAGED

SCHEMES: dict[str, Any] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A token."},
    "basic": {"type": "http", "scheme": "basic", "description": "Any user, and a token as the password."},
}
SECURITY: list[dict[str, list[str]]] = [{"bearer": []}, {"basic": []}, {}]
"""A token, in one of two ways; a broker that asks for none, or has opened reading to everybody, needs none."""

SCHEMAS: Schemas = {
    "Write": closed(
        {
            "id": COUNT,
            "at": MOMENT,
            "token": TEXT,
            "tokenPrefix": TEXT,
            "method": TEXT,
            "path": TEXT,
            "pacticipants": many(TEXT),
            "status": or_null({"type": "integer"}),
            "requestId": or_null(TEXT),
        },
    ),
    "AuditLog": closed(
        {**PAGED, **embedded({"writes": many(ref("Write"))}), "_links": links("self", "next?", "previous?")},
    ),
}
OPERATIONS: Operations = {
    "GET /audit": shows(
        ref("AuditLog"),
        400,
        query=(
            *PAGE,
            Query("token", "Only what the token with this name, or this start of its text, wrote."),
            Query("pacticipant", "Only what is about it."),
        ),
    ),
}


def needed(method: str, path: str) -> str:
    """Say which right an operation needs, where a broker asks for tokens."""
    rule: Rule | None = TABLE.get(f"{method} {path}")
    rights = ["read"] if rule is None and method == "GET" else ["administer"] if rule is None else sorted(rule.any_of)
    return f"Needs the right {' or '.join(rights)}."
