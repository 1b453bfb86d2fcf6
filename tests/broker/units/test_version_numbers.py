"""Version numbers have the order of semantic versioning."""

from saga_broker.gate.version_numbers import key

ORDER = ["0.9", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-rc.1", "1.0.0-rc.11", "1", "1.2.0.rc1", "v1.2", "1.10"]


def test_numbers_are_ordered_as_semantic_versioning_says() -> None:
    keys = [key(number) or () for number in ORDER]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(ORDER)


def test_what_stands_behind_a_plus_and_parts_that_are_zero_make_no_difference() -> None:
    assert key("1.2.0+5") == key("1.2") == key("v1.2.0")


def test_what_is_no_number_has_no_place() -> None:
    assert [key(text) for text in ("a10f3c", "", "1.x.0.", "main", "1a2b3c4")] == [None] * 5
