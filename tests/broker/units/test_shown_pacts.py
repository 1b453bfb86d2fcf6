"""A pact in words: rules, generators, contents, states, and what changed."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filled_broker import http_pact, messages_pact, v2_pact, v4_pact
from saga_broker.pact.shown.changes import changes
from saga_broker.pact.shown.interactions import interactions, plugins
from saga_broker.pact.shown.rules import Rule, generators, matching_rules

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ({"$.body.id": {"match": "type"}}, Rule("body", "$.id", "anything of the same type")),
        ({"$.headers.X-A": {"match": "regex", "regex": "a+"}}, Rule("header", "X-A", "text that matches “a+”")),
        ({"$.path": {"regex": "/a"}}, Rule("path", "", "text that matches “/a”")),
        ({"$.query.q[0]": {"match": "type"}}, Rule("query", "q[0", "anything of the same type")),
        ({"$.body.l": {"min": 2}}, Rule("body", "$.l", "a list of at least 2 entries like the example")),
        ({"$['odd']": {"match": "type"}}, Rule("body", "$['odd']", "anything of the same type")),
        ({"path": {"matchers": [{"match": "regex", "regex": "x"}]}}, Rule("path", "", "text that matches “x”")),
        ({"path": {"match": "regex", "regex": "x"}}, Rule("path", "", "text that matches “x”")),
        ({"status": {"matchers": [{"match": "integer"}]}}, Rule("status", "", "a whole number")),
        ({"body": {"$": {"matchers": [{"match": "type"}]}}}, Rule("body", "", "anything of the same type")),
        (
            {"body": {"$.a": {"combine": "OR", "matchers": [{"match": "null"}, {"match": "decimal"}]}}},
            Rule("body", "$.a", "null or a number with decimals"),
        ),
        (
            {"body": {"$.l": {"matchers": [{"match": "type", "min": 1, "max": 3}]}}},
            Rule("body", "$.l", "a list of at least 1 and at most 3 entries like the example"),
        ),
        (
            {"body": {"$.d": {"matchers": [{"match": "date", "date": "yyyy"}]}}},
            Rule("body", "$.d", "a date in the form yyyy"),
        ),
        (
            {"body": {"$.m": {"matchers": [{"match": "eachKey", "rules": [{"match": "regex", "regex": "k"}]}]}}},
            Rule("body", "$.m", "each key is text that matches “k”"),
        ),
        (
            {"body": {"$.v": {"matchers": [{"match": "arrayContains", "variants": [{}, {}]}]}}},
            Rule("body", "$.v", "a list that holds these 2 kinds of entries, in any order and among others"),
        ),
        (
            {"status": {"matchers": [{"match": "statusCode", "status": [200, 204]}]}},
            Rule("status", "", "one of the statuses 200, 204"),
        ),
        ({"body": {"$.p": {"matchers": [{"match": "own"}]}}}, Rule("body", "$.p", '{"match": "own"}')),
    ],
)
def test_a_rule_is_told_in_words_whatever_version_wrote_it(rules: Any, told: Rule) -> None:
    assert matching_rules({"matchingRules": rules}) == [told]


def test_what_is_made_anew_is_told_in_words() -> None:
    made = {
        "body": {"$.id": {"type": "RandomInt", "min": 1, "max": 9}},
        "path": {"type": "ProviderState", "expression": "/${id}"},
    }
    assert [one.words for one in generators({"generators": made})] == [
        "a whole number from 1 to 9, by chance",
        "made from the provider state: “/${id}”",
    ]


def test_every_kind_of_interaction_is_read() -> None:
    upload, paid, price = interactions(v4_pact("a", "b")) or []
    assert (upload.kind, upload.pending, upload.parts[0].note) == ("HTTP", True, "4 bytes that are no text.")
    assert upload.comments[0] == ("", "Files up to 5 MB.")
    assert (paid.kind, paid.parts[0].fields) == ("message", (("topic", "orders"), ("key", "7")))
    assert (price.kind, [part.title for part in price.parts]) == ("message with answer", ["Message", "Answer"])
    assert "Prices/Get" in price.plugin
    assert plugins(v4_pact("a", "b")) == ["protobuf 0.3.5"]


def test_queries_and_states_are_read_of_every_version() -> None:
    order, missing = interactions(http_pact("a", "b")) or []
    assert order.parts[0].line == "GET /orders/42?expand=items&expand=customer"
    assert order.states == (("an order exists", '{"id": 42}'), ("stock is there", ""))
    assert (missing.parts[0].line, missing.states) == ("GET /orders/7?a=b c", (("no order exists", ""),))
    assert (interactions(v2_pact("a", "b")) or [])[0].parts[1].rules[0].words == "anything of the same type"
    assert (interactions(messages_pact("a", "b")) or [])[0].parts[0].title == "Message"


@pytest.mark.parametrize("pact", [None, [], "text", {}, {"interactions": None}, {"interactions": "x", "messages": 1}])
def test_what_holds_no_interactions_is_told_to_hold_none(pact: Any) -> None:
    assert interactions(pact) is None


@given(JSON, st.sampled_from(["request", "response", "contents", "matchingRules", "comments", "providerStates", "type"]))
def test_no_pact_is_too_odd_to_be_read(value: Any, place: str) -> None:
    odd = {
        "description": value,
        place: value,
        "request": {"body": value, "matchingRules": value, "query": value, "headers": value},
    }
    found = interactions({"interactions": [odd, value], "messages": [{"contents": value, "generators": {"body": value}}]})
    assert found is not None
    assert changes({"interactions": [odd]}, {"interactions": [value], "metadata": value}, 1.0) != []


def test_changes_are_told_by_interaction() -> None:
    before, after = http_pact("a", "b"), http_pact("a", "b", more=True)
    after["interactions"][0]["response"]["status"] = 203
    after["metadata"]["x"] = 1
    found = {change.title: change for change in changes(before, after, 1.0)}
    assert {change.kind for change in found.values()} == {"added", "removed", "changed"}
    changed = found["Interaction “a request for an order” given “an order exists” and “stock is there”"]
    assert [line for line in changed.lines if line[0] in "+-"] == [("-", '    "status": 200'), ("+", '    "status": 203')]
    assert changes(before, {**before, "interactions": before["interactions"][::-1]}, 1.0) == []
