"""Whatever is given as a saga file gives a saga or the faults of a file, with their places, within a bounded number of steps."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from counting import calls_of
from repetitions import times
from saga_contracts.client import DefinitionError, load_definition
from saga_contracts.declare.saga import Saga
from saga_contracts.read import positions
from saga_contracts.sagafile import SagaFileError, load_saga, parse_saga

FILES = sorted((Path(__file__).parents[3] / "contracts" / "sagas").glob("*/saga.yaml"))
DOCUMENTS = [positions.read(file.read_text(encoding="utf-8"), file.name).data for file in FILES]
GOOD = [file.read_text(encoding="utf-8") for file in FILES]
MOST_CALLS = 3_000_000
"""A saga of a few steps takes some ten thousand; a text of 4 kB must not take more than this, whatever it is."""


def outcome(text: str) -> Saga | SagaFileError:
    found: list[Saga | SagaFileError] = []

    def read() -> None:
        try:
            found.append(parse_saga(text, "f.yaml"))
        except SagaFileError as error:
            found.append(error)

    calls_of(read, MOST_CALLS)
    return found[0]


def is_sound(found: Saga | SagaFileError) -> bool:
    faults = [] if isinstance(found, Saga) else found.faults
    return all(fault.file and fault.what and fault.mend and no_word_of_a_library(str(fault)) for fault in faults)


def no_word_of_a_library(text: str) -> bool:
    """Are the words ours, and not those of pydantic?"""
    return not any(
        word in text
        for word in ("Input should", "should match", "should have", "after validation", "Value error", "Tuple", "tuple_")
    )


SNIPPETS = [
    *(
        "{",
        "}",
        "[",
        "]",
        ":",
        "- ",
        "? ",
        "&a ",
        "*a",
        "<<: ",
        "!!int ",
        "!x ",
        "%YAML 1.1\n",
        "---\n",
        "...\n",
        "|\n",
        ">-\n",
        "'",
    ),
    *(
        '"',
        "#",
        "\t",
        "\n",
        "\r",
        "\0",
        "\x85",
        "\u2028",
        "\ufeff",
        "\ud800",
        '"\\ud800"',
        '"\\ud83d\\ude00"',
        "1e999999",
        "9" * 500,
    ),
    *(
        "-0",
        ".nan",
        "~",
        "0x" + "f" * 300,
        "{payload.x}",
        "{{",
        "{key}",
        "{outputs.a.b}",
        "$like",
        "$ref",
        "true",
        "null",
        "steps",
    ),
    *("after: [a, a]", "{" * 60),
]


@given(st.text(max_size=4000) | st.lists(st.sampled_from(SNIPPETS), max_size=40).map("".join))
@settings(max_examples=times(200), suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_any_text_gives_a_saga_or_faults(text: str) -> None:
    assert is_sound(outcome(text))


@given(st.sampled_from(GOOD), st.data())
@settings(max_examples=times(100), suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_any_slip_in_a_good_file_gives_a_saga_or_faults(text: str, data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 30)))
        text = text[:start] + data.draw(st.sampled_from([*SNIPPETS, text[start:end] * 2, ""])) + text[end:]
    assert is_sound(outcome(text))


ODD: list[Any] = [
    *(
        None,
        True,
        -1,
        0,
        10**400,
        1e300,
        1e308,
        "",
        "x",
        "{payload.x}",
        "{",
        "a" * 5000,
        "\ud800",
        "\0",
        [],
        {},
        [[]],
        [{"step": "a"}],
    ),
    *(
        {"$like": {}},
        {"$ref": "#"},
        {"allOf": [{"$ref": "#/allOf/0"}]},
        {"properties": {"a": {"$ref": "#"}}},
        {"a.b": 1},
        {"status": 200},
    ),
    *({"pattern": "(a+)+$"}, {"minimum": 9, "maximum": 1}, {"multipleOf": 1e-300}, {"format": "x"}, {"exclusiveMinimum": 1e308}),
]


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        yield from places(member, (*path, name))


def put(document: Any, path: tuple[str | int, ...], value: Any) -> None:
    for part in path[:-1]:
        document = document[part]
    document[path[-1]] = value


@given(st.sampled_from(DOCUMENTS), st.data())
@settings(max_examples=times(100), suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_any_odd_value_in_a_good_file_gives_a_saga_or_faults(good: Any, data: st.DataObject) -> None:
    document = copy.deepcopy(good)
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from([path for path in places(document) if path]))
        put(document, path, copy.deepcopy(data.draw(st.sampled_from(ODD))))
    assert is_sound(outcome(json.dumps(document)))
    assert all(no_word_of_a_library(fault) for fault in definition_faults(document))


def definition_faults(document: Any) -> list[str]:
    try:
        load_definition(document)
    except DefinitionError as error:
        return error.faults
    return []


HUGE: list[tuple[str, str, str]] = [
    ("braces", "{" * 900_000, "nested deeper"),
    ("pairs of braces", "{a: " * 200_000, "nested deeper"),
    ("brackets", "[" * 900_000, "nested deeper"),
    ("dashes", "- " * 400_000, "nested deeper"),
    ("indented mappings", "".join(" " * depth + "a:\n" for depth in range(1000)), "nested deeper"),
    ("a long key", "a" * 900_000 + ": 1", ""),
    ("a long quoted key", '{"' + "a" * 900_000 + '": 1}', ""),
    ("a long text", "a: " + "b" * 900_000, ""),
    ("many values", "[" + "1," * 400_000 + "1]", "more than 100000 values"),
    ("many keys", "\n".join(f"k{number}: 1" for number in range(80_000)), ""),
    ("many faults", "\n".join("a: 1" for _ in range(150_000)), "stands twice"),
    ("a number of 5000 digits", "a: " + "9" * 5000, "number"),
    ("a number of many digits", "a: 0." + "9" * 900_000, ""),
    ("an exponent", "format: 1e999999", "number"),
    ("too much", "a" * 1_000_001, "larger than"),
    ("too much of wide letters", "ä" * 600_000, "larger than"),
    ("anchors of anchors", "a: &a [&b [&c [1]]]\nb: [*a, *a]", "alias"),
    ("tags", "a: !!python/object/apply:os.system [x]", "is not allowed"),
    ("a tagged mapping", "!!set {a, b}", "is not allowed"),
    ("a merge key", "a: {<<: {b: 1}}", "format"),
    ("half a character in a key", '{"\\ud800": 1}', "half a character"),
    ("half a character in a text", '{"a": "\\udc00x"}', "half a character"),
    ("an escape of no character", '{"\\ud83d\\ude00": "\\U00110000"}', "escape"),
    ("a NUL", "a: \0", "U+0000"),
    ("a NUL in every other place", "a\0:\0 \0", "U+0000"),
    ("a line separator", "a: b\u2028c", "U+2028"),
    ("half a character as it is", "a: \ud800", "U+D800"),
    ("a tag that does not fit", "a: !!int word", "!!int"),
    ("a tag of truth that does not fit", "a: !!bool word", "!!bool"),
    ("two documents", "format: 1\n---\nformat: 1", "another one begins"),
]


@pytest.mark.parametrize(("text", "what"), [row[1:] for row in HUGE], ids=[row[0] for row in HUGE])
def test_a_large_or_odd_text_is_faulty_at_its_place_and_does_not_stop_the_reader(text: str, what: str) -> None:
    found = outcome_of_large(text)
    assert what in str(found)
    assert len(str(found)) < 200_000


def outcome_of_large(text: str) -> SagaFileError:
    found: list[SagaFileError] = []

    def read() -> None:
        with pytest.raises(SagaFileError) as raised:
            parse_saga(text, "f.yaml")
        found.append(raised.value)

    calls_of(read, 20 * MOST_CALLS)
    return found[0]


def test_more_fresh_fields_than_anybody_needs_are_counted_and_not_tried(make_definition: Any, make_step: Any) -> None:
    document = make_definition(make_step("a"))
    names = [f"field_{number}" for number in range(20_000)]
    document["payload"] = {"schema": {}, "example": {"order_id": "order-1"} | dict.fromkeys(names, "text-1"), "fresh": names}
    assert "At most 200 fields may be fresh" in str(outcome_of_large(json.dumps(document)))


def test_a_file_without_end_is_not_read_to_its_end() -> None:
    with pytest.raises(SagaFileError, match="larger than"):
        load_saga("/dev/zero")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_byte_order_mark_changes_nothing(encoding: str, tmp_path: Path) -> None:
    file = tmp_path / "saga.yaml"
    file.write_bytes(GOOD[0].encode(encoding))
    assert load_saga(file) == parse_saga(GOOD[0], "saga.yaml")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "latin-1"])
def test_another_encoding_is_named(encoding: str, tmp_path: Path) -> None:
    file = tmp_path / "saga.yaml"
    file.write_bytes(("# ä\n" + GOOD[0]).encode(encoding, "replace"))
    with pytest.raises(SagaFileError, match="UTF-8"):
        load_saga(file)


WORDS: list[tuple[str, Any]] = [
    *(
        ("1", 1),
        ("-1", -1),
        ("+1", 1),
        ("010", 10),
        ("0o17", 15),
        ("0x1F", 31),
        ("1e3", 1000.0),
        ("1.5E-1", 0.15),
        (".5", 0.5),
        ("1.", 1.0),
    ),
    *(
        ("12:30:45", "12:30:45"),
        ("1_000", "1_000"),
        ("0b1", "0b1"),
        ("1e", "1e"),
        ("on", "on"),
        ("No", "No"),
        ("=", "="),
        ("~", None),
    ),
    *(("NULL", None), ("nULL", "nULL"), ("True", True), ("FALSE", False), ("tRUE", "tRUE"), ('"1"', "1"), ("'true'", "true")),
    *(
        ("!!str 1", "1"),
        ("! 1", "1"),
        ("!!float 1", 1.0),
        ("!!null ''", None),
        ("2026-01-31", "2026-01-31"),
        ('"\\ud83d\\ude00"', "😀"),
    ),
    *(('"\\u00e4\\/"', "ä/"), ("1563454500.123", 1563454500.123)),
]


@pytest.mark.parametrize(("word", "value"), WORDS, ids=[row[0] for row in WORDS])
def test_a_word_stands_for_what_yaml_1_2_says(word: str, value: Any) -> None:
    document = positions.read(f"a: {word}\n", "f.yaml")
    assert document.faults == []
    assert document.data == {"a": value}
    assert type(document.data["a"]) is type(value)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)


@given(JSON, st.sampled_from([(True, None), (False, None), (True, 1), (False, 1)]))
def test_both_readers_read_json_as_json_reads_it(value: Any, written: tuple[bool, int | None]) -> None:
    text = json.dumps(value, ensure_ascii=written[0], indent=written[1])
    for document in by_both(text):
        if document.faults:
            assert "may not stand here as it is" in document.faults[0].what
            assert not written[0]
        else:
            assert document.data == json.loads(text)


def by_both(text: str) -> Iterator[positions.Document]:
    """Read by the reader that is chosen for a text, and by the one that is everywhere."""
    yield positions.read(text, "f.json")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(positions, "_reader", lambda _: yaml.SafeLoader)
        yield positions.read(text, "f.json")


@given(st.lists(st.sampled_from(SNIPPETS), max_size=12).map("".join))
def test_both_readers_find_the_same_or_one_refuses(text: str) -> None:
    one, other = by_both(text)
    assert one.faults or other.faults or one.data == other.data


BOUNDS: list[dict[str, Any]] = [
    {"minimum": 5, "maximum": 5},
    {"minimum": 4.5, "maximum": 5.5},
    {"exclusiveMinimum": -1e308, "multipleOf": 1e-300},
    {"type": "integer", "minimum": 0, "maximum": 1e308, "multipleOf": 1e-300},
    {"maximum": 1e308},
    {"not": {"not": {"const": 5}}},
]


@pytest.mark.parametrize("schema", BOUNDS, ids=str)
def test_a_fresh_field_without_another_value_is_a_fault_and_no_crash(
    schema: dict[str, Any], make_definition: Any, make_step: Any
) -> None:
    document = make_definition(make_step("a"))
    document["payload"] = {
        "schema": {"properties": {"amount": schema}},
        "example": {"order_id": "order-1", "amount": 5},
        "fresh": ["amount"],
    }
    assert is_sound(outcome(json.dumps(document)))
