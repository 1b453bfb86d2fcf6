"""`sagapact broker token …`: tokens are made, listed and taken back at the database, by whoever runs the broker."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import click
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from saga_broker.access.rights import Right, in_words, rights_of
from saga_broker.access.tokens import Token
from saga_broker.serve.options import database_option
from saga_broker.store.access import tokens as store
from saga_broker.store.database.engine import Database, DatabaseError, unreachable
from saga_broker.store.database.migrate import migrate
from saga_broker.store.database.types import now
from saga_contracts.errors import UsageError

FIRST_NAME = "administrator"
_COLUMNS = ("name", "starts with", "rights", "pacticipants", "a minute", "made", "over", "last used", "state")


@click.group()
def token() -> None:
    """Make, list and take back the tokens that a broker asks for."""


@token.command()
@click.argument("name")
@click.option(
    "--right",
    "rights",
    type=click.Choice([right.value for right in Right]),
    multiple=True,
    required=True,
    help="What it allows; may be repeated. Every token may read; administer allows everything.",
)
@click.option(
    "--pacticipant", "pacticipants", multiple=True, help="It may write about this one only; may be repeated. Default: about all."
)
@click.option("--days", type=click.IntRange(1, 36_500), help="It is over after so many days. Default: never.")
@click.option("--requests-a-minute", type=click.IntRange(1), help="It may ask so often. Default: as `broker serve` says.")
@database_option
def create(
    name: str,
    rights: tuple[str, ...],
    pacticipants: tuple[str, ...],
    days: int | None,
    requests_a_minute: int | None,
    database_url: str,
) -> None:
    """Make a token with a NAME and print it; it cannot be shown again.

    A broker that was started without tokens asks for them from its next start on.
    """
    wish = store.NewToken(
        name,
        rights_of(rights),
        pacticipants or None,
        requests_a_minute,
        None if days is None else now() + timedelta(days=days),
    )
    with _written(database_url) as connection:
        if any(one.name == name for one in store.live_with(connection, name)):
            msg = f"Cannot make the token {name!r}: there is one with this name. Take it back first, or choose another name."
            raise UsageError(msg)
        text, made = store.make(connection, wish)
    click.echo(text)
    click.echo(f"token '{made.name}' ({made.prefix}…) allows to {in_words(made.rights)}; it cannot be shown again", err=True)


@token.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@database_option
def list_(database_url: str, *, as_json: bool) -> None:
    """List the tokens, also those that are over or were taken back; their texts are kept nowhere."""
    with _written(database_url) as connection:
        rows = [_shown(one) for one in store.listing(connection)]
    if as_json:
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    lines = [_COLUMNS, *(tuple(_cell(value) for value in row.values()) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_COLUMNS))]
    for line in lines:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


@token.command()
@click.argument("name")
@database_option
def revoke(name: str, database_url: str) -> None:
    """Take back the token with this NAME, or with this start of its text: within a second every broker process refuses it."""
    with _written(database_url) as connection:
        found = store.live_with(connection, name)
        if not found:
            msg = f"There is no token {name!r} to take back. See: sagapact broker token list."
            raise UsageError(msg)
        for one in found:
            store.revoke(connection, one)
    click.echo(f"taken back: {', '.join(f'{one.name} ({one.prefix}…)' for one in found)}")


def has_tokens(database: Database) -> bool:
    """Tell whether a database holds a token, live or not."""
    with database.read() as connection:
        return bool(store.listing(connection))


def first_token(database: Database) -> str | None:
    """Make an administrator's token when there was never one; of several processes that start at once, one makes it.

    Returns:
        Its text, for the only time; None when there was one.
    """
    with database.write() as connection:
        if store.listing(connection):
            return None
        return store.make(connection, store.NewToken(FIRST_NAME, rights_of([Right.ADMINISTER])))[0]


def worker_token(database_url: str, place: str) -> str:
    """Make the token of the worker beside the broker at a place; the one that was made for it before is taken back."""
    name = f"worker beside {place}"
    with _written(database_url) as connection:
        for one in store.live_with(connection, name):
            store.revoke(connection, one)
        return store.make(connection, store.NewToken(name, rights_of([Right.VERIFY])))[0]


@contextmanager
def _written(database_url: str) -> Iterator[Connection]:
    """Open a database for writing; one that is not there yet is made, so that tokens can be made before the first start."""
    database = Database(database_url)
    try:
        migrate(database)
        with database.write() as connection:
            yield connection
    except (DBAPIError, PoolTimeoutError) as error:
        raise DatabaseError(unreachable(database.url, error)) from error
    finally:
        database.close()


def _shown(one: Token) -> dict[str, Any]:
    state = "taken back" if one.revoked_at else "live" if one.is_live(now()) else "over"
    return {
        "name": one.name,
        "prefix": one.prefix,
        "rights": [right.value for right in Right if right in one.rights],
        "pacticipants": None if one.pacticipants is None else sorted(one.pacticipants),
        "requestsAMinute": one.requests_a_minute,
        "createdAt": one.created_at.isoformat(timespec="seconds"),
        "expiresAt": None if one.expires_at is None else one.expires_at.isoformat(timespec="seconds"),
        "lastUsedAt": None if one.last_used_at is None else one.last_used_at.isoformat(timespec="seconds"),
        "state": state,
    }


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(value)
    return "-" if value is None else str(value)
