"""Pages of the broker's own work: the queue, a job with its log, workers, webhooks and their calls; no secret is shown."""

import re
from html import unescape
from typing import Any

import pytest

from saga_sites import HOSTILE, HOSTILE_NAME


def _text(page: str) -> str:
    body = page[page.index("<main") : page.index("</main>")]
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)))


def _address(site: Any, document: Any) -> str:
    address: str = document["_links"]["self"]["href"]
    return address.removeprefix(site.url)


def _jobs(site: Any, **params: str) -> Any:
    return site.broker.get("/jobs", **params)["_embedded"]["jobs"]


def test_the_queue_is_shown_with_its_states_and_narrowed_by_the_url(saga_site: Any) -> None:
    text = _text(saga_site.get("/jobs"))
    assert "Queued (1) Running (1) Done (0)" in text
    assert f"{HOSTILE_NAME} pay" in text
    running = _text(saga_site.get("/jobs?state=running"))
    assert HOSTILE_NAME not in running
    assert "user_service 11" in running
    assert "user_service" not in _text(saga_site.get("/jobs?state=done"))


def test_a_job_is_shown_with_its_log(saga_site: Any) -> None:
    (job,) = _jobs(saga_site, state="running")
    text = _text(saga_site.get(_address(saga_site, job)))
    for part in ("running", "user_service 11", "it was asked for by hand", "1 of at most 5", "w1 <b>", f"began {HOSTILE}"):
        assert part in text


def test_a_job_that_waits_says_for_what(saga_site: Any) -> None:
    (job,) = _jobs(saga_site, state="queued")
    text = _text(saga_site.get(_address(saga_site, job)))
    assert "It waits for a worker." in text
    assert "waitsFor" not in job or job["waitsFor"] in text


def test_workers_are_shown_with_what_they_have_at_work(saga_site: Any) -> None:
    text = _text(saga_site.get("/workers"))
    assert re.search(r"w1 <b> . (alive|silent) label linux", text)
    assert _jobs(saga_site, state="running")[0]["id"][:8] in text


def test_webhooks_are_shown_with_their_last_calls_and_without_secrets(saga_site: Any) -> None:
    listed = saga_site.get("/webhooks")
    (address,) = set(re.findall(r'href="(/webhooks/[^"/]+)"', listed))
    shown = saga_site.get(address)
    assert "retrying" in _text(listed)
    assert HOSTILE in _text(listed)
    assert "POST https://ci.example.org/hook?token=*" in _text(shown)
    assert f"For consumer {HOSTILE_NAME}" in _text(shown)
    assert "retrying 1 of 6" in _text(shown)
    assert "s3cret-token" not in listed + shown


def test_a_call_is_shown_with_its_attempts(saga_site: Any) -> None:
    assert "Attempt 1 ✓ succeeded" in _text(saga_site.get("/triggered-webhooks/call-1/logs"))
    assert HOSTILE in _text(saga_site.get("/triggered-webhooks/call-1/logs"))
    failed = _text(saga_site.get("/triggered-webhooks/call-2/logs"))
    assert "✗ failed" in failed
    assert "no route to host" in failed
    assert _text(saga_site.get("/triggered-webhooks")).count("provider verification published") == 2


def test_a_webhook_is_tried_by_a_form_of_the_brokers_own_page_only(saga_site: Any) -> None:
    (address,) = set(re.findall(r'action="(/webhooks/[^"/]+/execute)"', saga_site.get(_webhook(saga_site))))
    own = {"Accept": "text/html", "Origin": saga_site.url}
    tried = saga_site.http.post(address, headers=own)
    assert (tried.status_code, tried.headers["content-type"].partition(";")[0]) == (200, "text/html")
    assert "failed This call of" in _text(tried.text), "nothing answers there"
    assert "s3cret-token" not in tried.text
    assert saga_site.http.post(address, headers={**own, "Origin": "https://evil.example.org"}).status_code == 403
    assert saga_site.http.post(address, headers={"Accept": "application/hal+json"}).json()["success"] is False


def _webhook(site: Any) -> str:
    address: str = site.broker.get("/webhooks")["_links"]["pb:webhooks"][0]["href"]
    return address.removeprefix(site.url)


@pytest.mark.parametrize("path", ["/jobs/0", "/webhooks/none", "/triggered-webhooks/none/logs"])
def test_what_is_not_there_is_said(saga_site: Any, path: str) -> None:
    saga_site.get(path, 404)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/jobs", "Nobody has said yet how a provider is started"),
        ("/workers", "sagapact broker serve --worker"),
        ("/webhooks", "There are no webhooks."),
        ("/triggered-webhooks", "No webhook has been called yet."),
    ],
)
def test_an_empty_broker_says_what_to_do(empty_site: Any, path: str, words: str) -> None:
    assert words in _text(empty_site.get(path))
