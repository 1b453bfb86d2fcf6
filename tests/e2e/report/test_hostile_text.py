"""Any text may stand in any field: it is shown as it is, and never becomes part of the page or of the XML."""

import copy
from collections.abc import Callable, Iterator
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from saga_e2e import report
from saga_e2e.report import ReportData

HOSTILE = "\"'><script>alert(1)<img src=x onerror=alert(1)><svg onload=alert(1)>{{7*7}}&amp;&lt;]]>"
Parse = Callable[[str], Any]
Path = tuple[str | int, ...]


def _leaves(value: Any, path: Path = ()) -> Iterator[Path]:
    if isinstance(value, dict):
        for name, one in value.items():
            yield from _leaves(one, (*path, name))
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from _leaves(one, (*path, index))
    elif isinstance(value, str):
        yield path


def _set(data: Any, path: Path, text: str) -> Any:
    changed = copy.deepcopy(data)
    where = changed
    for part in path[:-1]:
        where = where[part]
    where[path[-1]] = text
    return changed


def _takes(data: Any) -> bool:
    try:
        ReportData.model_validate(data)
    except ValidationError:
        return False
    return True


@pytest.fixture(scope="module")
def free_paths(small_run: dict[str, Any]) -> list[Path]:
    """The places where any text may stand, found by trying."""
    return [path for path in _leaves(small_run) if _takes(_set(small_run, path, HOSTILE))]


@pytest.fixture(scope="module")
def filled(small_run: dict[str, Any], free_paths: list[Path]) -> Callable[[str], ReportData]:
    """Give what puts a text into every place that takes it, names of headers and obligations included."""

    def fill(text: str) -> ReportData:
        data = copy.deepcopy(small_run)
        for path in free_paths:
            changed = _set(data, path, text)
            data = changed if _takes(changed) else data
        for provider in data["providers"]:
            [deck] = provider["pacts"][0]["decks"]
            deck["obligations"] |= {text: "broken"}
            deck["histories"][0]["calls"][0]["request"]["headers"] |= {text: text}
        return ReportData.model_validate(data)

    return fill


def _is_sound(page: str, parse: Parse) -> Any:
    parsed = parse(page)
    ids = [one.attributes["id"] for one in parsed.tags if "id" in one.attributes]
    assert len(ids) == len(set(ids))
    assert all(one.attributes["href"].removeprefix("#") in ids for one in parsed.all("a"))
    assert len(list(parsed.all("script"))) == 1
    assert list(parsed.all("img")) == []
    assert [name for one in parsed.tags for name in one.attributes if name.startswith("on")] == []
    return parsed


def test_the_places_for_any_text_are_many(free_paths: list[Path]) -> None:
    assert len(free_paths) > 100


def test_markup_in_every_text_is_shown_and_does_nothing(filled: Callable[[str], ReportData], parse: Parse) -> None:
    parsed = _is_sound(report.render(filled(HOSTILE)), parse)
    [verdict] = parsed.all("section", id="verdict")
    assert HOSTILE in verdict.text


def test_markup_in_every_text_leaves_the_drawings_right_xml(filled: Callable[[str], ReportData]) -> None:
    page = report.render(filled(HOSTILE))
    drawings = page.split('<svg xmlns="http://www.w3.org/2000/svg"')[1:]
    assert len(drawings) == 3
    for one in drawings:
        ET.fromstring('<svg xmlns="http://www.w3.org/2000/svg"' + one.split("</svg>")[0] + "</svg>")  # noqa: S314


def test_markup_in_every_text_stays_text_in_the_xml(filled: Callable[[str], ReportData]) -> None:
    root = ET.fromstring(report.as_junit(filled(HOSTILE)))  # noqa: S314
    assert root.get("name") == HOSTILE


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(min_size=1, max_size=40))
def test_any_text_gives_a_sound_page_and_sound_xml(
    filled: Callable[[str], ReportData], parse: Parse, text: str
) -> None:
    data = filled(text)
    _is_sound(report.render(data), parse)
    ET.fromstring(report.as_junit(data))  # noqa: S314
    ReportData.model_validate_json(report.as_json(data))


def test_characters_that_xml_does_not_allow_are_replaced(make_report: Callable[..., ReportData]) -> None:
    data = make_report(title="a\x00b\x1bc\ufffe")
    assert "<h1>a\ufffdb\ufffdc\ufffd</h1>" in report.render(data)
    assert ET.fromstring(report.as_junit(data)).get("name") == "a\ufffdb\ufffdc\ufffd"  # noqa: S314
