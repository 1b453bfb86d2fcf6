"""Brokers that ask for tokens, and tokens for them."""

from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

import httpx
import pytest

from patience import PATIENCE_S
from prompt_server import plain_client
from saga_broker.access.rights import Right, rights_of
from saga_broker.store.access import tokens as store
from saga_broker.store.database.engine import Database

ACCEPT = "application/hal+json, application/json"
MakeToken = Callable[..., str]


@pytest.fixture
def database_url(request: pytest.FixtureRequest, fresh_database: Callable[[str], AbstractContextManager[str]]) -> Iterator[str]:
    """A fresh database: SQLite, or of the kind that `on_both` says."""
    with fresh_database(getattr(request, "param", "sqlite")) as url:
        yield url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url)
    yield made
    made.close()


@pytest.fixture
def make_token(database: Database) -> MakeToken:
    """Make a token with rights; gives its text."""

    def made(
        *rights: str,
        name: str = "",
        pacticipants: Collection[str] | None = None,
        requests_a_minute: int | None = None,
        expires_at: datetime | None = None,
    ) -> str:
        wish = store.NewToken(name or "-".join(rights), rights_of(rights), pacticipants, requests_a_minute, expires_at)
        with database.write() as connection:
            return store.make(connection, wish)[0]

    return made


@pytest.fixture
def guarded(serve: Any) -> Any:
    """A broker that asks for tokens."""
    return serve(tokens=True)


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
