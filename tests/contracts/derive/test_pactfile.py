import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saga_contracts.declare.saga import Saga
from saga_contracts.derive import pactfile
from saga_contracts.derive.slices import step_slice
from saga_contracts.errors import SagapactError, UsageError


def part(key: str | None, *, provider: str = "billing", status: int = 200) -> dict[str, Any]:
    interaction: dict[str, Any] = {"description": f"says {key}", "response": {"status": status}}
    if key is not None:
        interaction["key"] = key
    return {"consumer": {"name": "shop"}, "provider": {"name": provider}, "interactions": [interaction], "metadata": {"x": key}}


def test_parts_are_put_together_by_pair_and_sorted_by_key() -> None:
    merged = pactfile.merge([part("b"), part("a"), part("c", provider="users")])
    assert list(merged) == [("shop", "billing"), ("shop", "users")]
    assert [one["key"] for one in merged["shop", "billing"]["interactions"]] == ["a", "b"]
    assert merged["shop", "billing"]["metadata"] == {"pactSpecification": {"version": "4.0"}}


def test_the_same_interaction_twice_is_kept_once() -> None:
    assert len(pactfile.merge([part("a"), copy.deepcopy(part("a"))])["shop", "billing"]["interactions"]) == 1


def test_two_different_interactions_under_one_key_are_an_error() -> None:
    with pytest.raises(SagapactError, match="two different interactions bear the key 'a'"):
        pactfile.merge([part("a"), part("a", status=201)])


@pytest.mark.parametrize("key", [None, ""])
def test_an_interaction_without_a_key_is_an_error(key: str | None) -> None:
    with pytest.raises(SagapactError, match="has no key"):
        pactfile.merge([part(key)])


@given(st.permutations([part(name) for name in "abcdef"]))
def test_the_order_of_the_parts_does_not_change_a_byte(parts: list[dict[str, Any]]) -> None:
    assert pactfile.canonical(pactfile.merge(parts)["shop", "billing"]) == pactfile.canonical(
        pactfile.merge([part(name) for name in "abcdef"])["shop", "billing"]
    )


def test_the_canonical_form_is_sorted_readable_and_keeps_letters() -> None:
    text = pactfile.canonical({"b": "é", "a": [1]}).decode()
    assert text == '{\n  "a": [\n    1\n  ],\n  "b": "é"\n}\n'


@pytest.mark.parametrize(
    ("consumer", "name"), [("shop", "shop-billing.json"), ("my shop/../x", "my%20shop%2F..%2Fx-billing.json")]
)
def test_file_names_hold_no_path(consumer: str, name: str) -> None:
    assert pactfile.file_name(consumer, "billing") == name


def test_slices_are_read_back_as_they_were_written(vas: Saga) -> None:
    slice_ = step_slice(vas, "reserve_money")
    pact = part("a")
    pact["interactions"][0]["comments"] = {"sagapact": json.loads(json.dumps(slice_.as_json()))}
    assert pactfile.slices(pact) == [slice_]
    assert pactfile.slices(pact)[0].sha == slice_.sha


def test_an_ordinary_pact_carries_no_slice() -> None:
    assert pactfile.slices(part("a")) == []
    assert pactfile.slices({"interactions": None}) == []
    assert pactfile.slices({"interactions": ["odd", {"comments": "odd"}]}) == []


def test_a_slice_of_a_later_version_is_refused_with_its_name() -> None:
    pact = part("a")
    pact["interactions"][0]["comments"] = {"sagapact": {"format": 1, "from_the_future": True}}
    with pytest.raises(UsageError, match=r"'a' carries a slice .* cannot read"):
        pactfile.slices(pact)
