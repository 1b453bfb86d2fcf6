"""Pages of sagas, network, jobs and webhooks in a browser: nothing complains, all can be read, every link leads somewhere."""

import re
from html import unescape
from typing import Any

import pytest

from browsing import Page

HOSTILE_VERSION = "/sagas/sale/versions/1%20%3Cb%3E"
PAGES = (
    "/sagas",
    "/attention",
    "/sagas/vas_purchase?environment=test",
    "/sagas/sale",
    "/sagas/vas_purchase/versions/1.1.0/steps/apply_vas",
    HOSTILE_VERSION,
    f"{HOSTILE_VERSION}/steps/pay",
    "/network",
    "/pacticipants/billing/network",
    "/jobs",
    "/workers",
    "/webhooks",
    "/triggered-webhooks",
    "/triggered-webhooks/call-2/logs",
)
UNNAMED = """
[...document.querySelectorAll('a, button, input:not([type=hidden]), select')]
  .filter(one => one.offsetParent !== null || one.closest('svg'))
  .filter(one => !(one.textContent.trim() || one.getAttribute('aria-label') || one.labels?.length))
  .map(one => one.outerHTML.slice(0, 120))
"""


@pytest.mark.parametrize("path", PAGES)
def test_nothing_complains_and_all_can_be_read(saga_site: Any, page: Page, path: str) -> None:
    for width, scheme in ((1280, "light"), (1280, "dark"), (360, "light")):
        page.look(width=width, scheme=scheme)
        page.open(saga_site.url + path)
        looked = f"{width} {scheme}"
        assert page.complaints(saga_site.url) == [], looked
        assert page.faint() == [], looked
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, looked
    assert page.evaluate("document.getElementById('hostile')") is None
    assert page.evaluate("document.title").endswith("Sagapact")
    assert page.evaluate(UNNAMED) == []


def test_every_link_leads_somewhere(saga_site: Any) -> None:
    seen: set[str] = set()
    more = [saga_site.broker.get("/jobs")["_embedded"]["jobs"][0]["_links"]["self"]["href"]]
    more += [one["href"] for one in saga_site.broker.get("/webhooks")["_links"]["pb:webhooks"]]
    for path in (*PAGES, *(address.removeprefix(saga_site.url) for address in more)):
        text = saga_site.get(path)
        seen |= {
            unescape(address) for address in re.findall(r'href="([^"#]+)', text[text.index("<main") : text.index("</main>")])
        }
    # What other rooms give no page yet is given as JSON.
    lost = [one for one in sorted(seen) if _status(saga_site, one) >= 400]
    assert lost == []


def _status(site: Any, address: str) -> int:
    found = site.http.get(address, headers={"Accept": "text/html, */*;q=0.8"})
    return int(site.http.get(address, headers={"Accept": "*/*"}).status_code if found.status_code == 406 else found.status_code)


def test_a_step_of_the_drawing_is_reached_by_keys_alone(saga_site: Any, page: Page) -> None:
    page.look(width=1280)
    page.open(saga_site.url + "/sagas/vas_purchase?environment=test")
    page.evaluate("document.querySelector('svg a').focus()")
    assert page.evaluate("document.activeElement.getAttribute('href')").endswith("/steps/reserve_money")
    order = page.evaluate("[...document.querySelectorAll('svg a')].every(one => one.tabIndex === 0)")
    assert order
