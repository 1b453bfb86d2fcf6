"""The shop order and the registration with real participants, end to end; and two versions of one saga at the same time."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import httpx
import pytest

from patience import wait_until
from saga_contracts.client import load_definition
from saga_contracts.declare.saga import Saga, Under
from saga_e2e.derive.scenarios import derive, select
from saga_e2e.judge.records import ScenarioRecord
from saga_e2e.play import runner
from saga_e2e.play.gather import Services, new_client
from saga_e2e.play.runner import ScenarioEnded
from saga_e2e.stage.landscape import reference_landscape
from saga_e2e.stage.topology import Topology
from saga_verifier.isolation import ProcessIsolation

pytestmark = pytest.mark.slow
LAND = reference_landscape()
PLAYED = {
    "shop_order": ["committed", "refused-at-reserve_goods", "refused-at-pay", "no-reply-at-pay", "no-reply-at-confirm_order"],
    "user_registration": ["committed", "refused-at-grant_bonus", "reply-lost-at-welcome", "no-reply-at-welcome"],
}
ENDS = {
    "shop_order": ["committed", "compensated", "compensated", "committed", "escalated"],
    "user_registration": ["committed", "compensated", "committed", "escalated"],
}


def played(topology: Topology, names: Iterable[str]) -> dict[str, ScenarioRecord]:
    scenarios = select(derive(topology.definition), names=names)
    events = runner.play(topology, scenarios)
    return {event.record.name: event.record for event in events if isinstance(event, ScenarioEnded)}


@pytest.mark.parametrize("name", PLAYED)
def test_a_reference_saga_ends_as_it_must(name: str) -> None:
    with Topology(LAND, LAND.saga(name)) as topology:
        records = played(topology, PLAYED[name])

    assert {one.name: one.error or one.broken for one in records.values() if one.verdict != "kept"} == {}
    assert [records[one].outcome for one in PLAYED[name]] == ENDS[name]


def test_mistakes_of_the_shops_participants_break_the_invariants_that_speak_of_them() -> None:
    env = {"payments": {"FAULT": "charges_twice"}, "warehouse": {"FAULT": "never_frees"}}
    with Topology(LAND, LAND.saga("shop_order"), env=env) as topology:
        records = played(topology, ["committed", "reply-lost-at-pay", "refused-at-pay"])

    assert records["committed"].verdict == "kept"
    broken = {name: {finding.id: finding.text for finding in one.broken} for name, one in records.items()}
    assert "pay" in broken["reply-lost-at-pay"]["I2"]
    assert "reserve_goods" in broken["refused-at-pay"]["I3"]


class Shop:
    """A running shop whose parcels take their time."""

    def __init__(self, topology: Topology, http: httpx.Client) -> None:
        self.topology, self.http = topology, http
        self.services = Services(topology, http)

    def define(self, saga: Saga) -> None:
        reply = self.http.put(f"{self.topology.service_url}/definitions/shop_order", json=saga.as_json())
        assert reply.status_code in (200, 201), reply.text

    def prepared(self, number: int) -> dict[str, Any]:
        """Give an order of its own, for which everything is there."""
        example = self.topology.definition.payload.example
        fresh = {name: f"{example[name]}-{number}" for name in ("order_id", "customer_id", "sku", "card_token")}
        payload = {**example, **fresh}
        for step in self.topology.saga.steps:
            self.services.prepare(step, payload, Under.ENOUGH)
        return payload

    def reads(self, participant: str, path: str) -> Any:
        return self.http.get(self.topology.url_of(participant) + path).json()

    def effects(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Give what an order has come to at each participant."""
        return {
            "orders": self.reads("orders", f"/customers/{payload['customer_id']}/confirmed-orders"),
            "warehouse": self.reads("warehouse", f"/stock/{payload['sku']}"),
            "payments": self.reads("payments", f"/cards/{payload['card_token']}"),
            "delivery": self.reads("delivery", f"/orders/{payload['order_id']}/parcels"),
            "notifications": self.reads("notifications", f"/users/{payload['customer_id']}/messages"),
        }


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with (
        Topology(LAND, LAND.saga("shop_order"), env={"delivery": {"WORK_MS": "1500"}}) as topology,
        new_client() as http,
    ):
        yield Shop(topology, http)


def newer(saga: Saga) -> Saga:
    """Give the next version: new fields in three bodies, another way to one participant, and no message any more."""
    document = json.loads(json.dumps(saga.as_json()))
    steps = {step["step"]: step for step in document["steps"]}
    steps["create_order"]["forward"]["request"]["body"]["gift_text"] = "With love"
    steps["pay"]["forward"]["request"]["body"]["currency"] = "EUR"
    steps["ship"]["forward"]["request"]["body"]["deliver_by"] = "2030-01-01"
    steps["ship"]["after"] = ["confirm_order"]
    document["steps"] = [step for name, step in steps.items() if name != "notify_customer"]
    return load_definition(document)


def test_an_old_saga_in_flight_and_a_newer_one_of_it_end_well_at_the_same_participants(shop: Shop) -> None:
    old, new = shop.prepared(1), shop.prepared(2)
    shop.define(shop.topology.definition)
    before = shop.services.create("old", old)
    wait_until(lambda: shop.services.record(before).steps["pay"] == "applied")

    shop.define(newer(shop.topology.definition))
    after = shop.services.create("new", new)
    assert shop.services.record(before).state == "running"
    for saga_id in (before, after):
        wait_until(lambda one=saga_id: shop.services.record(one).state == "committed")  # type: ignore[misc]

    as_one = {
        "orders": {"confirmed": 1},
        "warehouse": {"available": 0, "reserved": old["pieces"]},
        "payments": {"charged_minor": old["amount_minor"]},
        "delivery": {"parcels": 1},
    }
    assert shop.effects(old) == {**as_one, "notifications": {"count": 1}}
    assert shop.effects(new) == {**as_one, "notifications": {"count": 0}}


def test_the_gateway_starts_one_saga_for_an_order_however_often_it_is_placed_and_over_kill_9(shop: Shop) -> None:
    shop.define(shop.topology.definition)
    order, spec = shop.prepared(3), LAND.services(LAND.saga("shop_order"))["web_gateway"].spec()
    with ProcessIsolation().start(replace(spec, env={**spec.env, "SAGA_SERVICE_URL": shop.topology.service_url})) as gateway:

        def place(**changes: Any) -> int:
            key = {"Idempotency-Key": "mine"}
            return shop.http.post(f"{gateway.base_url}/orders", json={**order, **changes}, headers=key).status_code

        def told() -> dict[str, Any]:
            return dict(shop.http.get(f"{gateway.base_url}/orders/mine").json())

        assert [place(), place(), place(pieces=9)] == [202, 200, 422]
        gateway.kill()
        gateway.start()
        saga_id = wait_until(lambda: told()["saga_id"])
        assert place() == 200
        assert told() == {"state": "started", "saga_id": saga_id, "events": []}

    assert shop.services.create("mine", order) == saga_id  # the same request id: no other saga was started for it
    wait_until(lambda: shop.services.record(saga_id).state == "committed")
    assert shop.effects(order)["payments"] == {"charged_minor": order["amount_minor"]}
