"""Clients of the small saga's one step: a right one, and the mistakes that real clients make.

Each mistake is the right client with one thing wrong, so that what fails is the mistake.
"""
# ruff: noqa: ARG002  (a mistake replaces one part of the right client, with or without looking at what it is given)

from dataclasses import dataclass

import httpx

from saga_contracts.testing import Given

HTTP = httpx.Client(trust_env=False, limits=httpx.Limits(max_keepalive_connections=0))
CALLS = {"forward": ("POST", "/a"), "compensate": ("POST", "/a/undo"), "status": ("GET", "/a/status")}
FORWARD = {"made": "done", "pending": "in_progress", "none_left": "refused", "undone": "suspended", "key_reused": "misused"}
STATUS = {"made": "applied", "refused": "refused", "undone": "compensated"}


@dataclass
class Client:
    """The right client, written by hand as a team would."""

    def call(self, given: Given) -> str:
        outcome = "retryable"
        for number in range(given.tries):
            outcome = self.once(given, number)
            if not self.tries_again(outcome):
                return outcome
        return outcome

    def tries_again(self, outcome: str) -> bool:
        return outcome == "retryable"

    def once(self, given: Given, number: int) -> str:
        method, path = CALLS[given.role]
        body = self.body(given) if given.role == "forward" else None
        try:
            reply = HTTP.request(
                self.method(given, method),
                given.url + path,
                headers=self.headers(given, number),
                json=body,
                timeout=given.timeout_s,
            )
        except httpx.TransportError:
            return self.silence(given)
        return self.read(given, reply)

    def method(self, given: Given, method: str) -> str:
        return method

    def headers(self, given: Given, number: int) -> dict[str, str]:
        return {"Idempotency-Key": given.key, "Saga-Id": given.saga_id, "Saga-Step": given.step.step}

    def body(self, given: Given) -> dict[str, str]:
        told = {"callback": given.callback_url} if given.step.callback is not None else {}
        return {"order": given.payload["order_id"], **told}

    def silence(self, given: Given) -> str:
        return "retryable"

    def read(self, given: Given, reply: httpx.Response) -> str:
        if reply.status_code >= 500:
            return self.failing(given)
        body = reply.json() if reply.content else {}
        word = str(body.get("state") or body.get("error"))
        if given.role == "status" and reply.status_code == 404:
            return "absent"
        if given.role == "status":
            if word == "pending":
                return "in_progress"
            return STATUS.get(word, self.unknown(reply)) if reply.status_code == 200 else self.unknown(reply)
        if given.role == "compensate":
            return "done" if reply.status_code == 200 else self.unknown(reply)
        return FORWARD.get(word, self.unknown(reply)) if reply.status_code in (200, 201, 202, 409, 422) else self.unknown(reply)

    def failing(self, given: Given) -> str:
        return "retryable"

    def unknown(self, reply: httpx.Response) -> str:
        return "unknown"


class DropsTheKey(Client):
    def headers(self, given: Given, number: int) -> dict[str, str]:
        return {"Saga-Id": given.saga_id, "Saga-Step": given.step.step}


class NewKeyOnEachRetry(Client):
    def headers(self, given: Given, number: int) -> dict[str, str]:
        again = f":{number}" if number else ""
        return super().headers(given, number) | {"Idempotency-Key": given.key + again}


class KeyOfTheSagaOnly(Client):
    def headers(self, given: Given, number: int) -> dict[str, str]:
        return super().headers(given, number) | {"Idempotency-Key": given.saga_id}


class Takes422ForRetryable(Client):
    def read(self, given: Given, reply: httpx.Response) -> str:
        return "retryable" if reply.status_code == 422 else super().read(given, reply)


class TakesATimeOutForRefused(Client):
    def silence(self, given: Given) -> str:
        return "refused"


class Ignores202(Client):
    def read(self, given: Given, reply: httpx.Response) -> str:
        return "done" if reply.status_code in (200, 201, 202) and given.role == "forward" else super().read(given, reply)


class ReadsTheWrongField(Client):
    def read(self, given: Given, reply: httpx.Response) -> str:
        if given.role == "status" and reply.status_code == 200:
            return STATUS.get(reply.json().get("status"), "unknown")
        return super().read(given, reply)


class CompensatesWithoutKey(Client):
    def headers(self, given: Given, number: int) -> dict[str, str]:
        headers = super().headers(given, number)
        if given.role == "compensate":
            del headers["Idempotency-Key"]
        return headers


class RetriesARefusal(Client):
    def tries_again(self, outcome: str) -> bool:
        return outcome in ("retryable", "refused")


class NoCorrelation(Client):
    def headers(self, given: Given, number: int) -> dict[str, str]:
        return {"Idempotency-Key": given.key}


class WrongMethod(Client):
    def method(self, given: Given, method: str) -> str:
        return "PUT" if given.role == "compensate" else method


class SwallowsUnknown(Client):
    def unknown(self, reply: httpx.Response) -> str:
        return "done"


class FailingStatusIsAbsent(Client):
    def failing(self, given: Given) -> str:
        return "absent" if given.role == "status" else "retryable"


class LostConnectionIsDone(Client):
    def silence(self, given: Given) -> str:
        return "done"


class NullCompensationIsAnError(Client):
    """Gives up when the participant says that there was nothing to undo."""

    def read(self, given: Given, reply: httpx.Response) -> str:
        if given.role == "compensate" and reply.status_code == 404:
            return "unknown"
        return "done" if given.role == "compensate" and reply.status_code == 200 else super().read(given, reply)


class SendsAnotherPayload(Client):
    def body(self, given: Given) -> dict[str, str]:
        return {"orderId": given.payload["order_id"]}


class NeverTriesAgain(Client):
    def tries_again(self, outcome: str) -> bool:
        return False


MISTAKES: list[tuple[type[Client], str]] = [
    (DropsTheKey, "forward/done"),
    (NewKeyOnEachRetry, "forward/retried"),
    (KeyOfTheSagaOnly, "forward/done"),
    (Takes422ForRetryable, "forward/refused"),
    (TakesATimeOutForRefused, "forward/no_answer"),
    (ReadsTheWrongField, "status/applied"),
    (CompensatesWithoutKey, "compensate/done"),
    (RetriesARefusal, "forward/refused_once"),
    (NoCorrelation, "forward/done"),
    (WrongMethod, "compensate/done"),
    (SwallowsUnknown, "forward/undeclared"),
    (FailingStatusIsAbsent, "status/failing"),
    (LostConnectionIsDone, "forward/connection_lost"),
    (SendsAnotherPayload, "forward/done"),
    (NeverTriesAgain, "forward/retried"),
]
"""Each mistake, and the case that has to find it."""

HARMLESS_ELSEWHERE: dict[type[Client], set[str]] = {
    NewKeyOnEachRetry: {"forward/retried", "compensate/retried"},
    RetriesARefusal: {"forward/refused_once"},
    FailingStatusIsAbsent: {"status/failing", "status/unavailable"},
    NeverTriesAgain: {"forward/retried", "compensate/retried"},
}
"""Mistakes of which all other cases have to take no notice, so that the finding points at the mistake."""
