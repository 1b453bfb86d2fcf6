"""What needs attention: sagas that cannot run where they are live, waivers that end, jobs and calls that failed."""

import re
from html import unescape
from typing import Any


def _text(page: str) -> str:
    body = page[page.index("<main") : page.index("</main>")]
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)))


def test_what_is_wrong_is_gathered_in_one_place(saga_site: Any) -> None:
    text = _text(saga_site.get("/attention"))
    assert re.search(r"vas_purchase env Test ✗ cannot run Step apply_vas of saga vas_purchase", text)
    assert "O4 (key misuse) vas_purchase / reserve_money ! 3 days left" in text
    assert "O4 (key misuse) sale / pay ✗ expired" in text
    assert "! retrying 1 of 6" in text
    assert "Production" not in text, "it can run there"


def test_the_json_twin_says_the_same(saga_site: Any) -> None:
    found = saga_site.broker.get("/attention")
    assert {(one["saga"], one["environment"], one["canRun"]) for one in found["sagas"]} == {
        ("vas_purchase", "test", False), ("sale", "test", False)
    }  # fmt: skip
    assert [(one["saga"], one["daysLeft"]) for one in found["waivers"]] == [("sale", -2), ("vas_purchase", 3)]
    assert (found["liveSagas"], found["lookedAt"]) == (2, 2)
    assert [one["status"] for one in found["calls"]] == ["retrying"]


def test_when_nothing_is_wrong_it_says_so(empty_site: Any) -> None:
    assert "every saga that is live can run" in _text(empty_site.get("/attention"))
    assert 'href="/attention"' in empty_site.get("/")


def test_a_saga_that_nobody_runs_is_not_looked_at(broker_of_its_own: Any) -> None:
    site = broker_of_its_own
    uuid = site.broker.environment("test")
    deployed = site.broker.get(f"/environments/{uuid}/deployed-versions/currently-deployed", pacticipant="saga_service")
    for one in deployed["_embedded"]["deployedVersions"]:
        site.broker.patch(f"/deployed-versions/{one['uuid']}", {"currentlyDeployed": False})
    found = site.broker.get("/attention")
    assert [one["saga"] for one in found["sagas"]] == ["sale"]
