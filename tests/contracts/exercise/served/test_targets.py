"""Targets: what says the same, however it is encoded, and what is not encoded."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saga_contracts.exercise.served import targets

TEXT = st.text(st.characters(codec="utf-8"), min_size=1)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("/a/x:y", "/a/x%3Ay", True),
        ("/a/x%3ay", "/a/x%3Ay", True),
        ("/a/~x", "/a/%7Ex", True),
        ("/a/%C3%BC", "/a/%c3%bc", True),
        ("/a+b", "/a%2Bb", True),
        ("/a+b", "/a%20b", False),
        ("/a/b", "/a%2Fb", False),
        ("/a/b", "/a/b/", False),
        ("/a/%2520", "/a/%20", False),
        ("/a/%FC", "/a/%C3%BC", False),
    ],
)
def test_paths_that_say_the_same(one: str, other: str, same: bool) -> None:  # noqa: FBT001
    assert targets.same_path(one, other) is same


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("q=a+b", "q=a%20b", True),
        ("q=%c3%bc", "q=%C3%BC", True),
        ("a=1&b=2", "b=2&a=1", True),
        ("a=1&a=2", "a=2&a=1", False),
        ("a=1", "a=1&a=1", False),
        ("a=", "a", True),
        ("", "a=", False),
        ("q=a%2Bb", "q=a+b", False),
    ],
)
def test_queries_that_say_the_same(one: str, other: str, same: bool) -> None:  # noqa: FBT001
    assert targets.same_fields(targets.fields(one), targets.fields(other)) is same


@pytest.mark.parametrize(
    "target", ["/a b", "/ü", "/100%", "/%zz", '/"', "/{x}", "/a?q=100%", "/a?q=a b", "/a?q=ü", "/a\\b", "/a#b", "/a\x7f"]
)
def test_what_is_not_encoded_is_told(target: str) -> None:
    assert "send it" in (targets.unencoded(*target.split("?")) or "")


@pytest.mark.parametrize("target", ["/", "/a:b@c!$&'()*+,;=~-._", "/%C3%BC", "/a?q=a+b&r[]=/?:@", "/a|b[c]"])
def test_what_may_stand_as_it_is_is_no_fault(target: str) -> None:
    assert targets.unencoded(*target.split("?", 1)) is None


@given(TEXT, st.sampled_from(["", ":@", "~:@!$&'()*+,;="]))
def test_every_right_encoding_of_a_value_says_the_same_and_needs_no_more(value: str, safe: str) -> None:
    path = f"/a/{quote(value, safe=safe)}/b"
    assert targets.unencoded(path) is None
    assert targets.same_path(path, f"/a/{quote(value, safe='')}/b".replace("%A", "%a"))


@given(TEXT, TEXT)
def test_two_values_never_say_the_same(one: str, other: str) -> None:
    assert targets.same_path(f"/{quote(one, safe=':@')}", f"/{quote(other, safe='')}") is (one == other)


@pytest.mark.parametrize(
    ("path", "segment"), [("/a/../b", ".."), ("/a/%2E%2e", "%2E%2e"), ("/./a", "."), ("/a/..%2Fb", None), ("/...", None)]
)
def test_segments_that_mean_a_folder_are_found(path: str, segment: str | None) -> None:
    assert targets.dot_segment(path) == segment
