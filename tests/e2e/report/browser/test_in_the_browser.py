"""The page in a real browser: without complaint, on a screen, on a phone, in the dark and on paper."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from saga_e2e import report
from saga_e2e.report import ReportData

PICTURES = Path(__file__).parents[4] / "build" / "pictures"
LOOKS = [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")]
pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_the_page_is_opened_without_a_complaint(
    page: Any, save: Callable[[str], str], broken_run: ReportData, width: int, scheme: str
) -> None:
    page.look(width=width, height=3000, scheme=scheme)
    page.open(save(report.render(broken_run)))
    assert page.complaints() == []
    page.picture(PICTURES / f"broken-{width}-{scheme}.png")
    assert (PICTURES / f"broken-{width}-{scheme}.png").stat().st_size > 50_000


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_the_page_never_scrolls_sideways(page: Any, save: Callable[[str], str], broken_run: ReportData, width: int) -> None:
    page.look(width=width)
    page.open(save(report.render(broken_run)))
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read(page: Any, save: Callable[[str], str], broken_run: ReportData, scheme: str) -> None:
    page.look(width=1280, scheme=scheme)
    page.open(save(report.render(broken_run)))
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert page.faint() == []


def test_a_link_into_something_closed_opens_it(page: Any, save: Callable[[str], str], broken_run: ReportData) -> None:
    page.look(width=1280)
    page.open(save(report.render(broken_run)))
    page.evaluate("document.querySelector('.heatmap .cell.broken a').click()")
    page.evaluate("new Promise(done => setTimeout(done, 0))")
    where = "document.querySelector(location.hash).getBoundingClientRect().top"
    assert page.evaluate("document.querySelector(location.hash).checkVisibility()") is True
    assert 0 <= page.evaluate(where) < 900


def test_only_what_is_not_kept_can_be_shown(page: Any, save: Callable[[str], str], broken_run: ReportData) -> None:
    page.look(width=1280)
    page.open(save(report.render(broken_run)))
    page.evaluate("document.querySelector('.tools input').click()")
    rows = "[...document.querySelectorAll('.scenarios > tbody')]"
    assert page.evaluate(f"{rows}.filter(one => one.checkVisibility()).map(one => one.dataset.verdict)") == ["broken"]


def test_hostile_text_runs_nothing(page: Any, save: Callable[[str], str], small_run: dict[str, Any]) -> None:
    hostile = "</style></script><script>console.log('ran')</script><img src=x onerror=console.log('ran')>"
    small_run = small_run | {"title": hostile, "generated_at": hostile, "figures": [{"name": hostile, "value": hostile}]}
    page.look(width=390)
    page.open(save(report.render(ReportData.model_validate(small_run))))
    assert page.complaints() == []


def test_it_can_be_put_on_paper(page: Any, save: Callable[[str], str], broken_run: ReportData) -> None:
    page.look(width=1280, scheme="dark")
    page.open(save(report.render(broken_run)))
    paper = base64.b64decode(page.send("Page.printToPDF", paperWidth=8.27, paperHeight=11.69)["data"])
    (PICTURES / "broken.pdf").parent.mkdir(parents=True, exist_ok=True)
    (PICTURES / "broken.pdf").write_bytes(paper)
    assert 3 <= paper.count(b"/Type /Page\n") <= 12
