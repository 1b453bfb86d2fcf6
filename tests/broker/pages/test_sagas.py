"""Pages of sagas: the verdict in each environment with its reasons, what each step owes, its histories; names shown as text."""

import re
from html import unescape
from typing import Any

import pytest

from saga_sites import HOSTILE, HOSTILE_NAME, day

STEP = "/sagas/vas_purchase/versions/1.1.0/steps/apply_vas"


def _text(page: str) -> str:
    """Give what is read of a page."""
    body = page[page.index("<main") : page.index("</main>")]
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)))


def test_all_sagas_stand_side_by_side_with_their_verdict_in_each_environment(saga_site: Any) -> None:
    text = _text(saga_site.get("/sagas"))
    assert re.search("vas_purchase 1[.]1[.]0 .*vas_owner saga_service ✓ can run \u2013 not there ✗ cannot run", text)


def test_sagas_are_searched_and_chosen_by_environment_in_the_url(saga_site: Any) -> None:
    found = saga_site.get("/sagas?q=VAS&environment=production")
    assert "/sagas/sale" not in found
    assert "✓ can run" in _text(found)
    assert "✗ cannot run" not in _text(found)
    assert "No saga holds “nothing”" in _text(saga_site.get("/sagas?q=nothing"))


def test_a_broker_without_sagas_says_how_one_is_published(empty_site: Any) -> None:
    assert "sagapact publish --pacts build/pacts --saga saga.yaml" in _text(empty_site.get("/sagas"))


def test_a_saga_tells_why_it_cannot_run_with_the_mend_and_the_next_command(saga_site: Any) -> None:
    text = _text(saga_site.get("/sagas/vas_purchase?environment=test"))
    for part in (
        "Saga vas_purchase 1.1.0 cannot run in test: 2 reasons.",
        "user_service 11 breaks O8 (null compensation). In history C: the status tells absent, not compensated.",
        "Mend: Answer success for an unknown key and store a tombstone for it.",
        "sagapact verify provider.yaml --provider-version 11",
        "deck missing",
    ):
        assert part in text


def test_a_saga_is_looked_at_where_it_runs_unless_an_environment_is_chosen(saga_site: Any) -> None:
    assert "Production: what stands in the way" in _text(saga_site.get("/sagas/vas_purchase"))
    staging = _text(saga_site.get("/sagas/vas_purchase?environment=staging"))
    assert "sagapact record-deployment saga_service --version VERSION --environment staging" in staging


def test_each_obligation_says_at_each_step_how_it_stands(saga_site: Any) -> None:
    page = saga_site.get("/sagas/vas_purchase?environment=test")
    rows = {row.split()[0]: row for row in map(_row, re.findall(r"<tr><th scope=\"row\" title.*?</tr>", page, re.DOTALL))}
    assert rows["O8"] == "O8 null compensation ✓ kept ✗ broken ✓ kept \u2013 not applicable"
    assert rows["O4"] == "O4 key misuse W waived ✓ kept ✓ kept ? unproven"
    assert rows["O5"] == "O5 concurrent duplicates ○ not looked at ○ not looked at ○ not looked at ○ not looked at"


def _row(row: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", row))).strip()


def test_waivers_are_shown_with_the_days_that_they_have_left(saga_site: Any) -> None:
    assert "3 days left" in _text(saga_site.get("/sagas/vas_purchase"))
    assert "expired" in _text(saga_site.get("/sagas/sale"))
    waiver = saga_site.broker.get("/sagas/vas_purchase")["waivers"][0]
    assert (waiver["obligation"], waiver["daysLeft"], waiver["expires"]) == ("O4", 3, day(3))


def test_each_history_of_a_step_is_a_sequence_of_calls_with_the_faults_that_cause_it(saga_site: Any) -> None:
    page = saga_site.get(STEP)
    text = _text(page)
    assert page.count('<svg class="seq"') == 13
    assert "F C ✓ kept by 1 fault: another step fails" in text
    assert "✗ O8 null compensation: the status tells absent, not compensated" in text
    assert "409/422 suspended or refused (O9)" in text
    assert "two sagas" in text


def test_a_step_shows_the_result_that_is_chosen(saga_site: Any) -> None:
    results = re.findall(r"/steps/apply_vas\?faults=1&amp;result=(\d+)", saga_site.get(STEP))
    newest, older = (_text(saga_site.get(f"{STEP}?result={number}")) for number in results)
    assert "with what user_service 11 showed" in newest
    assert "with what user_service 10 showed" in older
    assert "✗ O8" not in older


def test_more_faults_give_more_histories_and_too_many_are_an_error_in_words(saga_site: Any) -> None:
    assert saga_site.get(f"{STEP}?faults=2").count('class="history"') > 13
    assert "too large to be shown" in saga_site.get(f"{STEP}?faults=4", 400)
    assert "must be a whole number from 0 to 4" in saga_site.get(f"{STEP}?faults=9", 400)


def test_a_version_shows_its_file_as_it_was_published(saga_site: Any) -> None:
    text = saga_site.get("/sagas/vas_purchase/versions/1.1.0")
    assert "policies:" in text
    assert "O4 (key misuse)" in text


@pytest.mark.parametrize("path", ["/sagas/nothing", "/sagas/sale/versions/0", "/sagas/sale/versions/1%20%3Cb%3E/steps/none"])
def test_what_is_not_there_is_said_in_words_and_in_json(saga_site: Any, path: str) -> None:
    assert 'href="/"' in saga_site.get(path, 404)
    assert saga_site.http.get(path, headers={"Accept": "application/json"}).status_code == 404


@pytest.mark.parametrize(
    "path",
    ["/sagas", "/sagas/sale", "/sagas/sale/versions/1%20%3Cb%3E", "/sagas/sale/versions/1%20%3Cb%3E/steps/pay"],
)
def test_hostile_names_and_texts_are_shown_as_text(saga_site: Any, path: str) -> None:
    page = saga_site.get(path)
    assert HOSTILE_NAME in _text(page)
    assert path == "/sagas" or HOSTILE in _text(page)
    assert "<b id=hostile>" not in page
    assert "<script>document" not in page
    assert "<img src=x" not in page


def test_the_json_twin_tells_the_same_of_every_environment(saga_site: Any) -> None:
    found = saga_site.broker.get("/sagas/vas_purchase")
    places = {one["environment"]: one for one in found["environments"]}
    assert [(name, one["there"], one["canRun"]) for name, one in places.items()] == [
        ("production", True, True), ("staging", False, None), ("test", True, False)
    ]  # fmt: skip
    assert places["test"]["steps"][1]["obligations"]["O8"]["verdict"] == "broken"
    assert places["test"]["canRun"] == saga_site.broker.get("/sagas/vas_purchase/can-run", environment="test")["canRun"]
    step = saga_site.broker.get(STEP)
    assert {one["word"]: one["causes"] for one in step["histories"]}["F F"][0]["text"] == "the reply to the forward call is lost"


def test_a_verdict_changes_as_soon_as_what_it_rests_on_does(broker_of_its_own: Any) -> None:
    site = broker_of_its_own
    assert "cannot run" in _text(site.get("/sagas?environment=test&q=vas"))
    site.broker.deploy("user_service", "10", "test")
    assert "deck broken" not in _text(site.get("/sagas/vas_purchase?environment=test"))
    assert "unknown" in _text(site.get("/sagas?environment=test&q=vas"))


def test_a_version_that_was_replaced_is_shown_as_long_as_its_sagas_may_be_in_flight(broker_of_its_own: Any) -> None:
    site = broker_of_its_own
    site.get("/sagas")
    site.broker.deploy("saga_service", "1.0.0", "test")
    assert "1.0.0 by saga_service" in _text(site.get("/sagas/vas_purchase?environment=test")).replace(" copy", "")
    found = site.broker.get("/sagas/vas_purchase")["environments"][2]
    assert [(one["sagaVersion"], one["inFlight"]) for one in found["versions"]] == [("1.0.0", False), ("1.1.0", True)]
    verdict = site.broker.get("/sagas/vas_purchase/can-run", environment="test")
    assert (found["canRun"], found["summary"]) == (verdict["canRun"], verdict["summary"])
    site.broker.verify("saga_service", "1.1.0", "user_service", "11")
    again = site.broker.get("/sagas/vas_purchase/can-run", environment="test")
    assert again["reasons"] != verdict["reasons"]
    text = _text(site.get("/sagas/vas_purchase?environment=test"))
    assert all(one["text"] in text for one in again["reasons"])


def test_sagas_are_found_by_the_search_of_everything(saga_site: Any) -> None:
    page = saga_site.get("/ui/search?q=PURCHASE")
    assert 'href="/sagas/vas_purchase"' in page
    assert 'href="/sagas/sale"' not in page


def test_an_environment_that_is_renamed_is_shown_by_its_new_name(broker_of_its_own: Any) -> None:
    site = broker_of_its_own
    assert "cannot run in test" in _text(site.get("/sagas/sale"))
    uuid = site.broker.environment("test")
    site.broker.put(f"/environments/{uuid}", {"name": "try", "displayName": "Trial", "production": False}, 200)
    text = _text(site.get("/sagas/sale"))
    assert "cannot run in try" in text
    assert "Trial: what stands in the way" in text
