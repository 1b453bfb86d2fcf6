"""Pages in a real browser: without complaint, light and dark, on a phone, with the keyboard, without script."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from filled_broker import NEW, fill
from patience import wait_until

PACT = "/pacts/provider/orders/consumer/shop"
PAGES = {
    "integrations": "/?tags=true",
    "overview": "/dashboard/provider/orders/consumer/shop",
    "pact": f"{PACT}/latest",
    "pact-4": "/pacts/provider/prices/consumer/shop/latest",
    "pact-odd": "/pacts/provider/orders/consumer/app/latest",
    "changes": f"{PACT}/version/{NEW}/diff/previous-distinct",
    "result": f"{PACT}/latest/verification-results/latest",
    "form": "/matrix",
    "matrix": "/matrix/provider/orders/consumer/shop",
    "verdict": "/can-i-deploy?pacticipant=shop&version=1.0.0&environment=production",
    "pacticipants": "/pacticipants",
    "pacticipant": "/pacticipants/shop",
    "versions": "/pacticipants/shop/versions",
    "version": "/pacticipants/orders/versions/5",
    "environments": "/environments",
    "search": "/ui/search?q=a",
}
OVERFLOW = """
[...document.querySelectorAll("main *")]
  .filter(one => one.getBoundingClientRect().right > innerWidth + 1 && !one.closest("pre")).length
"""

pytestmark = pytest.mark.slow


@pytest.fixture
def filled(migrated: Path, broker_kind: Any, tmp_path: Path) -> Iterator[Any]:
    """A filled broker that may be changed."""
    shutil.copy(migrated, tmp_path / "broker.sqlite")
    broker = broker_kind(database_url=f"sqlite:///{tmp_path}/broker.sqlite")
    fill(broker)
    yield broker
    broker.stop()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_shown_without_complaint_in_light_and_dark_and_on_a_phone(site: Any, page: Any, name: str) -> None:
    for width, scheme in ((1280, "light"), (1280, "dark"), (360, "dark")):
        page.look(width=width, scheme=scheme)
        page.open(site.url + PAGES[name])
        assert page.complaints(site.url) == []
        assert page.faint() == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(OVERFLOW) == 0


@pytest.mark.parametrize("path", ["/", "/pacticipants", "/environments", "/matrix", "/ui/search"])
def test_an_empty_broker_says_what_to_do(empty_site: Any, page: Any, path: str) -> None:
    page.look(width=360)
    page.open(empty_site.url + path)
    assert page.complaints(empty_site.url) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_the_keyboard_goes_through_a_page_in_the_order_in_which_it_is_read(site: Any, page: Any) -> None:
    page.look(width=1280)
    page.open(site.url + PAGES["integrations"])
    met = [_tab(page) for _ in range(12)]
    assert met[0] == "Skip to the content"
    assert met[1:6] == ["Sagapact", "Integrations", "Pacticipants", "Environments", "Matrix"]
    assert page.evaluate('document.querySelectorAll(\'[tabindex]:not([tabindex="0"]):not([tabindex="-1"])\').length') == 0
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_the_skip_link_leads_to_the_content(site: Any, page: Any) -> None:
    page.look(width=1280)
    page.open(site.url + PAGES["pact"])
    _tab(page)
    _key(page, "Enter", 13, text="\r")
    assert page.evaluate("new Promise(done => setTimeout(() => done(document.activeElement.id), 0))") == "content"


def test_everything_is_there_without_script(site: Any, page: Any) -> None:
    page.look(width=1280)
    page.send("Emulation.setScriptExecutionDisabled", value=True)
    page.open(site.url + PAGES["pact"])
    page.send("Emulation.setScriptExecutionDisabled", value=False)
    text = page.evaluate("document.body.innerText")
    assert "a request for an order" in text
    assert "a list of at least 1 entries like the example" in text
    assert page.evaluate("[...document.querySelectorAll('button.copy')].every(one => one.hidden)") is True


def test_what_can_be_deleted_is_deleted_after_a_question(filled: Any, page: Any) -> None:
    path = "/pacts/provider/shop/consumer/app/version/1"
    page.look(width=1280)
    page.open(filled.url + path)
    page.evaluate("document.querySelector('.removal').open = true")
    page.evaluate("window.confirm = () => true; document.querySelector('.removal button.danger').click()")
    wait_until(lambda: filled.http.get(path).status_code == 404)
    wait_until(lambda: "/dashboard/provider/shop/consumer/app" in page.evaluate("location.href"))


def _tab(page: Any) -> str:
    _key(page, "Tab", 9)
    return str(page.evaluate("document.activeElement.innerText.trim().split('\\n')[0]"))


def _key(page: Any, name: str, code: int, **more: Any) -> None:
    for kind in ("keyDown", "keyUp"):
        page.send("Input.dispatchKeyEvent", type=kind, key=name, code=name, windowsVirtualKeyCode=code, **more)
