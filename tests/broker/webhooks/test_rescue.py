"""A call whose attempt could not be recorded, or whose work database is gone, is made all the same."""

from datetime import timedelta
from typing import Any

import pytest

from hook_receiver import Receiver
from saga_broker.work import parts, webhook_calls
from saga_broker.work.work import Work


def test_a_call_is_made_again_after_its_attempt_broke_off_and_one_that_waits_is_left_alone(
    serve: Any,
    webhook_settings: Any,
    receiver: Receiver,
    make_webhook: Any,
    make_pact: Any,
    until: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken: list[str] = []

    def breaks_off(work: Work, uuid: str, number: int) -> None:
        if len(broken) < 2:
            broken.append(uuid)
            raise RuntimeError
        webhook_calls.call_webhook(work, uuid, number)

    monkeypatch.setattr(parts, "WORKFLOWS", {webhook_calls.WORKFLOW: breaks_off})
    monkeypatch.setattr(parts, "CHORES", ())
    monkeypatch.setattr(webhook_calls, "OVERDUE", timedelta())
    broker = serve(work=True, webhooks=webhook_settings())
    make_webhook(broker, f"{receiver.url}/x", "contract_published")
    broker.publish("Foo", "1", ("Bar", make_pact("Foo", "Bar", "a")))
    until(lambda: len(broken) == 1)
    until(lambda: _rescued(broker, lambda: len(broken) == 2))
    until(lambda: _rescued(broker, lambda: receiver.received))
    until(lambda: broker.get("/triggered-webhooks")["_embedded"]["triggeredWebhooks"][0]["status"] == "success")
    assert len(receiver.received) == 1


def _rescued(broker: Any, holds: Any) -> Any:
    webhook_calls.enqueue_overdue(broker.relay.work)
    return holds()
