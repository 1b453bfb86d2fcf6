"""How tests are dealt out: whole files and groups, the longest first."""

import order


def test_a_test_stays_with_its_file_unless_a_group_is_named() -> None:
    ids = ("tests/a/test_x.py::test_one", "tests/a/test_x.py::C::test_two[a@b]", "tests/b/test_y.py::test_three[c@d]@demo")

    assert [order.unit_of(one) for one in ids] == ["tests/a/test_x.py", "tests/a/test_x.py", "demo"]


def test_long_units_come_first_and_the_others_stay_in_their_order() -> None:
    units = ["short", "long", "other", "longest", "long"]

    assert [units[place] for place in order.longest_first(units, {"long": 5.0, "longest": 9.0})] == [
        "longest",
        "long",
        "long",
        "short",
        "other",
    ]
