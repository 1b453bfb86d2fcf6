"""The status pages: a list with filters, and one saga as it stands, drawn in the middle of its undoing."""

import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from patience import PATIENCE_S

SVG = "{http://www.w3.org/2000/svg}"


def _drawn(html: str) -> dict[str, set[str]]:
    """Give the classes of each step's box in the picture of a page."""
    picture = re.search(r"<svg .*</svg>", html, re.DOTALL)
    assert picture is not None
    boxes = [one for one in ET.fromstring(picture[0]).iter(f"{SVG}g") if one.get("class", "").startswith("box")]  # noqa: S314
    return {str(one.findall(f"{SVG}text")[0].text): set(one.get("class", "").split()) for one in boxes}


def test_a_saga_is_drawn_in_the_middle_of_its_undoing(shared_service: Any, new_run: Any, wait_until: Any) -> None:
    name, run = new_run({("right", "do"): ["no"], ("left", "undo"): ["hang"]})
    saga_id = shared_service.create("diamond", name)
    wait_until(lambda: run.count("left", "undo"), PATIENCE_S)
    answer = shared_service.http.get(f"/pages/{saga_id}")
    drawn = _drawn(answer.text)
    assert {step: classes & {"compensating", "applied", "refused", "pending", "now"} for step, classes in drawn.items()} == {
        "first": {"applied"},
        "left": {"compensating", "now"},
        "right": {"refused"},
        "last": {"pending"},
    }
    assert 'http-equiv="refresh"' in answer.text
    run.gate.set()
    shared_service.ended(saga_id)
    after = shared_service.http.get(f"/pages/{saga_id}").text
    assert ({"compensated"} <= _drawn(after)["first"], 'http-equiv="refresh"' in after) == (True, False)


def test_what_others_wrote_is_escaped_and_nothing_can_run_or_be_loaded(shared_service: Any, new_run: Any) -> None:
    name, _ = new_run({("left", "do"): ["refuse"], ("first", "undo"): ["impossible"]})
    wanted = {"saga": "strict", "request_id": "<script>alert(1)</script>", "payload": {"run": name, "card": "4111-secret"}}
    saga_id = shared_service.http.post("/sagas", json=wanted).json()["saga_id"]
    shared_service.ended(saga_id)
    deed = {"person": "<img src=x>", "note": "<b>mended</b>"}
    assert shared_service.http.post(f"/escalations/{saga_id}/settle", json=deed).status_code == 204
    for path in (f"/pages/{saga_id}", "/pages?saga=strict"):
        answer = shared_service.http.get(path)
        assert "<script" not in answer.text
        assert "&lt;script&gt;alert(1)" in answer.text
        assert re.findall(r'<[^>]*(?:src|href)="(?!/pages)[^"]+', answer.text) == []
        assert "4111-secret" not in answer.text
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert "&lt;img src=x&gt;" in shared_service.http.get(f"/pages/{saga_id}").text


def test_sagas_are_listed_by_name_and_state_the_newest_first_and_page_by_page(shared_service: Any, play: Any) -> None:
    done = [play("sure")[0]["saga_id"] for _ in range(3)]
    gone = play("sure", {("hold", "do"): ["refuse"]})[0]["saga_id"]
    http = shared_service.http

    def listed(**query: Any) -> list[str]:
        return [one["saga_id"] for one in http.get("/sagas", params={"saga": "sure", **query}).json()["sagas"]]

    assert [one for one in listed(state="committed") if one in done] == done[::-1]
    assert gone in listed(state="compensated")
    assert gone not in listed(state="committed")
    first = http.get("/sagas", params={"saga": "sure", "limit": 2}).json()["sagas"]
    assert listed(before=first[-1]["created_at"], limit=1) not in ([], [first[-1]["saga_id"]])
    page = http.get("/pages", params={"saga": "sure", "state": "compensated"}).text
    assert (f"/pages/{gone}" in page, f"/pages/{done[0]}" in page) == (True, False)
    assert "Older sagas" in http.get("/pages", params={"saga": "sure", "limit": 2}).text
    assert http.get("/", follow_redirects=False).headers["location"] == "/pages"


@pytest.mark.parametrize("path", ["/pages?state=lost", "/pages?limit=0", "/sagas?limit=5000", "/sagas?saga=%00"])
def test_a_filter_that_cannot_be_is_refused(shared_service: Any, path: str) -> None:
    assert shared_service.http.get(path).status_code == 422


def test_the_page_of_no_saga_is_not_found(shared_service: Any) -> None:
    assert [shared_service.http.get(f"/pages/{one}").status_code for one in ("f" * 32, "nobody")] == [404, 404]
