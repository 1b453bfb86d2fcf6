"""What the broker tells of sagas by itself: one that cannot run any more, a deck that broke, a waiver that comes to its end."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from hook_receiver import Receiver
from saga_broker.settings import WebhookSettings
from saga_broker.store.database.engine import Database
from saga_broker.store.database.event_tables import saga_standings
from saga_broker.work.saga_watch import look_at_waivers
from saga_evidence import breaks
from small_sagas import waiver

HOOKS = WebhookSettings(schemes=("http",), hosts=("127.0.0.1",), first_call_after_s=0.0)
BODY = {name: f"${{pactbroker.{name}}}" for name in ("eventName", "sagaName", "sagaStep", "environmentName", "reason")}
BODY |= {"who": "${pactbroker.providerName} ${pactbroker.providerVersionNumber}", "owner": "${pactbroker.consumerName}"}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.stop()


@pytest.fixture
def told(landscape: Any, serve: Any, receiver: Receiver) -> Any:
    """The landscape at a broker that does its own work, with a webhook for an event."""
    landscape.broker = serve(clock=lambda: landscape.moment, work=True, webhooks=HOOKS)

    def of(event: str, **more: Any) -> Any:
        request = {"method": "POST", "url": f"{receiver.url}/{event}", "body": BODY}
        landscape.broker.post("/webhooks", {"events": [{"name": event}], "request": request, **more}, 201)
        return landscape

    return of


def test_a_saga_that_cannot_run_any_more_is_told_once_and_again_after_it_could(told: Any, receiver: Receiver, until: Any) -> None:
    landscape = told("saga_cannot_run")
    landscape.holds()
    until(lambda: _could_run(landscape))
    landscape.exists("pay_service", "11")
    landscape.deploy("pay_service", "11")
    until(lambda: receiver.received)
    body = receiver.received[0].body
    assert body | {"reason": ""} == {
        "eventName": "saga_cannot_run",
        "sagaName": "sale",
        "sagaStep": "pay",
        "environmentName": "test",
        "reason": "",
        "who": "pay_service 11",
        "owner": "shop",
    }
    assert "sale" in body["reason"]
    landscape.deploy("pay_service", "10")
    until(lambda: _could_run(landscape))
    landscape.deploy("pay_service", "11")
    until(lambda: len(receiver.received) == 2)


def test_a_deck_that_broke_is_told_once_until_it_was_kept_again(told: Any, receiver: Receiver, until: Any) -> None:
    landscape = told("deck_broken")
    landscape.holds()
    for _ in range(2):
        landscape.deck("pay", "11", 1, breaks("O8", "C"), verdict="broken")
    landscape.deck("pay", "11")
    landscape.deck("pay", "11", 1, breaks("O8", "C"), verdict="broken")
    until(lambda: len(receiver.received) == 2)
    assert [one.body["who"] for one in receiver.received] == ["pay_service 11"] * 2
    assert receiver.received[0].body["sagaStep"] == "pay"


def test_who_is_named_as_the_participant_is_told_and_others_are_not(told: Any, receiver: Receiver, until: Any) -> None:
    landscape = told("deployment_recorded")
    for name in ("pay_service", "shop"):
        landscape.exists(name, "10")
    request = {"method": "POST", "url": f"{receiver.url}/mine"}
    body = {"events": [{"name": "deployment_recorded"}], "request": request, "provider": {"name": "shop"}}
    landscape.broker.post("/webhooks", body, 201)
    landscape.deploy("pay_service", "10")
    landscape.deploy("shop", "10")
    until(lambda: len(receiver.received) == 3)
    assert sorted(one.path for one in receiver.received) == ["/deployment_recorded", "/deployment_recorded", "/mine"]


def test_a_waiver_is_told_once_in_its_last_week(told: Any, receiver: Receiver, until: Any) -> None:
    landscape = told("waiver_expiring")
    ends = {"O31": "2026-05-10", "O8": "2026-06-30", "O4": "2026-05-01"}
    landscape.saga(waivers=[waiver(name, expires=day) for name, day in ends.items()])
    relay = landscape.broker.relay
    until(lambda: relay.work.engine.is_running)
    for _ in range(2):
        look_at_waivers(relay.work)
    until(lambda: receiver.received)
    landscape.moment += timedelta(days=1)
    look_at_waivers(relay.work)
    landscape.moment += timedelta(days=55)  # the next one's week
    look_at_waivers(relay.work)
    until(lambda: len(receiver.received) == 2)
    found = {one.body["reason"] for one in receiver.received}
    assert found == {
        "the waiver of O31 of step pay ends on 2026-05-10; A. Tester answers for it",
        "the waiver of O8 of step pay ends on 2026-06-30; A. Tester answers for it",
    }


def _could_run(landscape: Any) -> bool:
    database = Database(landscape.broker.database_url)
    with database.read() as connection:
        found = connection.execute(select(saga_standings.c.can_run).where(saga_standings.c.environment == "test")).scalar()
    database.close()
    return bool(found)
