"""What all pages share: who is given a page, what it may do in a browser, files, lists by URL, errors in words."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (BROWSER, "text/html"),
        ("text/html", "text/html"),
        ("application/hal+json;q=0.1, text/html", "text/html"),
        ("*/*", "application/hal+json"),
        (None, "application/hal+json"),
        ("application/hal+json, text/html;q=0.9, */*;q=0.8", "application/hal+json"),
        ("text/html;q=0.5, application/hal+json", "application/hal+json"),
        ("application/hal+json, text/html", "application/hal+json"),
    ],
)
def test_who_names_html_first_is_given_a_page_and_everybody_else_what_they_got_before(
    empty_site: Any, accept: str | None, kind: str
) -> None:
    reply = empty_site.http.get("/", headers={"Accept": accept} if accept else {"Accept": ""})
    assert (reply.status_code, reply.headers["content-type"].partition(";")[0]) == (200, kind)
    assert reply.headers["vary"] == "Accept"


def test_a_page_may_run_nothing_but_the_brokers_own_script(empty_site: Any) -> None:
    reply = empty_site.http.get("/", headers={"Accept": BROWSER})
    policy = reply.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert reply.headers["cache-control"] == "no-cache"


def test_files_are_kept_for_ever_under_an_address_with_their_hash(empty_site: Any) -> None:
    text = empty_site.http.get("/", headers={"Accept": BROWSER}).text
    found = re.findall(r'(?:href|src)="(/ui/files/[^"]+)"', text)
    assert len(set(found)) == 3
    for address in found:
        reply = empty_site.http.get(address, headers={"Accept": "*/*"})
        assert (reply.status_code, "immutable" in reply.headers["cache-control"]) == (200, True)
        other = re.sub(r"[0-9a-f]{16}", "0" * 16, address)
        assert empty_site.http.get(other, headers={"Accept": "*/*"}).status_code == 404


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/nowhere", 404, "There is no such page"),
        ("/metrics", 406, "Look at it as JSON"),
        ("/?page=0", 400, "page must be a number from 1"),
        ("/contracts/publish", 405, "This cannot be opened"),
    ],
)
def test_an_error_is_a_page_with_words_and_ways_on(empty_site: Any, path: str, status: int, words: str) -> None:
    reply = empty_site.http.get(path, headers={"Accept": "text/html"})
    assert (reply.status_code, reply.headers["content-type"]) == (status, "text/html;charset=utf-8")
    assert words in reply.text
    assert 'href="/"' in reply.text


def test_under_a_context_path_every_link_begins_with_it(migrated: Path, broker_kind: Any, tmp_path: Path) -> None:
    shutil.copy(migrated, tmp_path / "broker.sqlite")
    broker = broker_kind(database_url=f"sqlite:///{tmp_path}/broker.sqlite", base_urls=("https://tools.example/pact-broker",))
    try:
        text = broker.http.get("/pact-broker/pacticipants", headers={"Accept": BROWSER}).text
        links = set(re.findall(r'(?:href|src|action)="([^"]*)"', text))
        assert {link for link in links if not link.startswith(("/pact-broker/", "#"))} == set()
        assert "/pact-broker/pacticipants?as=json" in links
        file = next(link for link in links if link.endswith(".css"))
        assert broker.http.get(file, headers={"Accept": "text/css,*/*;q=0.1"}).status_code == 200
    finally:
        broker.stop()


def consumers(text: str) -> list[str]:
    return re.findall(r'data-label="Consumer"><a href="[^"]+">([^<]+)</a>', text)


def test_a_list_is_searched_sorted_and_paged_by_its_url(site: Any) -> None:
    whole = consumers(site.get("/?q=o&sort=-consumer"))
    address, parts = "/?q=o&sort=-consumer&size=2", []
    while address:
        text = site.get(address)
        found = consumers(text)
        assert 1 <= len(found) <= 2
        parts += found
        following = re.search(r'<a rel="next" href="([^"]+)"', text)
        address = following.group(1).replace("&amp;", "&") if following else ""
    assert parts == whole == sorted(whole, key=str.lower, reverse=True)
    assert len(whole) > 3
    assert 'aria-sort="descending"' in site.get("/?q=o&sort=-consumer")


@pytest.mark.parametrize("query", ["page=99", "sort=nothing", "sort=-", "state=nothing", "q=%25", "q[]=x", "size=500", "tags=x"])
def test_a_list_bears_every_wish(site: Any, query: str) -> None:
    assert "<h1>Integrations</h1>" in site.get(f"/?{query}")


@pytest.mark.parametrize("query", ["page=0", "page=x", "size=501", "page=%D9%A1", "sort[]=a", "size=" + "9" * 300])
def test_a_wish_that_cannot_be_is_told_in_words(site: Any, query: str) -> None:
    assert "This cannot be answered" in site.get(f"/?{query}", 400)
