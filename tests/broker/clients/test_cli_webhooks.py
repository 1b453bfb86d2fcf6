"""The real `pact broker`: webhooks made, changed, tried and deleted."""

from collections.abc import Iterator
from typing import Any

import pytest

from hook_receiver import Answer, Receiver
from saga_broker.settings import WebhookSettings

pytestmark = pytest.mark.slow
UUID = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.stop()


@pytest.fixture
def broker(serve: Any) -> Any:
    return serve(webhooks=WebhookSettings(schemes=("http", "https"), hosts=("127.0.0.1",)))


def test_a_webhook_is_made_changed_tried_and_deleted(broker: Any, pact_broker: Any, receiver: Receiver, make_pact: Any) -> None:
    broker.publish("Foo", "1", ("Bar", make_pact("Foo", "Bar", "a")))
    options = ("-X", "POST", "-H", "Content-Type: application/json", "-d", '{"v": "${pactbroker.consumerVersionNumber}"}')
    made = pact_broker("create-webhook", f"{receiver.url}/x", *options, "--consumer", "Foo", "--contract-published")
    listed = broker.get("/webhooks")["_links"]["pb:webhooks"]
    assert listed[0]["title"] == "A webhook for all pacts with consumer Foo"
    uuid = listed[0]["href"].rpartition("/")[2]
    assert uuid in made.text

    tried = pact_broker("test-webhook", "--uuid", uuid)
    assert "200" in tried.text
    assert receiver.received[0].body == {"v": "1"}

    words = ("create-or-update-webhook", f"{receiver.url}/y", "-X", "POST", "--uuid", UUID, "--user", "u:secret1")
    pact_broker(*words, "--provider", "Bar", "--provider-verification-failed", "--description", "mine")
    pact_broker(*words, "--provider", "Bar", "--provider-verification-succeeded", "--description", "mine")
    shown = broker.get(f"/webhooks/{UUID}")
    assert shown["events"] == [{"name": "provider_verification_succeeded"}]
    assert shown["request"]["password"] == "**********"
    receiver.answers["/y"] = Answer(500)
    assert "500" in pact_broker("test-webhook", "--uuid", UUID).text
    assert receiver.received[-1].headers["authorization"] == "Basic dTpzZWNyZXQx"

    pact_broker("delete-webhook", "--uuid", UUID)
    broker.get(f"/webhooks/{UUID}", 404)


def test_what_a_broker_does_not_allow_is_told(broker: Any, pact_broker: Any) -> None:
    refused = pact_broker("create-webhook", "http://elsewhere.example/x", "-X", "POST", "--contract-published", status=1)
    assert "host must be in the whitelist" in refused.text


def test_a_webhook_that_is_not_there_is_not_found(pact_broker: Any) -> None:
    assert f"Webhook with UUID {UUID} was not found" in pact_broker("delete-webhook", "--uuid", UUID).text
