"""Any text may stand in any field: it is shown as it is, and never becomes part of the page or of the XML."""

import copy
from collections.abc import Callable, Iterator
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from repetitions import times
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


def _put(data: Any, path: Path, text: Any) -> Any:
    """Put a text into its place; give what was there."""
    for part in path[:-1]:
        data = data[part]
    before = data[path[-1]]
    data[path[-1]] = text
    return before


def _taking(data: Any, text: str) -> list[Path]:
    """Give the places that take a text, found by trying."""
    tried = copy.deepcopy(data)
    found = []
    for path in _leaves(data):
        before = _put(tried, path, text)
        try:
            ReportData.model_validate(tried)
            found.append(path)
        except ValidationError:
            pass
        finally:
            _put(tried, path, before)
    return found


def _filled(data: Any, paths: list[Path], text: str) -> ReportData:
    """Put a text into all these places, and make it the name of an obligation and of a header."""
    changed = copy.deepcopy(data)
    for path in paths:
        _put(changed, path, text)
    [deck] = changed["providers"][0]["pacts"][0]["decks"]
    deck["obligations"] |= {text: "broken"}
    deck["histories"][0]["calls"][0]["request"]["headers"] |= {text: text}
    return ReportData.model_validate(changed)


@pytest.fixture(scope="module")
def hostile(small_run: dict[str, Any]) -> ReportData:
    """Markup in every place that takes it, the names of participants included."""
    return _filled(small_run, _taking(small_run, HOSTILE), HOSTILE)


@pytest.fixture(scope="module")
def anywhere(small_run: dict[str, Any]) -> list[Path]:
    """The places where any text may stand."""
    return _taking(small_run, "\n /")


def _is_sound(page: str, parse: Parse) -> Any:
    parsed = parse(page)
    ids = [one.attributes["id"] for one in parsed.tags if "id" in one.attributes]
    assert len(ids) == len(set(ids))
    assert all(one.attributes["href"].removeprefix("#") in ids for one in parsed.all("a"))
    assert len(list(parsed.all("script"))) == 1
    assert list(parsed.all("img")) == []
    assert [name for one in parsed.tags for name in one.attributes if name.startswith("on")] == []
    return parsed


def test_the_places_for_any_text_are_many(anywhere: list[Path]) -> None:
    assert len(anywhere) > 100


def test_markup_in_every_text_is_shown_and_does_nothing(hostile: ReportData, parse: Parse) -> None:
    parsed = _is_sound(report.render(hostile), parse)
    [verdict] = parsed.all("section", id="verdict")
    assert HOSTILE in verdict.text


def test_markup_in_every_text_leaves_the_drawings_right_xml(hostile: ReportData) -> None:
    page = report.render(hostile)
    drawings = page.split('<svg xmlns="http://www.w3.org/2000/svg"')[1:]
    assert len(drawings) == 4
    for one in drawings:
        ET.fromstring('<svg xmlns="http://www.w3.org/2000/svg"' + one.split("</svg>")[0] + "</svg>")  # noqa: S314


def test_markup_in_every_text_stays_text_in_the_xml(hostile: ReportData) -> None:
    root = ET.fromstring(report.as_junit(hostile))  # noqa: S314
    assert root.get("name") == HOSTILE


@settings(
    max_examples=times(15), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(text=st.text(min_size=1, max_size=40))
def test_any_text_gives_a_sound_page_and_sound_xml(
    small_run: dict[str, Any], anywhere: list[Path], parse: Parse, text: str
) -> None:
    data = _filled(small_run, anywhere, text)
    _is_sound(report.render(data), parse)
    ET.fromstring(report.as_junit(data))  # noqa: S314
    ReportData.model_validate_json(report.as_json(data))


def test_characters_that_xml_does_not_allow_are_replaced(make_report: Callable[..., ReportData]) -> None:
    data = make_report(title="a\x00b\x1bc\ufffe")
    assert "<h1>a\ufffdb\ufffdc\ufffd</h1>" in report.render(data)
    assert ET.fromstring(report.as_junit(data)).get("name") == "a\ufffdb\ufffdc\ufffd"  # noqa: S314
