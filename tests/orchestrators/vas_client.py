"""The calls of the saga `vas_purchase` as a team would write them by hand: one client, one try for each call.

Both engines of this folder use it. When a call is made, and how often, is theirs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import quote

import httpx

TIMEOUT_S = 2.0
UNKNOWN, DONE, REFUSED, ACCEPTED = "unknown", "done", "refused", "accepted"
Order = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: `done`, `refused`, `accepted` (a callback follows), or `unknown` (nothing that tells)."""

    outcome: str
    outputs: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where everybody is."""

    billing: str
    users: str
    packages: str
    notifications: str
    owner: str
    callbacks: str

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Self:
        """Read the variables `BILLING_URL`, `USERS_URL`, and so on."""
        names = ("billing", "users", "packages", "notifications", "owner", "callbacks")
        return cls(**{name: environment[f"{name.upper()}_URL"].rstrip("/") for name in names})


class VasClient:
    """Calls the participants of one purchase after the other.

    Args:
        http: An open session.
        addresses: Where everybody is.
    """

    def __init__(self, http: httpx.AsyncClient, addresses: Addresses) -> None:
        self._http, self._at = http, addresses

    async def forward(self, step: str, saga_id: str, order: Order) -> Answer:
        """Make a step's effect."""
        key = f"{saga_id}:{step}"
        match step:
            case "reserve_money":
                body = {"account_id": order["account_id"], "order_id": order["order_id"], "amount_minor": order["price_minor"]}
                status, told = await self._send(step, saga_id, "POST", f"{self._at.billing}/reservations", body, key)
                found = {"reservation_id": told["reservation_id"]} if "reservation_id" in told else {}
                return Answer(_meaning(status), found if status in (200, 201) else {})
            case "apply_vas":
                body = {"package": order["package"], "order_id": order["order_id"]}
                status, _ = await self._send(step, saga_id, "PUT", self._operation(order, key), body)
            case "create_packages":
                url = f"{self._at.callbacks}/callbacks/{_part(key)}"
                body = {"user_id": order["user_id"], "package": order["package"], "callback_url": url}
                status, _ = await self._send(step, saga_id, "PUT", self._package_order(key), body)
            case "notify":
                body = {"user_id": order["user_id"], "text": f"Your package {order['package']} is on."}
                status, _ = await self._send(step, saga_id, "POST", f"{self._at.notifications}/messages", body, key)
            case _:
                raise ValueError(step)
        return Answer(_meaning(status))

    async def undo(self, step: str, saga_id: str, order: Order) -> bool:
        """Undo a step; was it told to be undone?"""
        key = f"{saga_id}:{step}"
        match step:
            case "reserve_money":
                status, _ = await self._send(step, saga_id, "POST", f"{self._at.billing}/reservations/cancel", key=key)
            case "apply_vas":
                status, _ = await self._send(step, saga_id, "DELETE", self._operation(order, key))
            case "create_packages":
                status, _ = await self._send(step, saga_id, "DELETE", self._package_order(key))
            case _:
                raise ValueError(step)
        return status == 200

    async def packages_made(self, saga_id: str) -> str:
        """Ask what became of a package order: `done`, `refused`, or `unknown`."""
        url = self._package_order(f"{saga_id}:create_packages")
        status, told = await self._send("create_packages", saga_id, "GET", url)
        known = {"on": DONE, "refused": REFUSED, "off": REFUSED}
        return known.get(str(told.get("state")), UNKNOWN) if status == 200 else UNKNOWN

    async def tell_owner(self, step: str, saga_id: str, event: str) -> bool:
        """Tell the owner of a step that nobody can help; was it taken?"""
        body = {"saga_id": saga_id, "saga": "vas_purchase", "step": step, "event": event}
        status, _ = await self._send(step, saga_id, "POST", f"{self._at.owner}/saga-events", body)
        return status == 204

    def _operation(self, order: Order, key: str) -> str:
        return f"{self._at.users}/users/{_part(order['user_id'])}/vas-operations/{_part(key)}"

    def _package_order(self, key: str) -> str:
        return f"{self._at.packages}/package-orders/{_part(key)}"

    async def _send(
        self, step: str, saga_id: str, method: str, url: str, body: Any = None, key: str | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Send one request; give its status, 0 when no answer came, and the JSON object that it holds."""
        headers = {"Saga-Id": saga_id, "Saga-Step": step} | ({} if key is None else {"Idempotency-Key": key})
        try:
            reply = await self._http.request(method, url, json=body, headers=headers, timeout=TIMEOUT_S)
            told = reply.json() if reply.content else None
        except (httpx.TransportError, ValueError):
            return 0, {}
        return reply.status_code, told if isinstance(told, dict) else {}


def _meaning(status: int) -> str:
    return {200: DONE, 201: DONE, 202: ACCEPTED, 409: REFUSED, 422: REFUSED}.get(status, UNKNOWN)


def _part(text: str) -> str:
    """Write one part of a path."""
    return quote(text, safe=":")


def new_session() -> httpx.AsyncClient:
    """Open a session that sends nothing twice by itself: each connection is used once, and no call is repeated.

    (aiohttp would: it sends PUT and DELETE once more when a connection breaks, beyond the tries that the saga file declares.)
    """
    return httpx.AsyncClient(trust_env=False, limits=httpx.Limits(max_keepalive_connections=0))
