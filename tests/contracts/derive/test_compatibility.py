"""E2: what one version of an event writes is read by another, or not, or nobody knows: a table of changes, a play of values."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from command_line import Done, here
from saga_contracts.declare import schemas
from saga_contracts.derive.compatibility import Finding, reads

S, W, N = {"type": "string"}, {"type": "integer"}, {"type": "number"}
Schema = dict[str, Any]
FOOD = Path(__file__).parents[3] / "contracts" / "sagas" / "food_delivery" / "saga.yaml"


def obj(required: list[str], **properties: Any) -> Schema:
    return {"type": "object", "required": required, "properties": properties}


def one(schema: Any) -> Schema:
    return obj(["a"], a=schema)


def words(*values: str) -> Schema:
    return one({"enum": list(values)})


def array(items: Any, **more: Any) -> Schema:
    return one({"type": "array", "items": items, **more})


def closed(schema: Schema) -> Schema:
    return {**schema, "additionalProperties": False}


CHANGES: dict[str, tuple[Schema, Schema, str, str]] = {
    # old, new; a new reader meets an old message; an old reader meets a new one
    "the same": (one(S), one(S), "yes", "yes"),
    "an optional field more": (one(S), obj(["a"], a=S, b=W), "yes", "yes"),
    "a required field more": (one(S), obj(["a", "b"], a=S, b=W), "no", "yes"),
    "an optional field less": (obj(["a"], a=S, b=W), one(S), "yes", "no"),
    "a required field less": (obj(["a", "b"], a=S, b=W), one(S), "yes", "no"),
    "a field made required": (obj(["a"], a=S, b=W), obj(["a", "b"], a=S, b=W), "no", "yes"),
    "a field made optional": (obj(["a", "b"], a=S, b=W), obj(["a"], a=S, b=W), "yes", "no"),
    "a field renamed": (one(S), obj(["b"], b=S), "no", "no"),
    "whole numbers to numbers": (one(W), one(N), "yes", "no"),
    "numbers to whole numbers": (one(N), one(W), "no", "yes"),
    "a text to a number": (one(S), one(W), "no", "no"),
    "a word more": (words("x"), words("x", "y"), "yes", "no"),
    "a word less": (words("x", "y"), words("x"), "no", "yes"),
    "a text to words": (one(S), words("x"), "no", "yes"),
    "a constant changed": (one({"const": 1}), one({"const": 2}), "no", "no"),
    "a constant to words": (one({"const": "x"}), words("x", "y"), "yes", "no"),
    "a higher minimum": (one({"type": "integer", "minimum": 1}), one({"type": "integer", "minimum": 2}), "no", "yes"),
    "a lower minimum": (one({"type": "integer", "minimum": 1}), one({"type": "integer", "minimum": 0}), "yes", "no"),
    "a lower maximum": (one({"type": "number", "maximum": 9}), one({"type": "number", "maximum": 8}), "no", "yes"),
    "an exclusive bound of whole numbers": (
        one({"type": "integer", "minimum": 1}),
        one({"type": "integer", "exclusiveMinimum": 0}),
        "yes",
        "yes",
    ),
    "an exclusive bound of numbers": (
        one({"type": "number", "minimum": 1}),
        one({"type": "number", "exclusiveMinimum": 0}),
        "yes",
        "no",
    ),
    "a step": (one({"type": "integer", "multipleOf": 2}), one({"type": "integer", "multipleOf": 4}), "no", "yes"),
    "a shortest length": (one(S), one({"type": "string", "minLength": 1}), "no", "yes"),
    "no longest length": (one({"type": "string", "maxLength": 9}), one(S), "yes", "no"),
    "a pattern": (one(S), one({"type": "string", "pattern": "^x"}), "no", "yes"),
    "another pattern": (
        one({"type": "string", "pattern": "^x"}),
        one({"type": "string", "pattern": "^[xy]"}),
        "unknown",
        "unknown",
    ),
    "a format": (one(S), one({"type": "string", "format": "date-time"}), "no", "yes"),
    "another format": (
        one({"type": "string", "format": "date"}),
        one({"type": "string", "format": "date-time"}),
        "unknown",
        "unknown",
    ),
    "null allowed": (one(S), one({"type": ["string", "null"]}), "yes", "no"),
    "null forbidden": (one({"type": ["string", "null"]}), one(S), "no", "yes"),
    "null in two ways": (one({"type": ["string", "null"]}), one({"anyOf": [S, {"type": "null"}]}), "yes", "yes"),
    "closed": (one(S), closed(one(S)), "yes", "yes"),
    "closed with a field less": (obj(["a"], a=S, b=W), closed(one(S)), "no", "no"),
    "opened": (closed(one(S)), one(S), "yes", "yes"),
    "closed and then a field more": (closed(one(S)), closed(obj(["a"], a=S, b=W)), "yes", "no"),
    "a required field more inside": (one(one(S)), one(obj(["a", "b"], a=S, b=W)), "no", "yes"),
    "an optional field more inside": (one(one(S)), one(obj(["a"], a=S, b=W)), "yes", "yes"),
    "elements of another type": (array(S), array(W), "no", "no"),
    "elements of a wider type": (array(W), array(N), "yes", "no"),
    "more elements at least": (array(S), array(S, minItems=1), "no", "yes"),
    "fewer elements at most": (array(S, maxItems=5), array(S, maxItems=3), "no", "yes"),
    "elements that differ": (array(S), array(S, uniqueItems=True), "no", "yes"),
    "another description": (one({**S, "description": "x"}), one({**S, "title": "y", "default": "z"}), "yes", "yes"),
    "written out": ({"$defs": {"t": S}, **one({"$ref": "#/$defs/t"})}, one(S), "yes", "yes"),
    "a variant more": (one({"oneOf": [S]}), one({"oneOf": [S, W]}), "yes", "no"),
    "anything to a text": (one({}), one(S), "no", "yes"),
    "a text to anything": (one(S), one({}), "yes", "no"),
    "a rule that is not followed here": (one(S), {**one(S), "not": {"required": ["z"]}}, "unknown", "yes"),
}


def verdict(found: list[Finding]) -> str:
    every = {one.verdict for one in found}
    return "no" if "no" in every else "unknown" if every else "yes"


@pytest.mark.parametrize(("old", "new", "backward", "forward"), CHANGES.values(), ids=CHANGES)
def test_a_change_is_judged_in_both_directions(old: Schema, new: Schema, backward: str, forward: str) -> None:
    assert verdict(reads(old, new)) == backward
    assert verdict(reads(new, old, gone_is_broken=True)) == forward


def test_a_finding_names_the_field_and_the_reason() -> None:
    (found,) = reads(one(one(S)), one(obj(["a", "b"], a=S, b=W)))
    assert (found.where, found.what) == ("a.b", "the reader must have it, and it may be missing")


def test_a_schema_that_refers_to_itself_is_judged() -> None:
    tree: Schema = {"$defs": {"t": obj([], v=W, of={"type": "array", "items": {"$ref": "#/$defs/t"}})}, "$ref": "#/$defs/t"}
    other: Schema = {"$defs": {"t": obj([], v=S, of={"type": "array", "items": {"$ref": "#/$defs/t"}})}, "$ref": "#/$defs/t"}
    assert verdict(reads(tree, tree)) == "yes"
    assert verdict(reads(tree, other)) == "no"


VALUES: list[Any] = [
    *(None, True, False, 0, 1, 2, 3.5, -1, "", "x", "xy", "xyz"),
    *(
        [],
        [1],
        ["x"],
        ["x", "x"],
        [1, "x"],
        {},
        {"a": 1},
        {"a": "x"},
        {"b": 1},
        {"a": 1, "b": "x"},
        {"a": {"a": "x"}},
        {"a": [1, 1]},
    ),
]


def leaves() -> st.SearchStrategy[Any]:
    number = st.fixed_dictionaries(
        {"type": st.sampled_from(("integer", "number"))},
        optional={word: st.integers(-1, 3) for word in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")},
    )
    text = st.fixed_dictionaries(
        {"type": st.just("string")},
        optional={"minLength": st.integers(0, 2), "maxLength": st.integers(0, 2), "pattern": st.sampled_from(("^x", "y"))},
    )
    some = st.sampled_from(([], ["x"], [1], [None, True]))
    others = st.sampled_from(({}, {"type": ["string", "null"]}, {"type": "boolean"}, {"const": 1}, {"not": {"type": "string"}}))
    return number | text | others | some.filter(bool).map(lambda values: {"enum": values})


def branches(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    lists = st.fixed_dictionaries(
        {"type": st.just("array")}, optional={"items": inner, "minItems": st.integers(0, 2), "uniqueItems": st.booleans()}
    )
    objects = st.fixed_dictionaries(
        {"type": st.just("object"), "properties": st.dictionaries(st.sampled_from("ab"), inner)},
        optional={"required": st.lists(st.sampled_from("ab"), unique=True), "additionalProperties": st.booleans()},
    )
    variants = st.fixed_dictionaries({}, optional={"anyOf": st.lists(inner, min_size=1, max_size=2)}) | st.fixed_dictionaries(
        {"oneOf": st.lists(inner, min_size=1, max_size=2)}
    )
    return lists | objects | variants


SCHEMAS = st.recursive(leaves(), branches, max_leaves=4)


@given(SCHEMAS, SCHEMAS)
def test_a_yes_is_kept_by_every_value_that_the_writer_may_write(writer: Schema, reader: Schema) -> None:
    if not reads(writer, reader):
        written = [value for value in VALUES if not schemas.faults_of(_closed(writer), value)]
        assert [value for value in written if schemas.faults_of(reader, value)] == []


@given(SCHEMAS)
def test_everybody_reads_what_is_written_by_the_same_schema(schema: Schema) -> None:
    assert reads(schema, schema, gone_is_broken=True) == []


def _closed(schema: Any) -> Any:
    """A publisher writes what its schema names, and nothing else."""
    if isinstance(schema, list):
        return [_closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {word: _closed(value) for word, value in schema.items()}
    return {**found, "additionalProperties": False} if schema.get("type") == "object" else found


def test_the_command_compares_every_two_versions_of_every_event(tmp_path: Path) -> None:
    text = FOOD.read_text(encoding="utf-8")
    paid = "      required: [order_id, payment_id, customer_id, amount_minor]\n"
    files = {
        "1": text,
        "2": text.replace("note: {type: string}", "note: {type: string}\n        tip: {type: integer}"),
        "3": text.replace("note: {type: string}", "note: {type: integer}"),
        "4": text.replace("channel: food.couriers", "channel: food.bikes").replace(paid, paid.replace("customer_id, ", "")),
    }
    for name, content in files.items():
        (tmp_path / f"{name}.yaml").write_text(content, encoding="utf-8")

    def run(*names: str) -> Done:
        return here("contracts", "compatible", *(tmp_path / f"{name}.yaml" for name in names))

    kept, broken, moved = run("1", "2"), run("1", "2", "3"), run("1", "4")
    assert (kept.status, broken.status, moved.status) == (0, 1, 1), broken.text
    assert "12 events in 2 versions: every one can be read by the other (E2)." in kept.out
    assert broken.out.count("order_placed: ") == 2
    assert "a new reader, an old message: note: a text may be written, and the reader takes a whole number" in broken.out
    assert "an old reader, a new message: tip: nobody writes it any more, and the reader may use it" in broken.out
    assert "it travels on food.bikes, and who hears food.couriers hears nothing" in moved.out
    assert "customer_id: the reader must have it, and it may be missing" in moved.out
    assert "Publish a new event type beside the old one" in moved.out
    assert run("1").status == 2
