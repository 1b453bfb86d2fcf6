"""All pages of a filled broker, found by following every link from the first one."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest

from filled_broker import HOSTILE, ODD_NAMES

MOST = 600
KEPT_QUERIES = re.compile(r"[?&](sort|state|size|show)=")  # the same rows in another order, or fewer of them


class _Reader(HTMLParser):
    """Reads what a page links to, and what is to be looked at in every page."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.faults: list[str] = []
        self.twin: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        href = given.get("href")
        if tag == "a" and href is not None:
            self.links.append(href)
            if given.get("type") == "application/json":
                self.twin = href
        if "id" in given:
            self.ids.append(str(given["id"]))
        self.faults += [f"{tag} has {name}" for name in given if name.startswith("on") or name == "style"]
        if tag == "script" and not str(given.get("src", "")).startswith("/ui/files/"):
            self.faults.append("a script that is not the broker's own")


@dataclass
class Crawl:
    """What was found.

    Attributes:
        pages: The text of each page, by address.
        read: What was read in each.
        broken: Where a link leads to nothing.
        outside: Addresses outside of the broker.
    """

    pages: dict[str, str] = field(default_factory=dict)
    read: dict[str, _Reader] = field(default_factory=dict)
    broken: list[tuple[str, str, int]] = field(default_factory=list)
    outside: set[str] = field(default_factory=set)


@pytest.fixture(scope="module")
def crawl(site: Any) -> Crawl:
    found = Crawl()
    waiting, seen = [("/", ""), ("/ui/search?q=a", "")], {"/"}
    while waiting and len(seen) < MOST:
        address, source = waiting.pop(0)
        reply = site.http.get(address, headers={"Accept": "text/html,*/*;q=0.8"})
        if reply.status_code >= 400:
            found.broken.append((source, address, reply.status_code))
        if not reply.headers.get("content-type", "").startswith("text/html"):
            continue
        reader = found.read[address] = _Reader()
        found.pages[address] = reply.text
        reader.feed(reply.text)
        for link in reader.links:
            target = urlsplit(urljoin(address, link))
            if target.scheme or target.netloc:
                found.outside.add(link)
                continue
            path = target.path + (f"?{target.query}" if target.query else "")
            if path not in seen and not KEPT_QUERIES.search(path):
                seen.add(path)
                waiting.append((path, address))
    assert not waiting, "there are more pages than were followed"
    return found


def test_every_link_leads_somewhere(crawl: Crawl) -> None:
    assert crawl.broken == []
    assert len(crawl.pages) > 100


def test_only_links_that_run_nothing_lead_out(crawl: Crawl) -> None:
    assert crawl.outside == {"https://ci.example/1", "https://ci.example/2", "https://git.example/shop"}


def test_every_page_has_one_heading_and_nothing_inline(crawl: Crawl) -> None:
    for address, text in crawl.pages.items():
        reader = crawl.read[address]
        assert text.count("<h1>") == 1, address
        assert reader.faults == [], address
        assert len(reader.ids) == len(set(reader.ids)), address


def test_hostile_names_are_shown_as_text(crawl: Crawl) -> None:
    assert all(HOSTILE not in text and "<b>bold</b>" not in text for text in crawl.pages.values())
    for name in ODD_NAMES:
        escaped = name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&#34;").replace("'", "&#39;")
        assert sum(f"<h1>{escaped}</h1>" in text for text in crawl.pages.values()) >= 1, name


def test_every_page_but_the_search_and_the_empty_form_has_a_json_twin(site: Any, crawl: Crawl) -> None:
    without = {urlsplit(address).path for address, reader in crawl.read.items() if reader.twin is None}
    assert without == {"/ui/search", "/matrix"}
    for address in list(crawl.read)[:40]:
        if (twin := crawl.read[address].twin) is not None:
            assert site.http.get(twin, headers={"Accept": "*/*"}).status_code == 200, twin
