"""A headless Chromium that opens reports as files."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from websockets.sync.client import ClientConnection

from browsing import Page, chromium, running, tab_of


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClientConnection]:
    """One browser for all tests."""
    with running(chromium(), tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def page(browser: ClientConnection) -> Iterator[Page]:
    """A tab of the test's own, with a profile of its own."""
    with tab_of(browser) as page:
        yield page


@pytest.fixture
def save(tmp_path: Path) -> Callable[[str], str]:
    """Give what writes a page to a file and tells its address."""

    def write(content: str) -> str:
        path = tmp_path / "report.html"
        path.write_text(content, encoding="utf-8")
        return path.as_uri()

    return write
