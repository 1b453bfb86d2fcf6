"""Two brokers whose pages are looked at, an empty one and a filled one, and a browser that looks."""

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection

import saga_sites
from browsing import Page, chromium, running, tab_of
from filled_broker import fill

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


class Site:
    """A broker as a browser sees it.

    Attributes:
        broker: For what programs do.
    """

    def __init__(self, broker: Any) -> None:
        self.broker = broker
        self.http = broker.http
        self.url: str = broker.url

    def get(self, path: str, status: int = 200) -> str:
        """Give a page's HTML."""
        reply = self.http.get(path, headers={"Accept": BROWSER})
        assert (reply.status_code, reply.headers["content-type"].partition(";")[0]) == (status, "text/html"), path
        text: str = reply.text
        return text


@pytest.fixture(scope="session")
def empty_site(migrated: Path, broker_kind: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A broker in which there is nothing."""
    path = tmp_path_factory.mktemp("empty") / "broker.sqlite"
    shutil.copy(migrated, path)
    broker = broker_kind(database_url=f"sqlite:///{path}")
    yield Site(broker)
    broker.stop()


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


@pytest.fixture(scope="session")
def saga_site(migrated: Path, broker_kind: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A broker with sagas: one as teams have it, and one whose every name and text is hostile."""
    path = tmp_path_factory.mktemp("sagas") / "broker.sqlite"
    shutil.copy(migrated, path)
    broker = broker_kind(database_url=f"sqlite:///{path}")
    broker.environment("staging")
    saga_sites.fill(broker)
    yield Site(broker)
    broker.stop()
    assert broker.watch.faults == [], "answers that the interface's description does not name"


@pytest.fixture
def broker_of_its_own(saga_site: Site, broker_kind: Any, tmp_path: Path) -> Iterator[Site]:
    """A copy of the broker with sagas, for a test that changes something."""
    with sqlite3.connect(saga_site.broker.database_url.removeprefix("sqlite:///")) as source:
        source.execute(f"VACUUM INTO '{tmp_path / 'copy.sqlite'}'")
    broker = broker_kind(database_url=f"sqlite:///{tmp_path / 'copy.sqlite'}")
    yield Site(broker)
    broker.stop()


@pytest.fixture(scope="session")
def site(migrated: Path, broker_kind: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A broker with a little of everything; its pages are only read."""
    path = tmp_path_factory.mktemp("filled") / "broker.sqlite"
    shutil.copy(migrated, path)
    broker = broker_kind(database_url=f"sqlite:///{path}")
    fill(broker)
    yield Site(broker)
    broker.stop()
    assert broker.watch.faults == []
