"""JUnit XML and JSON say the same as the page."""

import json
from xml.etree import ElementTree as ET

import pytest

from saga_e2e import report
from saga_e2e.report import ReportData

ENDINGS = ("failure", "error", "skipped")


def _junit(data: ReportData) -> ET.Element:
    return ET.fromstring(report.as_junit(data))  # noqa: S314


@pytest.fixture(scope="module", params=["kept", "broken", "empty"])
def root(request: pytest.FixtureRequest, kept_run: ReportData, broken_run: ReportData) -> ET.Element:
    return _junit({"kept": kept_run, "broken": broken_run, "empty": ReportData()}[request.param])


def test_it_has_the_form_that_build_servers_read(root: ET.Element) -> None:
    assert root.tag == "testsuites"
    assert {one.tag for one in root} == {"testsuite"}
    for case in root.iter("testcase"):
        assert case.get("name")
        assert case.get("classname")
        assert float(case.get("time", "")) >= 0
        assert [one.tag for one in case] in ([], *([name] for name in ENDINGS))


def test_its_counts_are_right(root: ET.Element) -> None:
    for element in (root, *root):
        assert element.get("tests") == str(len(list(element.iter("testcase"))))
        assert element.get("failures") == str(len(list(element.iter("failure"))))
        assert element.get("errors") == str(len(list(element.iter("error"))))
        assert element.get("skipped") == str(len(list(element.iter("skipped"))))


def test_a_kept_run_has_no_failure(kept_run: ReportData) -> None:
    root = _junit(kept_run)
    assert (root.get("failures"), root.get("errors"), root.get("skipped")) == ("0", "0", "0")
    assert int(root.get("tests", "0")) > 50


def test_what_is_broken_fails_with_its_reason(broken_run: ReportData) -> None:
    found = [(case.get("name"), case.findtext("failure")) for case in _junit(broken_run).iter("testcase")]
    broken = {name: text for name, text in found if text is not None}
    assert set(broken) == {"C", "C F", "k1_reserve_money", "can the saga run?", "can billing 1.1.0 be deployed?"}
    assert broken["C"].startswith("O8 The compensation")


def test_what_is_not_known_is_skipped_with_its_reason() -> None:
    history = {"word": "F", "verdict": "unproven", "text": "no probe"}
    pact = {"consumer": "c", "decks": [{"step": "s", "histories": [history]}]}
    data = ReportData.model_validate({"providers": [{"provider": "p", "version": "1", "pacts": [pact]}]})
    [skipped] = _junit(data).iter("skipped")
    assert skipped.get("message") == "unproven: no probe"


def test_json_can_be_read_back_and_says_what_the_page_says(broken_run: ReportData) -> None:
    again = ReportData.model_validate_json(report.as_json(broken_run))
    assert report.render(again) == report.render(broken_run)
    assert json.loads(report.as_json(ReportData()))["verdict"]["status"] == "unknown"
