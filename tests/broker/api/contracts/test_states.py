"""The provider states that pacts ask for."""

from collections.abc import Callable
from typing import Any

MakePact = Callable[..., dict[str, Any]]
PATH = "/pacts/provider/Bar/provider-states"


def with_states(make_pact: MakePact, consumer: str, *states: Any) -> dict[str, Any]:
    document = make_pact(consumer, "Bar", *(f"i{index}" for index, _ in enumerate(states)))
    for interaction, state in zip(document["interactions"], states, strict=True):
        interaction["providerState" if isinstance(state, str) else "providerStates"] = state
    return document


def test_states_are_listed_by_name_with_their_consumers(broker: Any, make_pact: MakePact) -> None:
    old = with_states(make_pact, "Foo", "gone")
    new = with_states(make_pact, "Foo", "b", [{"name": "a", "params": {"id": 1}}, {"name": "b"}])
    for number, document in (("1", old), ("2", new)):
        broker.publish("Foo", number, ("Bar", document), branch="main")
    broker.publish("Zoo", "1", ("Bar", with_states(make_pact, "Zoo", "b")), branch="main")
    broker.publish("Zoo", "2", ("Bar", with_states(make_pact, "Zoo", "c")), branch="feat")
    broker.deploy("Foo", "1", "test")

    expected = {
        "": [{"name": "a", "params": {"id": 1}, "consumers": ["Foo"]}, {"name": "b", "consumers": ["Foo", "Zoo"]}],
        "/branch/feat": [{"name": "c", "consumers": ["Zoo"]}],
        "/environment/test": [{"name": "gone", "consumers": ["Foo"]}],
        "/branch/none": [],
        "/environment/none": [],
    }
    assert {path: broker.get(PATH + path) for path in expected} == {
        path: {"providerStates": states} for path, states in expected.items()
    }
    for path in expected:
        unknown = broker.get(f"/pacts/provider/None/provider-states{path}", 404)
        assert unknown == {"error": "No provider with name 'None' found"}
