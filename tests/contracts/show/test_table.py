"""A table as a picture: no name is cut off, and none runs into its neighbour."""

from xml.etree import ElementTree as ET

from saga_contracts.show.table import Mark, picture

LONG = "a_saga_with_a_long_name/reserve_the_money_of_the_customer mixed with 2.14.0-rc1"
LABEL = "O33 outputs that can be looked up again whatever was lost on the way"


def _texts(drawing: str) -> dict[str, float]:
    root = ET.fromstring(drawing)  # noqa: S314
    found = root.iter("{http://www.w3.org/2000/svg}text")
    return {"".join(one.itertext()): float(one.get("x", "")) for one in found}


def test_each_column_begins_behind_the_whole_name_before_it() -> None:
    texts = _texts(picture("A table", [LONG, "pay", "tell"], [(LABEL, [Mark("kept"), Mark("broken"), None])]))

    assert texts[LABEL] + 7 * len(LABEL) < texts[LONG]
    assert texts[LONG] + 7 * len(LONG) < texts["pay"] < texts["tell"]
    assert texts["kept"] == texts[LONG]
    assert texts["broken"] == texts["pay"]


def test_a_table_without_columns_is_a_picture_of_its_title() -> None:
    assert "A table" in _texts(picture("A table", [], []))
