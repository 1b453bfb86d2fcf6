"""Calls webhooks: one attempt of a call that an event asked for, or a test execution that leaves nothing behind."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from saga_broker.acts.events import occasions
from saga_broker.acts.events.occasions import Occasion
from saga_broker.events.event import Event
from saga_broker.settings import WebhookSettings
from saga_broker.store import triggered as triggered_store
from saga_broker.store import webhooks as webhook_store
from saga_broker.store.database.engine import Database
from saga_broker.store.database.types import now
from saga_broker.webhooks import templates
from saga_broker.webhooks.allowed import method_fault, url_fault
from saga_broker.webhooks.calls import Answer, Attempt, Call, Failed, call_of, document_of, log_of
from saga_broker.webhooks.model import FAILURE, SUCCESS, Execution, Triggered, Webhook
from saga_broker.webhooks.sending import send

Send = Callable[[Call, WebhookSettings], Answer | Failed]
_CONTEXT = ("consumer_version_branch", "build_url", "consumer_version_tags", "descriptions", "step", "reason")


@dataclass(frozen=True, slots=True)
class Next:
    """What follows an attempt: `delay_s` until the next one, None at the end."""

    delay_s: float | None


def attempt(database: Database, settings: WebhookSettings, uuid: str, number: int, send_: Send = send) -> Next:
    """Make an attempt of a call.

    An attempt whose process died is made again unless it was recorded: a receiver may be called twice, but never too seldom.

    Args:
        database: The database.
        settings: What webhooks may do.
        uuid: Of the call.
        number: Which attempt, from 1.
        send_: Makes the call.
    """
    with database.read() as connection:
        triggered = triggered_store.find(connection, uuid)
        if triggered is None or triggered.status in {SUCCESS, FAILURE}:
            return Next(None)
        if triggered.attempts_made >= number:
            return Next(_seconds_until(triggered.due_at))
        found = _prepared(connection, triggered)
    delay_s = (
        settings.retry_schedule_s[number - 1]
        if number < triggered.attempts and number <= len(settings.retry_schedule_s)
        else None
    )
    if found is None:
        gone = "The webhook was deleted before this call was made; it is not made."
        execution = Execution(success=False, logs=f"[{now():%Y-%m-%dT%H:%M:%SZ}] INFO: {gone}\n", created_at=now())
        return _recorded(database, triggered, number, execution, None)
    webhook, occasion = found
    made = _made(webhook, occasion, settings, uuid, send_)
    ending = _ending(made, number, delay_s)
    logs = log_of(made, occasion.event.base_url, settings, ending)
    execution = Execution(made.success, logs, made.at)
    return _recorded(database, triggered, number, execution, None if made.success else delay_s)


def execute(database: Database, settings: WebhookSettings, webhook: Webhook, base_url: str, send_: Send = send) -> dict[str, Any]:
    """Make a test execution and tell about it; whether it succeeds or not, nothing of it is stored."""
    with database.read() as connection:
        occasion = occasions.of_test(connection, webhook, base_url)
    made = _made(webhook, occasion, settings, "test", send_)
    logs = log_of(made, base_url, settings, "" if made.success else "Webhook execution failed")
    return document_of(made, base_url, settings, logs)


def _prepared(connection: Connection, triggered: Triggered) -> tuple[Webhook, Occasion] | None:
    webhook = None if triggered.webhook is None else webhook_store.find(connection, triggered.webhook)
    if webhook is None:
        return None
    return webhook, occasions.of_event(connection, Event.from_json(triggered.event))


def _made(webhook: Webhook, occasion: Occasion, settings: WebhookSettings, delivery: str, send_: Send) -> Attempt:
    call = call_of(webhook.request, occasions.values(occasion), settings, delivery, now())
    fault = method_fault(call.method, settings) or url_fault(call.url, settings)
    outcome: Answer | Failed
    if fault is None:
        outcome = send_(call, settings)
    else:  # what may be called was changed since the webhook was written
        outcome = Failed("Sagapact::NotAllowed", f"The webhook may not be called: {fault}", is_ours=True)
    success = isinstance(outcome, Answer) and outcome.status in settings.success_statuses
    request = webhook.request
    unknown = templates.unknown(
        request.url, *request.headers.values(), request.body if isinstance(request.body, str | dict | list) else ""
    )
    notes = tuple(f"There is no variable pactbroker.{name}; it is sent as it stands" for name in unknown)
    return Attempt(webhook, call, outcome, success, now(), _context(occasion), notes)


def _context(occasion: Occasion) -> dict[str, Any]:
    told = {name: occasion.details[name] for name in _CONTEXT if name in occasion.details}
    return {"base_url": occasion.event.base_url, **told, "event_name": occasion.event.name}


def _ending(made: Attempt, number: int, delay_s: float | None) -> str:
    if made.success:
        return "Successfully executed webhook"
    if delay_s is None:
        return f"Webhook execution failed after {number} attempt{'s' if number > 1 else ''}"
    return f"Retrying webhook in {delay_s:g} seconds"


def _recorded(database: Database, triggered: Triggered, number: int, execution: Execution, delay_s: float | None) -> Next:
    due_at = None if delay_s is None else now() + timedelta(seconds=delay_s)
    with database.write() as connection:
        triggered_store.record(connection, triggered, number, execution, due_at)
    return Next(delay_s)


def _seconds_until(moment: datetime | None) -> float | None:
    return None if moment is None else max(0.0, (moment - now()).total_seconds())
