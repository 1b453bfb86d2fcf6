"""The contracts of the registration, held by a client that the registration team wrote by hand with httpx."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from saga_contracts.testing import Given, contract_cases

HTTP = httpx.Client(trust_env=False, limits=httpx.Limits(max_keepalive_connections=0))
FORWARD = {
    "create_account": {201: "done", 200: "done", 409: "refused", 410: "suspended", 422: "misused"},
    "create_profile": {200: "done", 400: "refused", 410: "suspended", 422: "misused"},
    "grant_bonus": {201: "done", 200: "done", 422: "refused", 409: "misused"},
    "welcome": {202: "done", 422: "misused"},
}
UNDO = {
    "create_account": {200: "done"},
    "create_profile": {204: "done", 404: "done"},  # nothing there: nothing to remove
    "grant_bonus": {200: "done"},
}
STATE = {
    **dict.fromkeys(("created", "stored", "granted", "queued"), "applied"),
    "refused": "refused",
    **dict.fromkeys(("removed", "revoked"), "compensated"),
    **dict.fromkeys(("absent", "unknown"), "absent"),
}


class RegistrationClient:
    """Calls accounts, profiles, loyalty and mail for one registration."""

    def __init__(self, given: Given) -> None:
        self.given = given
        self.key = {"Idempotency-Key": given.key}
        self.correlation = {"Saga-Id": given.saga_id, "Saga-Step": given.step.step}

    def forward(self) -> str:
        given = self.given
        calls: dict[str, Any] = {
            "create_account": lambda: ("POST", "/accounts", self.key, {"email": given.payload["email"]}),
            "create_profile": lambda: (
                "PUT",
                f"/profiles/{quote(given.key, safe='')}",
                {},
                {"account_id": given.outputs["create_account"]["account_id"], "name": given.payload["name"]},
            ),
            "grant_bonus": lambda: (
                "POST",
                "/bonuses",
                {},
                {
                    "reference": given.key,
                    "account_id": given.outputs["create_account"]["account_id"],
                    "campaign": given.payload["campaign"],
                },
            ),
            "welcome": lambda: (
                "POST",
                f"/mails?campaign={quote(given.payload['campaign'], safe='')}",
                {"X-Request-Id": given.key},
                {"to": given.payload["email"], "text": f"Welcome, {given.payload['name']}!"},
            ),
        }
        reply = self.send(*calls[given.step.step]())
        return "retryable" if reply is None else FORWARD[given.step.step].get(reply.status_code, "unknown")

    def compensate(self) -> str:
        calls: dict[str, tuple[str, str, dict[str, str], Any]] = {
            "create_account": ("POST", "/accounts/remove", self.key, None),
            "create_profile": ("DELETE", f"/profiles/{quote(self.given.key, safe='')}", {}, None),
            "grant_bonus": ("POST", "/bonuses/revoke", {}, {"reference": self.given.key}),
        }
        reply = self.send(*calls[self.given.step.step])
        return "retryable" if reply is None else UNDO[self.given.step.step].get(reply.status_code, "unknown")

    def status(self) -> str:
        own = quote(self.given.key, safe="")
        calls: dict[str, tuple[str, str, dict[str, str], Any]] = {
            "create_account": ("GET", "/accounts/status", self.key, None),
            "create_profile": ("GET", f"/profiles/{own}", {}, None),
            "grant_bonus": ("POST", "/bonuses/state", {}, {"reference": self.given.key}),
            "welcome": ("GET", "/mails/state", {"X-Request-Id": self.given.key}, None),
        }
        reply = self.send(*calls[self.given.step.step])
        if reply is None:
            return "retryable"
        if self.given.step.step == "create_profile" and reply.status_code in (404, 410):
            return "absent" if reply.status_code == 404 else "compensated"  # noqa: PLR2004  (not found)
        if reply.status_code != 200:  # noqa: PLR2004  (ok)
            return "unknown"
        return STATE.get(reply.json()["state"], "unknown")

    def send(self, method: str, path: str, headers: dict[str, str], body: Any) -> httpx.Response | None:
        """Give the first clear reply, or None when there is none after all tries."""
        for _ in range(self.given.tries):
            try:
                reply = HTTP.request(
                    method,
                    self.given.url + path,
                    headers=headers | self.correlation,
                    json=body,
                    timeout=self.given.timeout_s,
                )
            except httpx.TransportError:
                continue
            if reply.status_code < 500:  # noqa: PLR2004  (a server's failure may pass)
                return reply
        return None


@contract_cases(Path(__file__).with_name("saga.yaml"))
def test_registration_client(given: Given) -> str:
    client = RegistrationClient(given)
    return {"forward": client.forward, "compensate": client.compensate, "status": client.status}[given.role]()
