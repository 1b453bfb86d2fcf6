"""What a probe reads out of a document: fields by name, and by pointer whatever stands anywhere."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repetitions import times
from saga_contracts.wire.likeness import same
from saga_contracts.wire.readings import made, taken

NAMES = st.text("ab01~.", min_size=1, max_size=3)
VALUES = st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2)


@pytest.mark.parametrize(
    ("document", "names", "read"),
    [
        ({"left": 3, "of": 5}, ["left"], {"left": 3}),
        ({"left": 3}, ["gone"], {"gone": None}),
        ({"items": [{"free": 5}, {"free": 7}]}, ["/items/1/free"], {"/items/1/free": 7}),
        ([{"free": 5}, {"free": 7}], ["/0/free", "/1/free"], {"/0/free": 5, "/1/free": 7}),
        ([{"free": 5}], ["free"], {"free": 5}),
        ([{"free": 5}, {"sent": 1}], ["free", "sent"], {"free": 5, "sent": 1}),
        ([{"free": 5}, {"free": 7}], ["free"], None),
        ([], ["free"], {"free": None}),
        ([1, 2], ["free"], None),
        ([1, 2], ["/1"], {"/1": 2}),
        ([1, 2], ["/#"], {"/#": 2}),
        ({"items": [], "#": 3}, ["/items/#", "/#", "/none/#"], {"/items/#": 0, "/#": 3, "/none/#": None}),
        ("text", ["/0"], None),
        (None, ["left"], None),
    ],
)
def test_fields_are_read_by_name_or_pointer(document: Any, names: list[str], read: dict[str, Any] | None) -> None:
    assert taken(names, document) == read


@pytest.mark.parametrize("fields", [{"/#": 2}, {"/items/#": 0, "/of": "x"}, {"/#": True}, {"/1/a": 5, "/#": 3}, {"/#": 10**12}])
def test_a_count_is_made_of_so_many_members(fields: dict[str, Any]) -> None:
    assert same(taken(fields, made(fields)), fields)


@given(st.dictionaries(NAMES, VALUES, min_size=1, max_size=4), st.sampled_from(["", "/", "/0/", "/a/b/", "/2/x/"]))
@settings(max_examples=times(150), deadline=None)
def test_what_is_made_of_fields_reads_as_these_fields(fields: dict[str, Any], into: str) -> None:
    pointed = {f"{into}{name.replace('~', '~0') if into else name}": value for name, value in fields.items()}
    if into and any(name.isdigit() for name in fields):
        return  # a list and an object cannot stand in one place
    assert taken(pointed, made(pointed)) == pointed
