"""A saga as a whole, the network, and what needs attention, as JSON: the same on both kinds of database."""

from collections.abc import Callable
from typing import Any

import saga_sites


def test_a_saga_stands_as_the_gate_says_in_each_environment(broker: Any) -> None:
    saga_sites.vas_purchase(broker)
    found = broker.get("/sagas/vas_purchase")
    for place in found["environments"]:
        verdict = broker.get("/sagas/vas_purchase/can-run", environment=place["environment"])
        assert (place["canRun"], place["summary"]) == (verdict["canRun"], verdict["summary"])
    assert [one["version"] for one in found["versions"]] == ["1.1.0", "1.0.0"]
    assert {one["verdict"] for told in found["results"].values() for one in told} == {"kept", "broken"}


def test_versions_of_a_saga_are_given_in_parts(broker: Any) -> None:
    saga_sites.vas_purchase(broker)
    found = broker.get("/sagas/vas_purchase", page=2, size=1)
    assert [one["version"] for one in found["versions"]] == ["1.0.0"]
    assert found["page"] == {"number": 2, "size": 1, "totalElements": 2, "totalPages": 2}
    assert "previous" in found["_links"]


def test_what_is_shown_follows_each_change_of_what_it_rests_on(broker: Any) -> None:
    saga_sites.vas_purchase(broker)

    def production() -> Any:
        return broker.get("/sagas/vas_purchase")["environments"][0]

    def asked() -> Any:
        verdict = broker.get("/sagas/vas_purchase/can-run", environment="production")
        return verdict["canRun"], verdict["summary"]

    assert production()["canRun"] is True
    changes: tuple[Callable[[], object], ...] = (
        lambda: broker.verify("saga_service", "1.0.0", "billing", "10", success=False),
        lambda: broker.verify("saga_service", "1.0.0", "billing", "10"),
        lambda: broker.deploy("billing", "11", "production"),
        lambda: broker.deploy("saga_service", "1.1.0", "production"),
        lambda: broker.deploy("saga_service", "1.0.0", "production"),
    )
    for change in changes:
        change()
        assert (production()["canRun"], production()["summary"]) == asked()


def test_the_network_and_what_needs_attention_are_told(broker: Any) -> None:
    saga_sites.vas_purchase(broker)
    network = broker.get("/network")
    assert {edge["kind"] for edge in network["edges"]} == {"pact", "step", "executes"}
    assert broker.get("/pacticipants/billing/network", depth=3)["pacts"] == 4
    attention = broker.get("/attention")
    assert [(one["saga"], one["environment"]) for one in attention["sagas"]] == [("vas_purchase", "test")]
