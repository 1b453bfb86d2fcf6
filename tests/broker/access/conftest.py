"""Brokers that ask for tokens, and tokens for them."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import httpx
import pytest

from patience import PATIENCE_S
from prompt_server import plain_client
from saga_broker.access.rights import Right

ACCEPT = "application/hal+json, application/json"
MakeToken = Callable[..., str]


@pytest.fixture
def database_url(request: pytest.FixtureRequest, fresh_database: Callable[[str], AbstractContextManager[str]]) -> Iterator[str]:
    """A fresh database: SQLite, or of the kind that `on_both` says."""
    with fresh_database(getattr(request, "param", "sqlite")) as url:
        yield url


@pytest.fixture
def as_token(guarded: Any) -> Iterator[Callable[[str], httpx.Client]]:
    """Give a client that sends a token."""
    clients: list[httpx.Client] = []

    def made(text: str) -> httpx.Client:
        headers = {"Accept": ACCEPT, "Authorization": f"Bearer {text}"}
        clients.append(plain_client(guarded.url, headers=headers, timeout=PATIENCE_S))
        return clients[-1]

    yield made
    for one in clients:
        one.close()


@pytest.fixture
def with_rights(make_token: MakeToken, as_token: Callable[[str], httpx.Client]) -> Callable[..., httpx.Client]:
    """Give a client whose token has these rights."""

    def made(*rights: str, **options: Any) -> httpx.Client:
        return as_token(make_token(*rights, **options))

    return made


@pytest.fixture
def administrator(with_rights: Callable[..., httpx.Client]) -> httpx.Client:
    return with_rights(Right.ADMINISTER)
