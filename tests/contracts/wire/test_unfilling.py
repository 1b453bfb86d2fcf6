"""What a template was filled with is read back from what came."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saga_contracts.declare import templates
from saga_contracts.wire import bodies
from saga_contracts.wire.unfilling import agree, as_context, bound_value, readable

EXAMPLES = {"payload": {"id": "a-1", "n": 5, "rate": 1.5, "on": True, "user": {"id": "u"}}}
NAMES = ("id", "n", "rate", "on")
TEMPLATES = [
    {"a": "{payload.id}", "b": [{"c": "{payload.n}"}, 1]},
    {"who": "acct:{payload.id}", "again": "{payload.id}"},
    ["{payload.on}", "{{literal}}", None],
    "{payload.rate}",
]
texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1)
payloads = st.fixed_dictionaries(
    {"id": texts, "n": st.integers(), "rate": st.floats(allow_nan=False, allow_infinity=False), "on": st.booleans()}
)


@pytest.mark.parametrize("template", TEMPLATES, ids=str)
@given(payload=payloads)
def test_values_come_back_from_json_as_they_went_in(template: Any, payload: dict[str, Any]) -> None:
    found = bound_value(template, templates.fill(template, {"payload": payload}), EXAMPLES)
    wanted = {name: payload[name.removeprefix("payload.")] for name in templates.names_in(template)}
    assert found == wanted


@given(payload=payloads, name=st.sampled_from(NAMES))
def test_a_value_inside_a_text_comes_back_with_the_type_of_the_example(payload: dict[str, Any], name: str) -> None:
    for written in (bodies.as_text(payload[name]), str(payload[name])):
        assert bound_value(f"<{{payload.{name}}}>", f"<{written}>", EXAMPLES) == {f"payload.{name}": payload[name]}


@pytest.mark.parametrize(
    ("template", "found"),
    [
        ({"a": 1}, {"a": True}),
        ({"a": 1}, {}),
        ({"a": "{key}"}, {"b": "k"}),
        ("x{key}", "y1"),
        (["{key}"], []),
        ({"a": "{key}", "b": "{key}"}, {"a": "1", "b": "2"}),
        ({"a": "{key}", "b": "is {key}"}, {"a": "1", "b": "is 2"}),
        ("a {key}", 7),
    ],
    ids=str,
)
def test_what_was_made_from_another_template_gives_nothing(template: Any, found: Any) -> None:
    assert bound_value(template, found, {}) is None


def test_an_object_is_known_by_its_fields() -> None:
    found = bound_value({"user": "{payload.user}"}, {"user": {"id": "u", "name": "n"}}, EXAMPLES)
    assert found == {"payload.user.id": "u", "payload.user.name": "n"}
    assert as_context(found) == {"payload": {"user": {"id": "u", "name": "n"}}}


def test_a_value_that_is_known_helps_to_read_a_text_that_holds_two() -> None:
    assert bound_value("a-b-c", "a-b-c", {}) == {}
    assert bound_value("{saga_id}-{step}", "one-two-three", {}, {"step": "three"}) == {"step": "three", "saga_id": "one-two"}
    assert bound_value(["{key}-{saga_id}", "{key}"], ["k-1-s", "k-1"], {}) == {"key": "k-1", "saga_id": "s"}


def test_names_are_readable_where_one_text_helps_with_the_other() -> None:
    assert readable(["{key}"]) == {"key"}
    assert readable(["{key}{saga_id}"]) == set()
    assert readable(["{key}{saga_id}", "is {saga_id}"]) == {"key", "saga_id"}


def test_values_agree_unless_a_name_has_two() -> None:
    assert agree({"a": 1}, {"b": 2})
    assert agree({"a": 1}, {"a": 1.0, "b": 2})
    assert not agree({"a": 1}, {"a": True})
