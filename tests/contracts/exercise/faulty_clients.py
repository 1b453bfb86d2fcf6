"""Clients of the small saga's one step: a right one, and the mistakes that real clients make.

Each mistake is the right client with one thing wrong, so that what fails is the mistake.
"""
# ruff: noqa: ARG002  (a mistake replaces one part of the right client, with or without looking at what it is given)

from dataclasses import dataclass
from urllib.parse import quote, quote_plus

import httpx

from saga_contracts.testing import Given

HTTP = httpx.Client(trust_env=False, limits=httpx.Limits(max_keepalive_connections=0))
CALLS = {"forward": ("POST", "/{}/a"), "compensate": ("POST", "/{}/a/undo"), "status": ("GET", "/{}/a/status")}
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
        if given.message is not None:
            return self.message(given)
        method, path = CALLS[given.role]
        path = path.replace("{}", self.in_path(given.payload["order_id"])) if "{" in given.step.forward.request.path else path[3:]
        body = self.body(given) if given.role == "forward" else None
        try:
            reply = HTTP.request(
                self.method(given, method),
                given.url + path,
                headers=self.headers(given, number),
                json=body,
                timeout=self.timeout_s(given),
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

    def timeout_s(self, given: Given) -> float | None:
        return given.timeout_s

    def in_path(self, value: str) -> str:
        return quote(value, safe="")

    def message(self, given: Given) -> str:
        if given.role == "callback":
            return str(given.message["outcome"]) if given.message.get("outcome") in ("done", "refused") else "unknown"
        return "taken" if given.message["saga"] == given.saga.saga else "unknown"

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


class CallsTwice(Client):
    """Sends every call once more, to be sure."""

    def once(self, given: Given, number: int) -> str:
        super().once(given, number)
        return super().once(given, number)


class SaysDoneAfterTheLastTry(Client):
    """Tries as often as it may, and does not look at the last reply."""

    def call(self, given: Given) -> str:
        outcome = super().call(given)
        return "done" if outcome == "retryable" and given.tries > 1 else outcome


class HasNoTimeOut(Client):
    def timeout_s(self, given: Given) -> float | None:
        return None


class HasATimeOutOfItsOwn(Client):
    """The default of httpx, whatever the saga says."""

    def timeout_s(self, given: Given) -> float | None:
        return 5.0


class TriesUntilItIsDone(Client):
    def call(self, given: Given) -> str:
        outcome = "retryable"
        while outcome not in ("done", "applied", "suspended", "misused", "refused", "absent", "compensated", "unknown"):
            outcome = self.once(given, 0)
        return outcome


class DoesNotEncodeThePath(Client):
    def in_path(self, value: str) -> str:
        return value


class EncodesThePathTwice(Client):
    def in_path(self, value: str) -> str:
        return quote(quote(value, safe=""), safe="")


class WritesABlankInThePathAsPlus(Client):
    def in_path(self, value: str) -> str:
        return quote_plus(value)


class UndeclaredSuccessIsDone(Client):
    def read(self, given: Given, reply: httpx.Response) -> str:
        return "done" if reply.is_success and given.role == "forward" and not reply.content else super().read(given, reply)


class RefusedCompensationIsDone(Client):
    """Takes whatever comes back from a compensating call for success."""

    def read(self, given: Given, reply: httpx.Response) -> str:
        return "done" if given.role == "compensate" else super().read(given, reply)


class IgnoresTheMessage(Client):
    def message(self, given: Given) -> str:
        return "done" if given.role == "callback" else "taken"


class TakesEveryCallbackButARefusalForDone(Client):
    def message(self, given: Given) -> str:
        if given.role != "callback":
            return super().message(given)
        return "refused" if given.message.get("outcome") == "refused" else "done"


class TakesEveryMessageWithASaga(Client):
    def message(self, given: Given) -> str:
        return "taken" if given.message.get("saga") else super().message(given)


class SpeaksOfSuccess(Client):
    """Reports words of its own."""

    def call(self, given: Given) -> str:
        return {"done": "success"}.get(outcome := super().call(given), outcome)


class ForgetsToReport(Client):
    def call(self, given: Given) -> str:
        super().call(given)
        return None  # type: ignore[return-value]


class Raises(Client):
    def silence(self, given: Given) -> str:
        raise OSError("no answer")


class ForgetsToAwait(Client):
    def call(self, given: Given) -> str:
        async def later() -> str:
            return super(ForgetsToAwait, self).call(given)

        later().close()
        return "done"


MISTAKES: list[tuple[type[Client], str, str]] = [
    (DropsTheKey, "forward/done", "Idempotency-Key"),
    (NewKeyOnEachRetry, "forward/retried", "call 2 of the client is not as the contract says"),
    (KeyOfTheSagaOnly, "forward/done", "Idempotency-Key"),
    (Takes422ForRetryable, "forward/refused", "made 'retryable' of the reply 422, but it means 'refused'"),
    (TakesATimeOutForRefused, "forward/no_answer", "made 'refused' of it (answered: silence), but it means 'retryable'"),
    (ReadsTheWrongField, "status/applied", "but it means 'applied'"),
    (CompensatesWithoutKey, "compensate/done", "Idempotency-Key"),
    (RetriesARefusal, "forward/refused_once", "called 2 times instead of 1"),
    (NoCorrelation, "forward/done", "Saga-Id"),
    (WrongMethod, "compensate/done", "PUT /a/undo"),
    (SwallowsUnknown, "forward/undeclared", "but it means 'unknown'"),
    (FailingStatusIsAbsent, "status/failing", "made 'absent' of it (answered: status 500)"),
    (LostConnectionIsDone, "forward/connection_lost", "made 'done' of it (answered: drop)"),
    (SendsAnotherPayload, "forward/done", "order"),
    (NeverTriesAgain, "forward/retried", "called 1 times instead of 2"),
    (CallsTwice, "forward/done", "called 2 times instead of 1 (answered: status 201, tries allowed: 1)"),
    (SaysDoneAfterTheLastTry, "compensate/retried", "made 'done' of it (answered: status 503, then status 503)"),
    (HasNoTimeOut, "status/no_answer", "had not given up"),
    (HasATimeOutOfItsOwn, "status/no_answer", "had not given up"),
    (TriesUntilItIsDone, "forward/unavailable", "times instead of 1 (answered: status 503"),
    (UndeclaredSuccessIsDone, "forward/undeclared_success", "made 'done' of it (answered: status 206), but it means 'unknown'"),
    (RefusedCompensationIsDone, "compensate/undeclared", "made 'done' of it (answered: status 418), but it means 'unknown'"),
    (SpeaksOfSuccess, "forward/done", "'success', which is no outcome of a forward call"),
    (ForgetsToReport, "status/absent", "The test gave no outcome"),
    (Raises, "forward/connection_lost", "no answer"),
    (ForgetsToAwait, "forward/done", "no call came"),
    (Ignores202, "callback: forward/in_progress", "made 'done' of the reply 202"),
    (IgnoresTheMessage, "callback: callback/done", "made 'done' of the message"),
    (IgnoresTheMessage, "callback: callback/refused", "made 'done' of the message"),
    (IgnoresTheMessage, "callback: creation/started", "made 'taken' of the message"),
    (IgnoresTheMessage, "callback: notification/compensation_failed", "made 'taken' of the message"),
    (TakesEveryCallbackButARefusalForDone, "callback: callback/done", "which the saga file does not declare"),
    (TakesEveryMessageWithASaga, "callback: creation/started", "which the saga file does not declare"),
    (NullCompensationIsAnError, "null: compensate/null", "made 'unknown' of the reply 404"),
    (DoesNotEncodeThePath, "path: forward/done", "send it"),
    (EncodesThePathTwice, "path: forward/done", "Request not found"),
    (WritesABlankInThePathAsPlus, "path: status/absent", "Request not found"),
]
"""Each mistake, the case that has to find it (after the saga, if it is not the plain one), and a part of what is said."""

FOUND_NOWHERE_ELSE: dict[type[Client], set[str]] = {
    NewKeyOnEachRetry: {"forward/retried", "compensate/retried"},
    RetriesARefusal: {"forward/refused_once"},
    FailingStatusIsAbsent: {"status/failing", "status/unavailable"},
    NeverTriesAgain: {"forward/retried", "compensate/retried"},
    SaysDoneAfterTheLastTry: {"forward/retried", "compensate/retried"},
    HasNoTimeOut: {"forward/no_answer", "compensate/no_answer", "status/no_answer"},
    HasATimeOutOfItsOwn: {"forward/no_answer", "compensate/no_answer", "status/no_answer"},
    UndeclaredSuccessIsDone: {"forward/undeclared_success"},
    RefusedCompensationIsDone: {
        "compensate/undeclared",
        "compensate/undeclared_success",
        "compensate/unavailable",
        "compensate/retried",
    },
}
"""Mistakes of which all other cases have to take no notice, so that the finding points at the mistake."""
