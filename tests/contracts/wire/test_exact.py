"""Numbers and bytes of JSON come back as they were written."""

import codecs
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saga_contracts.wire import exact

NUMBERS = ["1563454500.123456789", "1E+400", "100.00", "-0.0", "1e5", "123456789012345678901234567890", "0.5", "7"]
NUMBERS += ["-0", "9" * 5000, "-" + "9" * 5000, "1e-400", "0.10"]


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_is_written_as_it_was_read(number: str) -> None:
    text = f'{{"a": [{number}, {{"b": {number}}}], "c": "{number}"}}'
    assert exact.dumps(exact.loads(text)) == text


@pytest.mark.parametrize(
    ("one", "other", "are_equal"),
    [
        ("1563454500.123456789", "1563454500.123456788", False),
        ("1563454500.123456789", "1563454500.1234567", False),
        ("1.10", "1.1", True),
        ("1E+400", "1e400", True),
        ("1E+400", "2E+400", False),
        ("1.00", "1", True),
        ("1e5", "100000", True),
        ("-0", "0", True),
        ("1E+999999999999999999999", "1E+999999999999999999999", True),
        ("1E+999999999999999999999", "1E+999999999999999999998", False),
        ("1E-999999999999999999999", "0.0", False),
        ("1e5", '"1e5"', False),
    ],
)
def test_numbers_are_compared_to_the_last_digit(one: str, other: str, are_equal: bool) -> None:  # noqa: FBT001
    left, right = exact.loads(one), exact.loads(other)
    assert (left == right) is (right == left) is are_equal
    assert not are_equal or hash(left) == hash(right)


def test_a_number_of_which_only_the_spelling_differs_is_lossless() -> None:
    kinds = {text: exact.loads(text).is_lossless for text in ("1.10", "1e5", "0.1234567890123456789", "1E+400", "1e-400")}
    assert kinds == {"1.10": True, "1e5": True, "0.1234567890123456789": False, "1E+400": False, "1e-400": False}


def test_a_number_can_be_reckoned_with() -> None:
    assert exact.loads("1563454500.250000") + 1 == 1563454501.25


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
                    lambda one: st.lists(one) | st.dictionaries(st.text(), one)))  # fmt: skip
def test_any_json_is_the_same_after_reading_and_writing(value: Any) -> None:
    assert json.loads(exact.dumps(exact.loads(json.dumps(value)))) == value


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "[" * 100_000, "", "{", b"\xff\xff"])
def test_what_is_no_json_is_a_value_error(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=re.compile("")):
        exact.loads(text)


@pytest.mark.parametrize(
    "content",
    [
        codecs.BOM_UTF8 + '{"ü": 1}'.encode(),
        codecs.BOM_UTF16_LE + '{"ü": 1}'.encode("utf-16-le"),
        '{"ü": 1}'.encode("utf-16-be"),
        '{"ü": 1}'.encode(),
    ],
)
def test_a_byte_order_mark_and_utf_16_are_read(content: bytes) -> None:
    assert exact.loads(content) == {"ü": 1}
    assert exact.as_utf8(content) == '{"ü": 1}'.encode()
