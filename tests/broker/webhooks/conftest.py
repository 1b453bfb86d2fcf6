"""Brokers that may call receivers on this machine, with and without the engine that calls by itself."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest

from hook_receiver import Receiver
from saga_broker.settings import WebhookSettings

HERE = ("127.0.0.1", "localhost")


def settings_of(**more: Any) -> WebhookSettings:
    return WebhookSettings(**{"schemes": ("http", "https"), "hosts": HERE, "first_call_after_s": 0.0, "timeout_s": 5.0, **more})


@pytest.fixture
def database_url(fresh_database: Callable[[str], AbstractContextManager[str]]) -> Iterator[str]:
    """SQLite only: what the engine does on PostgreSQL is shown where it is killed."""
    with fresh_database("sqlite") as url:
        yield url


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.stop()


@pytest.fixture
def webhook_settings() -> Callable[..., WebhookSettings]:
    return settings_of


@pytest.fixture
def still(serve: Any) -> Any:
    """A broker that calls no webhook by itself; tests by hand it makes."""
    return serve(webhooks=settings_of())


@pytest.fixture
def working(serve: Any) -> Any:
    """A broker that calls webhooks as they are triggered, at once, and tries again at once."""
    return serve(work=True, webhooks=settings_of(retry_schedule_s=(0.05, 0.1)))


@pytest.fixture
def make_webhook() -> Callable[..., Any]:
    """Make a webhook at a broker; gives its document."""

    def made(broker: Any, url: str, *events: str, path: str = "/webhooks", **more: Any) -> Any:
        request = {"method": "POST", "url": url, **more.pop("request", {})}
        body = {"request": request, **({"events": [{"name": one} for one in events]} if events else {}), **more}
        return broker.post(path, body, 201)

    return made
