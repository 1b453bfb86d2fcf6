"""Tokens and sessions in the database, and a number that grows with each change of them, so that a look shows whether one was."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, bindparam, select, update

from saga_broker.access.rights import Right, Rights, rights_of
from saga_broker.access.tokens import Token, digest_of, new_token, prefix_of
from saga_broker.store.database.access_tables import access_changes, sessions, tokens
from saga_broker.store.database.prepared import Prepared
from saga_broker.store.database.query import add
from saga_broker.store.database.types import now


@dataclass(frozen=True, slots=True)
class NewToken:
    """What a token is to allow; the fields are those of `Token`."""

    name: str
    rights: Rights
    pacticipants: Collection[str] | None = None
    requests_a_minute: int | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """A browser's session.

    Attributes:
        token_id: The token that it was opened with.
        digest: Of the value of its cookie.
        expires_at: From when on it is refused.
    """

    token_id: int
    digest: str
    expires_at: datetime


def make(connection: Connection, wish: NewToken) -> tuple[str, Token]:
    """Make a token.

    Returns:
        Its text, which is to be had here and nowhere else, and what is kept of it.
    """
    text = new_token()
    row = {
        "name": wish.name,
        "prefix": prefix_of(text),
        "digest": digest_of(text),
        "rights": _list(right.value for right in Right if right in wish.rights),
        "pacticipants": None if wish.pacticipants is None else _list(wish.pacticipants),
        "requests_a_minute": wish.requests_a_minute,
        "created_at": now(),
        "expires_at": wish.expires_at,
    }
    made = add(connection, tokens, **row)
    _changed(connection)
    return text, next(one for one in listing(connection) if one.id == made)


def listing(connection: Connection) -> list[Token]:
    """List all tokens, the oldest first, those that were taken back too."""
    return _ALL.all(connection)


def live_with(connection: Connection, key: str) -> list[Token]:
    """Give the tokens that were not taken back and have this name or prefix."""
    return [one for one in listing(connection) if one.revoked_at is None and key in {one.name, one.prefix}]


def revoke(connection: Connection, token: Token) -> None:
    """Take a token back, with the sessions that were opened with it."""
    connection.execute(update(tokens).where(tokens.c.id == token.id).values(revoked_at=now()))
    connection.execute(sessions.delete().where(sessions.c.token_id == token.id))
    _changed(connection)


def open_session(connection: Connection, session: Session) -> None:
    """Keep a new session; those that are over are forgotten."""
    connection.execute(sessions.delete().where(sessions.c.expires_at < now()))
    add(connection, sessions, token_id=session.token_id, digest=session.digest, expires_at=session.expires_at)
    _changed(connection)


def close_session(connection: Connection, digest: str) -> None:
    """Forget a session."""
    connection.execute(sessions.delete().where(sessions.c.digest == digest))
    _changed(connection)


def open_sessions(connection: Connection) -> list[Session]:
    """List the sessions that are not over."""
    return [one for one in _SESSIONS.all(connection) if one.expires_at > now()]


def changes(connection: Connection) -> int:
    """Give the number that grows with each change of a token or session."""
    return int(_CHANGES.scalar(connection) or 0)


def note_use(connection: Connection, used: Mapping[int, datetime]) -> None:
    """Note when tokens were used; a later moment, noted by another process, stays."""
    for token_id, moment in used.items():
        _USED.run(connection, token_id=token_id, moment=moment, last_used_at=moment)


def _changed(connection: Connection) -> None:
    connection.execute(update(access_changes).values(number=access_changes.c.number + 1))


def _list(values: Any) -> str:
    return orjson.dumps(list(values)).decode()


def _token(*row: Any) -> Token:
    fields = dict(zip((column.name for column in tokens.c), row, strict=True))
    fields["rights"] = rights_of(orjson.loads(fields["rights"]))
    if fields["pacticipants"] is not None:
        fields["pacticipants"] = frozenset(orjson.loads(fields["pacticipants"]))
    return Token(**fields)


_ALL: Prepared[Token] = Prepared(select(tokens).order_by(tokens.c.id), _token)
_SESSIONS = Prepared(select(sessions.c.token_id, sessions.c.digest, sessions.c.expires_at), Session)
_CHANGES = Prepared(select(access_changes.c.number))
_USED = Prepared(
    update(tokens)
    .where(tokens.c.id == bindparam("token_id"))
    .where((tokens.c.last_used_at.is_(None)) | (tokens.c.last_used_at < bindparam("moment", type_=tokens.c.last_used_at.type)))
    .values(last_used_at=bindparam("last_used_at", type_=tokens.c.last_used_at.type))
)
