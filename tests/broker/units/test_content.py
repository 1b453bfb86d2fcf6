"""The content sha of the Pact Broker, by its check values and by properties."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saga_broker.pact.content import content_sha, ruby_json, with_ids, without_ids

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
INTERACTIONS = st.lists(
    st.dictionaries(st.sampled_from(["description", "request", "response", "x"]), JSON, max_size=4), max_size=4
)


@pytest.mark.parametrize(
    ("pact", "sha"),
    [
        ({"interactions": []}, "ed7c1aebc3e11064ce9afc29297e1e36203583cd"),
        (
            {"interactions": [], "metadata": {"pactSpecification": {"version": "2.0.0"}}},
            "c084c5e6191555a35fa4083adae03d1ff190b910",
        ),
        (
            {"interactions": [], "metadata": {"pact-specification": {"version": "2.0.0"}}},
            "c084c5e6191555a35fa4083adae03d1ff190b910",
        ),
        ({"interactions": [], "metadata": {"pactSpecificationVersion": "2.0.0"}}, "c084c5e6191555a35fa4083adae03d1ff190b910"),
    ],
)
def test_the_sha_is_that_of_the_pact_broker(pact: dict[str, Any], sha: str) -> None:
    assert content_sha(pact) == sha


@given(INTERACTIONS, st.randoms())
def test_the_order_of_interactions_and_keys_does_not_count(interactions: list[dict[str, Any]], random: Any) -> None:
    shuffled = [dict(random.sample(list(item.items()), len(item))) for item in interactions]
    random.shuffle(shuffled)
    assert content_sha({"interactions": interactions}) == content_sha({"interactions": shuffled})


@given(INTERACTIONS, JSON)
def test_names_and_other_metadata_do_not_count(interactions: list[dict[str, Any]], other: Any) -> None:
    named = {
        "consumer": {"name": "A"},
        "provider": other,
        "interactions": interactions,
        "metadata": {"pactRust": other},
        "more": other,
    }
    assert content_sha(named) == content_sha({"interactions": interactions})


@given(INTERACTIONS)
def test_ids_can_be_added_and_taken_away(interactions: list[dict[str, Any]]) -> None:
    with_own = with_ids({"interactions": interactions})
    assert [next(iter(item)) for item in with_own["interactions"]] == ["_id"] * len(interactions)
    assert without_ids(with_own) == {"interactions": interactions}


@pytest.mark.parametrize(
    ("number", "text"), [(1.0, "1.0"), (1e20, "1.0e+20"), (1.5e-7, "1.5e-07"), (0.1, "0.1"), (2**70, str(2**70))]
)
def test_numbers_are_spelled_as_ruby_spells_them(number: float, text: str) -> None:
    assert ruby_json({"n": number}) == f'{{"n":{text}}}'


@given(JSON)
def test_apart_from_floats_the_text_is_compact_json(value: Any) -> None:
    assert json.loads(ruby_json(value)) == value
