"""Makes the request of a call from a webhook and the values of its variables, and writes the log of an attempt. Pure."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from saga_broker.http.hal import dump
from saga_broker.settings import WebhookSettings
from saga_broker.webhooks import redaction, templates
from saga_broker.webhooks.model import Request, Webhook
from saga_contracts.wire import exact

NOT_LOGGED = (
    "For security purposes, the response details are not logged. To enable response logging, configure the "
    "webhook_host_whitelist property. See {base}/doc/webhooks#whitelist for more information."
)
SIGNATURE, DELIVERY = "x-sagapact-signature", "x-sagapact-delivery"
_FORM = "application/x-www-form-urlencoded"
_OURS = {"host", "content-length"}


@dataclass(frozen=True, slots=True)
class Call:
    """A request as it goes out.

    Attributes:
        headers: Those that are known before a connection is made.
        more: Those that follow from the connection and the body.
        secrets: What must not be shown.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    more: Mapping[str, str]
    body: bytes
    has_body: bool
    secrets: tuple[str, ...] = ()

    @property
    def all_headers(self) -> dict[str, str]:
        """Give the headers as they are sent; the webhook's own Host counts."""
        return {**self.headers, **{name: value for name, value in self.more.items() if name not in self.headers}}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver said.

    Attributes:
        body: Its beginning; `is_cut` when there was more.
    """

    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Failed:
    """Why there is no answer.

    Attributes:
        kind: The kind of failure, as it stands in the log.
        text: In words.
        connected: There was a connection.
        is_ours: We did not even try; that is told whatever is hidden.
    """

    kind: str
    text: str
    connected: bool = False
    is_ours: bool = False


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt, for who made it.

    Attributes:
        call: What was sent.
        outcome: What came of it.
        success: Whether that counts as success.
        at: When it ended.
        context: What the log tells of the occasion.
        notes: Warnings for the log.
    """

    webhook: Webhook
    call: Call
    outcome: Answer | Failed
    success: bool
    at: datetime
    context: Mapping[str, Any]
    notes: tuple[str, ...] = field(default=())


def call_of(request: Request, values: Mapping[str, str], settings: WebhookSettings, delivery: str, at: datetime) -> Call:
    """Make the request of a call.

    Args:
        request: With its templates.
        values: The variables' values.
        settings: For the name of the sender and the signing key.
        delivery: What this call is known by; the same in each attempt, so that a receiver can tell a repetition.
        at: Now.
    """
    url = templates.in_url(request.url, values)
    body = templates.in_body(request.body, values)
    headers = {"accept": "*/*", "user-agent": settings.user_agent}
    headers |= {name: templates.in_header(text, values) for name, text in request.headers.items() if name != "content-length"}
    if request.username:
        user, password = (templates.in_text(text or "", values) for text in (request.username, request.password))
        headers["authorization"] = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    if settings.signing_key:
        headers |= {DELIVERY: delivery, SIGNATURE: signature(settings.signing_key, body, at)}
    more = {"host": _authority(url), "content-length": str(len(body))}
    if "content-type" not in headers:
        more["content-type"] = _FORM
    has_body = request.body is not None and not _is_absent(request)
    return Call(request.method.upper(), url, headers, more, body, has_body, redaction.secrets_of(request))


def signature(key: str, body: bytes, at: datetime) -> str:
    """Sign a body: `t=SECONDS,v1=HEX`, HMAC-SHA256 over the seconds, a dot and the body, so that a copy grows old."""
    seconds = int(at.timestamp())
    digest = hmac.new(key.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"


def log_of(attempt: Attempt, base_url: str, settings: WebhookSettings, ending: str) -> str:
    """Write the log of an attempt.

    Args:
        attempt: What was made.
        base_url: Of this broker, for the pointer to its help.
        settings: Say what is hidden.
        ending: The last line; empty for none.
    """
    call = attempt.call
    headers = call.all_headers if _is_whole(attempt.outcome) else call.headers
    shown = redaction.sent_headers(headers) if settings.redact else headers
    lines = [("DEBUG", f"Webhook context {dump(attempt.context).decode()}")]
    lines += [("WARN", note) for note in attempt.notes]
    lines.append(("INFO", f"HTTP/1.1 {call.method} {_safe(call.url, call, settings)}"))
    lines += [("INFO", f"{name}: {_safe(value, call, settings)}") for name, value in shown.items()]
    lines.append(("INFO", _safe(call.body.decode(errors="replace"), call, settings)))
    lines += _told(attempt, base_url, settings)
    if ending:
        lines.append(("INFO", ending))
    moment = attempt.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return "".join(f"[{moment}] {level}: {text}\n" for level, text in lines)


def document_of(attempt: Attempt, base_url: str, settings: WebhookSettings, logs: str) -> dict[str, Any]:
    """Write what the answer of a test execution tells."""
    call, outcome = attempt.call, attempt.outcome
    headers = call.all_headers if _is_whole(outcome) else dict(call.headers)
    request: dict[str, Any] = {"headers": redaction.sent_headers(headers)}
    if call.has_body:
        request["body"] = redaction.hidden(_parsed(call.body), call.secrets)
    request["url"] = _safe(_path(call.url), call, settings)
    found: dict[str, Any] = {"request": request}
    if not settings.hosts:
        found["message"] = NOT_LOGGED.format(base=base_url)
    if isinstance(outcome, Failed) and not _is_hidden(outcome, settings):
        found["error"] = {"message": outcome.text}
    if isinstance(outcome, Answer) and settings.hosts:
        found["response"] = _response(outcome, call)
    return {**found, "logs": logs, "success": attempt.success}


def _response(answer: Answer, call: Call) -> dict[str, Any]:
    found: dict[str, Any] = {"status": answer.status, "headers": redaction.sent_headers(answer.headers)}
    if answer.status != HTTPStatus.NO_CONTENT:
        found["body"] = redaction.hidden(_parsed(answer.body), call.secrets)
    return found


def _told(attempt: Attempt, base_url: str, settings: WebhookSettings) -> list[tuple[str, str]]:
    outcome, call = attempt.outcome, attempt.call
    is_hidden = _is_hidden(outcome, settings)
    hidden = NOT_LOGGED.format(base=base_url)
    if isinstance(outcome, Failed):
        why = f". {hidden}" if is_hidden else f" {outcome.kind} - {outcome.text}"
        return [("ERROR", f"Error executing webhook {attempt.webhook.uuid}{why}")]
    if is_hidden:
        return [("INFO", hidden)]
    lines = [("INFO", f"HTTP/1.1 {outcome.status} {outcome.reason}".rstrip())]
    shown = redaction.sent_headers(outcome.headers) if settings.redact else outcome.headers
    lines += [("INFO", f"{name}: {_safe(value, call, settings)}") for name, value in shown.items()]
    if outcome.status == HTTPStatus.NO_CONTENT:
        return lines
    text = outcome.body.decode(errors="replace")
    if "\ufffd" in text:
        lines.append(("DEBUG", "Note that invalid UTF-8 byte sequences were replaced in the response body"))
    return [*lines, ("INFO", _safe(text, call, settings) + (" … (cut)" if outcome.is_cut else ""))]


def _safe(text: str, call: Call, settings: WebhookSettings) -> str:
    return redaction.without(text, call.secrets).replace("\0", "\ufffd") if settings.redact else text.replace("\0", "\ufffd")


def _is_whole(outcome: Answer | Failed) -> bool:
    return isinstance(outcome, Answer) or outcome.connected or outcome.is_ours


def _is_hidden(outcome: Answer | Failed, settings: WebhookSettings) -> bool:
    """Tell whether the receiver's answer must not be seen: without a list of hosts, webhooks would spy out what is inside."""
    return not settings.hosts and not (isinstance(outcome, Failed) and outcome.is_ours)


def _parsed(body: bytes) -> Any:
    text = body.decode(errors="replace")
    try:
        return exact.loads(text)
    except ValueError:
        return text.replace("\0", "\ufffd")


def _is_absent(request: Request) -> bool:
    return not isinstance(request.body, str | int | float | bool | list | dict | type(None))


def _authority(url: str) -> str:
    return url.partition("://")[2].partition("/")[0].partition("?")[0].rpartition("@")[2]


def _path(url: str) -> str:
    rest = url.partition("://")[2]
    cut = min((place for place in (rest.find("/"), rest.find("?")) if place >= 0), default=len(rest))
    return rest[cut:] or "/"
