"""Merging the interactions of one pact into another."""

from typing import Any

import pytest

from saga_broker.pact.merge import MergeConflictError, merged


def interaction(description: str, path: str = "/", **fields: Any) -> dict[str, Any]:
    return {"description": description, "request": {"method": "GET", "path": path}, **fields}


def test_new_interactions_are_appended_and_known_ones_replaced_in_place() -> None:
    original: dict[str, Any] = {"interactions": [interaction("a"), interaction("b")], "metadata": 1}
    result = merged(original, {"interactions": [interaction("c"), interaction("a", response=2)]})
    assert [one["description"] for one in result["interactions"]] == ["a", "b", "c"]
    assert result["interactions"][0]["response"] == 2
    assert result["metadata"] == 1
    assert original["interactions"][0] == interaction("a")


@pytest.mark.parametrize("name", ["provider_state", "providerState", "providerStates"])
def test_another_provider_state_makes_another_interaction(name: str) -> None:
    states = [interaction("a", **{name: "x"}), interaction("a", "/other", **{name: "y"}), interaction("a", "/none")]
    result = merged({"interactions": states[:1]}, {"interactions": states[1:]})
    assert result["interactions"] == states


@pytest.mark.parametrize("part", ["method", "path", "query", "body", "headers"])
def test_one_interaction_cannot_have_two_requests(part: str) -> None:
    other = interaction("a")
    other["request"] = {**other["request"], part: "other"}
    with pytest.raises(MergeConflictError):
        merged({"interactions": [interaction("a")]}, {"interactions": [other]})


@pytest.mark.parametrize("pact", [{}, {"messages": []}, {"interactions": {}}, {"interactions": [1]}, []])
def test_only_interactions_can_be_merged(pact: Any) -> None:
    for before, after in (({"interactions": []}, pact), (pact, {"interactions": []})):
        with pytest.raises(MergeConflictError):
            merged(before, after)
