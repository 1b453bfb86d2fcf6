"""The network: services and sagas as a drawing with a table beside it, of everything and around one pacticipant."""

import re
from html import unescape
from typing import Any
from urllib.parse import quote

import pytest

from saga_sites import HOSTILE_NAME


def _text(page: str) -> str:
    body = page[page.index("<main") : page.index("</main>")]
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)))


def test_everything_is_drawn_and_told_in_words(saga_site: Any) -> None:
    page = saga_site.get("/network")
    assert page.count('class="net-box saga') == 2
    assert page.count('class="net-box service') == 8
    text = _text(page)
    assert "saga vas_purchase user_service step apply_vas ✗ broken" in text
    assert "saga_service saga vas_purchase executes it" in text
    assert "14 connections" in text


def test_it_is_narrowed_by_name_and_by_state_in_the_url(saga_site: Any) -> None:
    named = _text(saga_site.get("/network?q=billing"))
    assert "shop" not in named
    assert "saga_service billing pact" in named
    failed = _text(saga_site.get("/network?state=failed"))
    assert "✓" not in failed
    assert "Nothing holds “none”" in _text(saga_site.get("/network?q=none"))
    assert "saga vas_purchase" not in _text(saga_site.get("/network?sagas=no"))


def test_around_a_pacticipant_stands_what_it_is_joined_to_and_the_sagas_that_name_it(saga_site: Any) -> None:
    near = saga_site.broker.get("/pacticipants/billing/network")
    assert {(node["kind"], node["name"]) for node in near["nodes"]} >= {("saga", "vas_purchase"), ("service", "saga_service")}
    pacts = [(edge["from"]["name"], edge["to"]["name"]) for edge in near["edges"] if edge["kind"] == "pact"]
    assert pacts == [("saga_service", "billing")]
    wider = saga_site.broker.get("/pacticipants/billing/network", depth=2)
    assert len([edge for edge in wider["edges"] if edge["kind"] == "pact"]) == 4
    assert "net-box service here" in saga_site.get("/pacticipants/billing/network")


@pytest.mark.parametrize(
    ("path", "status"), [("/pacticipants/nobody/network", 404), ("/pacticipants/billing/network?depth=9", 400)]
)
def test_what_cannot_be_shown_is_said(saga_site: Any, path: str, status: int) -> None:
    saga_site.get(path, status)
    assert saga_site.http.get(path, headers={"Accept": "application/hal+json"}).status_code == status


def test_an_unknown_state_is_refused(saga_site: Any) -> None:
    found = saga_site.broker.get("/network", 400, state="good")
    assert "must be one of: failed" in str(found)


def test_hostile_names_are_drawn_as_text(saga_site: Any) -> None:
    for path in ("/network", f"/pacticipants/{quote(HOSTILE_NAME, safe='')}/network"):
        page = saga_site.get(path)
        assert HOSTILE_NAME in _text(page)
        assert "<b id=hostile>" not in page


def test_an_empty_broker_has_no_network(empty_site: Any) -> None:
    assert "Nothing stands so." in _text(empty_site.get("/network"))
    found = empty_site.broker.get("/network")
    assert (found["nodes"], found["edges"], found["whole"]) == ([], [], True)
