import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saga_contracts.read import positions


def faults(text: str) -> list[str]:
    return [str(fault) for fault in positions.read(text, "f.yaml").faults]


def test_each_value_and_key_has_its_place() -> None:
    document = positions.read("a: 1\nb:\n  - x\n  - c: [2, 3]\n", "f.yaml")
    assert document.data == {"a": 1, "b": ["x", {"c": [2, 3]}]}
    assert document.place(("b",)) == (2, 1)
    assert document.place(("b", 0)) == (3, 5)
    assert document.place(("b", 1, "c", 1)) == (4, 12)


def test_a_missing_path_is_placed_at_its_nearest_parent() -> None:
    document = positions.read("a:\n  b:\n    c: 1\n", "f.yaml")
    assert document.place(("a", "b", "x", "y")) == (2, 3)
    assert document.place(("nothing",)) == (1, 1)


def test_steps_are_named_by_their_name_in_a_dotted_path() -> None:
    data = {"steps": [{"step": "pay", "forward": {}}, {"forward": {}}]}
    assert positions.dotted(("steps", 0, "forward"), data) == "steps.pay.forward"
    assert positions.dotted(("steps", 1, "forward"), data) == "steps.1.forward"


@pytest.mark.parametrize("word", ["on", "off", "yes", "no", "2026-01-31", "<<", "y"])
def test_only_true_and_false_are_booleans_and_dates_stay_text(word: str) -> None:
    assert positions.read(f"a: {word}\n", "f.yaml").data == {"a": word}


def test_json_is_read_as_well() -> None:
    assert positions.read('{"a": [true, null, 1.5, "x"]}', "f.json").data == {"a": [True, None, 1.5, "x"]}


@pytest.mark.parametrize(
    ("text", "place", "part"),
    [
        ("", "f.yaml:1:1", "empty"),
        ("# only a remark\n", "f.yaml:1:1", "empty"),
        ("a: [1, 2\nb: 3\n", "f.yaml:2:", "Not readable"),
        ("a: 1\n\tb: 2\n", "f.yaml:2:1", "Not readable"),
        ("a: 1\nb: 2\na: 3\n", "f.yaml:3:1", "'a' stands twice"),
        ("a: &x 1\nb: *x\n", "f.yaml:2:4", "The alias *x is not allowed"),
        ("a: !!python/object:os.system x\n", "f.yaml:1:1", "is not allowed"),
        ("a: !mine x\n", "f.yaml:1:1", "is not allowed"),
        ("a: .inf\n", "f.yaml:1:1", "Not a JSON number"),
        ("a: .nan\n", "f.yaml:1:1", "Not a JSON number"),
        ("a: 1\n---\nb: 2\n", "f.yaml:2:1", "Not readable"),
        ("a: 'open\n", "f.yaml:", "Not readable"),
        ("? [a, b]\n: 1\n", "f.yaml:1:3", "A key is a plain text"),
        ('{"a": "\\ud800"}', "f.yaml:1:2", "half a character"),
        ("a: \x07\n", "f.yaml:1:4", "Not readable"),
        ("[" * 60 + "]" * 60, "f.yaml:1:", "nested deeper"),
    ],
)
def test_unreadable_text_is_a_fault_with_its_place(text: str, place: str, part: str) -> None:
    found = faults(text)
    assert found, text
    assert found[0].startswith(place)
    assert part in found[0]


def test_a_huge_file_is_refused_before_it_is_parsed() -> None:
    assert "larger than" in faults("a" * (positions.MAX_BYTES + 1))[0]


def test_a_file_of_aliases_of_aliases_is_refused_before_it_grows() -> None:
    lines = ["a0: &a0 x", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 20))]
    assert "alias *a0 is not allowed" in faults("\n".join(lines))[0]


def test_very_deep_nesting_does_not_break_the_reader() -> None:
    assert faults("[" * 100_000)


@given(st.text(max_size=200))
def test_no_text_at_all_breaks_the_reader(text: str) -> None:
    document = positions.read(text, "f.yaml")
    assert all(fault.file == "f.yaml" and fault.what and fault.mend for fault in document.faults)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3)))
def test_every_json_value_is_read_as_json_reads_it(value: object) -> None:
    text = json.dumps({"a": value})
    assert positions.read(text, "f.json").data == json.loads(text)
