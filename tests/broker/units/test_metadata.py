"""The `/metadata/…` part of a pact's address."""

import base64
from typing import Any

import pytest

from saga_broker.acts.metadata import Metadata, decode, encode, encode_number


def written(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


CASES: list[tuple[str, Metadata]] = [
    (
        "s[][b]=main&s[][l]=true&s[][cv]=12&s[][t]=x&s[][cv]=7&p=false",
        Metadata(pending=False, version_ids=(12, 7), tags={7: ("x",)}),
    ),
    (
        "s[][b]=feat&s[][l]=true&s[][cv]=3&s[][t]=t1&s[][l]=true&s[][cv]=1&s[][t]=t2&s[][l]=true&s[][cv]=1",
        Metadata(version_ids=(3, 1, 1), tags={1: ("t1", "t2")}),
    ),
    ("w=true", Metadata(wip=True)),
    ("cvn=1.0%2F2&cvt[]=prod&w=true", Metadata(number="1.0/2")),
    ("cv=5&cvt[]=prod", Metadata(version_ids=(5,))),
    ("p=true", Metadata(pending=True)),
    ("cv=x&s=y", Metadata()),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_metadata_of_every_origin_is_read(text: str, expected: Metadata) -> None:
    assert decode(written(text)) == expected


@pytest.mark.parametrize("text", [None, "", "!!", "a", written("s[]=1&s[a]=2"), "////", written("\0")])
def test_what_cannot_be_read_is_treated_as_none(text: str | None) -> None:
    assert decode(text) == Metadata()


def test_what_is_written_can_be_read() -> None:
    pairs: list[tuple[str, Any]] = [("s[][b]", True), ("s[][cv]", 3), ("p", False)]
    assert decode(encode(pairs)) == Metadata(pending=False, version_ids=(3,))
    assert decode(encode_number("a&b=c/ü")) == Metadata(number="a&b=c/ü")
    assert "=" not in encode_number("1")
