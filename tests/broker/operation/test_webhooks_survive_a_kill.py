"""A broker that is killed while webhooks wait, are called, or are to be called again: after the next start every call arrives.

At least once: a call whose answer the killed process did not record is made again.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from hook_receiver import Answer, Receiver

pytestmark = pytest.mark.slow
ENV = {
    "PACT_BROKER_WEBHOOK_SCHEME_WHITELIST": "http",
    "PACT_BROKER_WEBHOOK_HOST_WHITELIST": "127.0.0.1",
    "PACT_BROKER_WEBHOOK_RETRY_SCHEDULE": "4",
}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.stop()


def test_no_call_is_lost_with_the_process_that_was_to_make_it(
    start: Any, database_url: str, make_pact: Any, until: Any, receiver: Receiver
) -> None:
    receiver.answers["/retried"] = [Answer(500), Answer(200)]
    receiver.silent.add("/hangs")
    broker = start(database_url, SAGAPACT_WEBHOOK_FIRST_CALL_AFTER="0", **ENV)
    for path in ("retried", "hangs"):
        webhook(broker, f"{receiver.url}/{path}", consumer="Foo")
    publish(broker, make_pact, "Foo")
    until(lambda: receiver.at("/retried") and receiver.at("/hangs") and states(broker, "Foo") == ["not_run", "retrying"])
    broker.process.kill()
    broker.process.wait()
    receiver.silent.clear()
    waiting = start(database_url, SAGAPACT_WEBHOOK_FIRST_CALL_AFTER="6", **ENV)
    webhook(waiting, f"{receiver.url}/waits", consumer="Other")
    publish(waiting, make_pact, "Other")
    waiting.process.kill()
    waiting.process.wait()
    assert receiver.at("/waits") == []

    again = start(database_url, SAGAPACT_WEBHOOK_FIRST_CALL_AFTER="0", **ENV)
    until(lambda: states(again, "Foo") == ["success", "success"] and states(again, "Other") == ["success"])

    assert len(receiver.at("/retried")) == 2
    assert len(receiver.at("/hangs")) == 2
    assert len(receiver.at("/waits")) == 1


def test_two_processes_make_each_call_once(start: Any, database_url: str, make_pact: Any, until: Any, receiver: Receiver) -> None:
    brokers = [start(database_url, SAGAPACT_WEBHOOK_FIRST_CALL_AFTER="0.5", **ENV) for _ in range(2)]
    webhook(brokers[0], f"{receiver.url}/x", consumer="Foo")
    for number in range(4):
        publish(brokers[number % 2], make_pact, "Foo", number)
    until(lambda: all(states(brokers[0], "Foo", number) == ["success"] for number in range(4)))
    assert len(receiver.at("/x")) == 4


def webhook(broker: Any, url: str, consumer: str) -> None:
    for name in (consumer, "Bar"):
        broker.http.post("/pacticipants", json={"name": name})
    body = {"events": [{"name": "contract_published"}], "request": {"method": "POST", "url": url}}
    broker.http.post(f"/webhooks/provider/Bar/consumer/{consumer}", json=body).raise_for_status()


def publish(broker: Any, make_pact: Any, consumer: str, number: int = 1) -> None:
    path = f"/pacts/provider/Bar/consumer/{consumer}/version/{number}"
    broker.http.put(path, json=make_pact(consumer, "Bar", "a")).raise_for_status()


def states(broker: Any, consumer: str, number: int = 1) -> list[str]:
    path = f"/pacts/provider/Bar/consumer/{consumer}/version/{number}/triggered-webhooks"
    return sorted(one["status"] for one in broker.http.get(path).json()["_embedded"]["triggeredWebhooks"])
