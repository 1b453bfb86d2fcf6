"""The page is right HTML by itself: its order, its links, its ids, its tables, its policy; and it shows what it was given."""

import base64
import hashlib
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from saga_e2e import report
from saga_e2e.report import ReportData

SECTIONS = [
    "verdict",
    "saga",
    "obligations",
    "broken",
    "gates",
    "faults",
    "scenarios",
    "outcomes",
    "traffic",
    "figures",
    "claims",
]
SECTIONS += ["appendix"]
Parse = Callable[[str], Any]


@pytest.fixture(scope="module", params=["kept", "broken", "empty"])
def page(request: pytest.FixtureRequest, kept_run: ReportData, broken_run: ReportData, parse: Parse) -> Any:
    return parse(report.render({"kept": kept_run, "broken": broken_run, "empty": ReportData()}[request.param]))


@pytest.fixture(scope="module")
def broken_page(broken_run: ReportData, parse: Parse) -> Any:
    return parse(report.render(broken_run))


def test_the_sections_stand_in_the_agreed_order(page: Any) -> None:
    assert [one.attributes["id"] for one in page.all("section")] == SECTIONS


def test_every_id_is_there_once(page: Any) -> None:
    ids = [one.attributes["id"] for one in page.tags if "id" in one.attributes]
    assert len(ids) == len(set(ids))


def test_every_link_leads_to_a_place_in_the_page(page: Any) -> None:
    ids = {one.attributes["id"] for one in page.tags if "id" in one.attributes}
    links = [one.attributes["href"] for one in page.all("a")]
    assert links
    assert [one for one in links if one.removeprefix("#") not in ids] == []


def test_every_label_by_id_is_there(page: Any) -> None:
    ids = {one.attributes["id"] for one in page.tags if "id" in one.attributes}
    named = [name for one in page.tags for name in one.attributes.get("aria-labelledby", "").split()]
    assert [name for name in named if name not in ids] == []


def test_nothing_is_fetched_from_outside(page: Any) -> None:
    assert list(page.all("link", "img", "iframe", "object", "embed", "base")) == []
    assert [one.name for one in page.tags if "src" in one.attributes or "style" in one.attributes] == []


def test_every_header_cell_says_what_it_is_the_header_of(page: Any) -> None:
    assert {one.attributes.get("scope") for one in page.all("th")} <= {"col", "row", "colgroup", "rowgroup"}


def test_every_table_has_a_caption_and_stands_in_a_box_that_scrolls(page: Any) -> None:
    for table in page.all("table"):
        assert any(one.around and one.around[-1] is table for one in page.all("caption"))
        assert any("scroll" in around.attributes.get("class", "").split() for around in table.around)


def test_every_big_drawing_stands_in_a_box_that_scrolls(page: Any) -> None:
    for drawing in (one for one in page.all("svg") if "drawing" in one.attributes["class"].split()):
        assert "scroll" in drawing.around[-1].attributes["class"].split()


def test_headings_never_leave_out_a_level(page: Any) -> None:
    levels = [int(one.name[1]) for one in page.all("h1", "h2", "h3", "h4", "h5")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(following <= level + 1 for level, following in pairwise(levels))


def test_the_first_link_skips_to_the_verdict(page: Any) -> None:
    assert next(page.all("a")).attributes == {"class": "skip", "href": "#verdict"}


def test_the_policy_lets_only_our_own_style_and_script_in(page: Any) -> None:
    [policy] = [one.attributes["content"] for one in page.all("meta") if "http-equiv" in one.attributes]
    for name in ("style", "script"):
        [element] = page.all(name)
        digest = base64.b64encode(hashlib.sha256("".join(element.texts).encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")


def test_all_versions_of_a_provider_are_shown(broken_page: Any) -> None:
    columns = [one.text for one in broken_page.all("th") if "version" in one.attributes.get("class", "")]
    assert columns[:3] == ["1.0.0", "1.1.0", "1.1.1"]


def test_the_heat_map_tells_the_broken_cell_by_a_sign_and_in_words(broken_page: Any) -> None:
    [cell] = [one for one in broken_page.all("td") if one.attributes.get("class") == "cell broken"]
    assert cell.text == "✕ O8 of reserve_money at billing 1.1.0: broken"


def test_a_cell_of_the_heat_map_leads_to_its_histories(broken_page: Any) -> None:
    [cell] = [one for one in broken_page.all("td") if one.attributes.get("class") == "cell broken"]
    [link] = [one for one in broken_page.all("a") if cell in one.around]
    [row] = broken_page.all("tr", id=link.attributes["href"].removeprefix("#"))
    words = [one.text for one in broken_page.all("a") if row in one.around]
    assert words[0] == "C"
    assert "C F" in words


def test_the_rows_of_the_heat_map_stand_in_the_order_of_the_catalogue(broken_page: Any) -> None:
    [table] = [one for one in broken_page.all("table") if one.attributes.get("class") == "heatmap"]
    rows = [one.text.split()[0] for one in broken_page.all("th", scope="row") if table in one.around]
    assert rows[:3] == ["O1", "O2", "O3"]
    assert rows.index("O9") < rows.index("O11") < rows.index("O32")


def test_the_shortest_failing_history_is_shown_with_what_was_expected_and_what_came(broken_page: Any) -> None:
    [failure] = [one for one in broken_page.all("article") if one.attributes.get("id", "").endswith("-failure")]
    assert "billing 1.1.0 at reserve_money" in failure.text
    assert "expected: done (200)" in failure.text
    assert "came: not a declared reply (404)" in failure.text
    assert "curl --include --request POST --url" in failure.text
    assert "Kept again by billing 1.1.1" in failure.text


def test_the_gate_is_shown_with_mend_and_command(broken_page: Any) -> None:
    [gates] = broken_page.all("section", id="gates")
    assert "Answer success for an unknown key and store a tombstone for it." in gates.text
    assert "sagapact verify --provider billing" in gates.text


def test_every_claim_is_printed_in_full(broken_run: ReportData, broken_page: Any) -> None:
    claims = [deck.claim for provider in broken_run.providers for pact in provider.pacts for deck in pact.decks]
    assert [one.text for one in broken_page.all("blockquote")] == claims


def test_a_broken_scenario_is_open_and_the_others_are_closed(broken_page: Any) -> None:
    tables = [one for one in broken_page.all("table") if "scenarios" in one.attributes.get("class", "").split()]
    opened = ["open" in one.attributes for one in broken_page.all("details") if tables[0] in one.around]
    assert opened == [False, False, False, True]


def test_the_page_is_the_same_when_it_is_made_again(broken_run: ReportData) -> None:
    assert report.render(broken_run) == report.render(broken_run)
