"""A check against a schema says what the library says, in bounded time and depth, whatever the value holds."""

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saga_contracts.declare import schemas
from saga_contracts.declare.schemas import references
from saga_contracts.declare.schemas.values import MAX_DEPTH

TREE: dict[str, Any] = {
    "type": "object",
    "properties": {"kids": {"type": "array", "items": {"$ref": "#"}}},
    "additionalProperties": False,
}
DRAFT7 = "http://json-schema.org/draft-07/schema#"


def nested(depth: int, value: Any = None) -> Any:
    for _ in range(depth):
        value = [value]
    return value


ROWS: list[tuple[str, Any, list[Any], list[Any]]] = [
    ("a tree", TREE, [{"kids": [{"kids": []}]}], [{"kids": [{"kids": [3]}]}, {"kin": []}]),
    (
        "a list that ends",
        {"type": "object", "required": ["a"], "properties": {"a": {"anyOf": [{"type": "null"}, {"$ref": "#"}]}}},
        [{"a": None}, {"a": {"a": None}}],
        [{}, {"a": {}}],
    ),
    ("a list that may be empty", {"type": "array", "items": {"$ref": "#"}}, [[], [[], [[]]]], [[1]]),
    ("one that need not be an object", {"required": ["a"], "properties": {"a": {"$ref": "#"}}}, [1, {"a": 1}], [{}]),
    ("an anchor", {"$ref": "#a", "$defs": {"x": {"$anchor": "a", "type": "integer"}}}, [1], ["a"]),
    ("a name with a slash", {"$ref": "#/$defs/a~1b", "$defs": {"a/b": {"type": "integer"}}}, [1], ["a"]),
    (
        "an identifier inside",
        {"$ref": "part", "$id": "http://a/whole", "$defs": {"x": {"$id": "part", "type": "null"}}},
        [None],
        [1],
    ),
    ("a part that is no definition", {"$ref": "#/parts/a", "parts": {"a": {"type": "integer"}}}, [1], ["a"]),
    ("draft 7", {"$schema": DRAFT7, "items": [{"type": "string"}], "additionalItems": False}, [["a"]], [["a", 1], [1]]),
    ("draft 7, beside a reference", {"$schema": DRAFT7, "$ref": "#/d", "minimum": 9, "d": {"type": "integer"}}, [1], ["a"]),
    ("draft 4", {"$schema": "http://json-schema.org/draft-04/schema#", "maximum": 3, "exclusiveMaximum": True}, [2], [3]),
    (
        "a meta schema",
        {"$ref": "https://json-schema.org/draft/2020-12/schema"},
        [{"type": "string"}, True],
        [{"type": "strin"}, 3],
    ),
    ("equal numbers", {"uniqueItems": True}, [[1, True], ["1", 1], [{"a": 1}, {"a": 2}]], [[1, 1.0], [[1], [1]], [{"a": 1}] * 2]),
    ("one of", {"enum": [1, "a", {"b": [True]}]}, [1, 1.0, "a", {"b": [True]}], [True, "b", {"b": [1]}]),
    ("a slow pattern", {"pattern": "^(a+)+$"}, ["a" * 5000], ["a" * 5000 + "!"]),
    ("slow patterns of names", {"patternProperties": {"^(a+)+$": {"type": "null"}}}, [{"a" * 5000 + "!": 1}], [{"a" * 5000: 1}]),
    (
        "slow patterns of other names",
        {"patternProperties": {"^(a+)+$": {}}, "additionalProperties": False},
        [{"a" * 5000: 1}],
        [{"a" * 5000 + "!": 1}],
    ),
    ("the end of a text", {"pattern": "^a$"}, ["a"], ["a\n"]),
    ("digits", {"pattern": r"^\d\w$"}, ["1a", "1_"], ["\u0661a", "1é"]),
    ("a uuid", {"format": "uuid"}, ["123e4567-e89b-12d3-a456-426614174000", 3], ["123e4567"]),
    ("a day", {"format": "date"}, ["2024-02-29"], ["2023-02-29", "20240229", "2024-2-9"]),
    (
        "a moment",
        {"format": "date-time"},
        ["2024-02-29T23:59:59.5Z", "2024-02-29t00:00:00+01:00"],
        ["2024-02-29T00:00:00", "2024-02-29"],
    ),
    ("an address", {"format": "uri"}, ["https://example.com/a?b#c", "urn:x:y"], ["/a", "a b"]),
    ("a mail address", {"format": "email"}, ["a.b+c@example.com"], ["a", "@a", "a@b c"]),
    ("a small number", {"format": "int32"}, [1, 2**31 - 1, 1.5], [2**31]),
    ("a multiple", {"multipleOf": 0.01}, [4.02, 10**300], [0.001]),
    ("a refused name", {"propertyNames": {"maxLength": 2}}, [{"ab": 1}], [{"abc": 1}]),
    ("nothing more", {"properties": {"a": {}}, "unevaluatedProperties": False}, [{"a": 1}], [{"b": 1}]),
    ("a definition of true", {"$ref": "#/$defs/a", "$defs": {"a": True}}, [1], []),
    ("true", True, [1], []),
    ("false", False, [], [1]),
]


@pytest.mark.parametrize(("schema", "good", "bad"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_a_schema_takes_what_it_should_and_nothing_else(schema: Any, good: list[Any], bad: list[Any]) -> None:
    assert schemas.faults(schema) == []
    assert [value for value in good if schemas.faults_of(schema, value)] == []
    assert [value for value in bad if not schemas.faults_of(schema, value)] == []


def test_a_broken_rule_has_its_place_and_its_name() -> None:
    (broken,) = schemas.faults_of(TREE, {"kids": [{"kids": "none"}]})
    assert (broken.path, broken.rule) == (("kids", 0, "kids"), "type")


UNUSABLE: list[tuple[str, Any, str]] = [
    ("too deep", nested(MAX_DEPTH + 1), "nested too deep"),
    ("deeper than any stack", nested(100_000), "nested too deep"),
    ("too many values", [0] * 200_000, "too many values"),
    ("without end", float("inf"), "no number"),
    ("no number", float("nan"), "no number"),
    ("longer than a number may be", 10**5000, "no number"),
    ("half a character", "\ud800", "no text"),
    ("half a character in a name", {"\udfff": 1}, "no text"),
    ("a name that is none", {1: 1}, "no text"),
    ("no JSON", {1, 2}, "no JSON value"),
]


@pytest.mark.parametrize(("value", "what"), [row[1:] for row in UNUSABLE], ids=[row[0] for row in UNUSABLE])
def test_a_value_that_cannot_be_worked_with_is_told_and_not_checked(value: Any, what: str) -> None:
    for schema in (True, TREE, {"$ref": "https://json-schema.org/draft/2020-12/schema"}):
        (broken,) = schemas.faults_of(schema, value)
        assert what in broken.what


ENDLESS: list[tuple[str, Any, Any]] = [
    ("each level twice", {"items": {"allOf": [{"$ref": "#"}, {"$ref": "#"}]}}, nested(40)),
    (
        "each alternative",
        {"items": {"oneOf": [{"$ref": "#/$defs/a"}] * 40}, "$defs": {"a": {"items": {"$ref": "#"}}}},
        nested(40),
    ),
    ("a long text many times", {"allOf": [{"pattern": "a.{1,900}b"}] * 900}, "a" * 100_000),
    ("a long text quoted many times", {"anyOf": [{"type": "integer"}] * 3000}, "a" * 1_000_000),
    ("many names that nothing evaluates", {"unevaluatedProperties": True}, {f"n{number}": 1 for number in range(50_000)}),
]


@pytest.mark.parametrize(("schema", "value"), [row[1:] for row in ENDLESS], ids=[row[0] for row in ENDLESS])
def test_a_check_that_would_take_too_long_ends_with_a_sentence(schema: Any, value: Any) -> None:
    assert schemas.faults(schema) == []
    assert "would take too long" in schemas.faults_of(schema, value)[-1].what


def test_a_check_that_would_go_too_deep_ends_with_a_sentence() -> None:
    chain = {f"a{number}": {"$ref": f"#/$defs/a{number + 1}"} for number in range(references.MAX_CHAIN - 5)}
    last = f"a{references.MAX_CHAIN - 5}"
    schema = {"$ref": "#/$defs/a0", "$defs": {**chain, last: {"items": {"$ref": "#/$defs/a0"}}}}
    assert schemas.faults(schema) == []
    assert schemas.faults_of(schema, [[]]) == []
    assert "deeper than" in schemas.faults_of(schema, nested(MAX_DEPTH - 1))[-1].what


def test_a_caller_that_stands_deep_in_its_own_calls_gets_an_answer_too() -> None:
    tree: Any = {"kids": []}
    for _ in range(20):
        tree = {"kids": [tree]}

    def called(levels: int) -> list[schemas.Broken]:
        try:
            return called(levels + 1) if levels < 800 else schemas.faults_of(TREE, tree)
        except RecursionError:
            pytest.fail("the check fell over")

    assert all(not broken.rule for broken in called(0))


def test_a_long_value_is_quoted_shortly() -> None:
    (broken,) = schemas.faults_of({"type": "integer"}, "x" * 100_000)
    assert len(broken.what) < 300


def test_a_schema_is_kept_as_it_was_when_it_was_made_ready() -> None:
    schema: dict[str, Any] = {"type": "integer"}
    ready = schemas.validator(schema)
    schema["type"] = "string"
    assert ready.accepts(1)
    assert schemas.faults_of(schema, 1)


PLAIN = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.floats(-2, 2), st.sampled_from(["", "a", "ab", "b1"])),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(["a", "b", "ab"]), inner, max_size=3)),
    max_leaves=8,
)


@st.composite
def plain_schemas(draw: st.DrawFn, depth: int = 0) -> Any:
    """Schemas out of words that mean the same to the library as here."""
    if depth > 2 or draw(st.integers(0, 9)) == 0:
        return draw(st.booleans())
    part = plain_schemas(depth + 1)
    words = {
        "type": st.sampled_from(["object", "array", "string", "integer", "number", ["null", "boolean"]]),
        "enum": st.lists(PLAIN, min_size=1, max_size=3),
        "const": PLAIN,
        "minimum": st.integers(-2, 2),
        "multipleOf": st.sampled_from([1, 2, 0.5]),
        "maxLength": st.integers(0, 2),
        "pattern": st.sampled_from(["^a", "b$", "[0-9]", "^(a|ab)+$"]),
        "uniqueItems": st.booleans(),
        "maxItems": st.integers(0, 3),
        "items": part,
        "prefixItems": st.lists(part, min_size=1, max_size=2),
        "contains": part,
        "required": st.lists(st.sampled_from(["a", "b"]), max_size=2, unique=True),
        "properties": st.dictionaries(st.sampled_from(["a", "b"]), part, max_size=2),
        "patternProperties": st.dictionaries(st.sampled_from(["^a", "b"]), part, max_size=2),
        "additionalProperties": part,
        "propertyNames": part,
        "allOf": st.lists(part, min_size=1, max_size=2),
        "anyOf": st.lists(part, min_size=1, max_size=2),
        "oneOf": st.lists(part, min_size=1, max_size=2),
        "not": part,
        "if": part,
        "then": part,
        "else": part,
    }
    chosen = draw(st.lists(st.sampled_from(sorted(words)), max_size=4, unique=True))
    return {word: draw(words[word]) for word in chosen}


@given(plain_schemas(), PLAIN)
def test_the_answer_is_that_of_the_library(schema: Any, value: Any) -> None:
    assert schemas.faults(schema) == []
    theirs = {
        (tuple(error.absolute_path), error.validator or "false")
        for error in jsonschema.Draft202012Validator(schema).iter_errors(value)
    }
    assert {(broken.path, broken.rule) for broken in schemas.faults_of(schema, value)} == theirs, json.dumps(schema)
