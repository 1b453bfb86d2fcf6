"""ASGI middleware that lets in only whom the table of rights lets in, and has their writes noted.

401 without a token that is known and live, 403 without the right or about a pacticipant that is not the token's, 429 when it
asks too often. Stands inside the envelope, on the path as it is routed; is left out where the broker asks for no tokens.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from anyio import to_thread
from fastapi import Request, Response
from sqlalchemy import Connection
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from saga_broker.access.about import About, InBody, InPath, Stored
from saga_broker.access.principal import AT_COMMIT, PRINCIPAL
from saga_broker.access.routes import Rule, rules_for
from saga_broker.access.tokens import Token
from saga_broker.api.access import refusals
from saga_broker.api.access.admission import Admission
from saga_broker.api.reading.bodies import parse_json
from saga_broker.http.errors import RefusedError
from saga_broker.http.logs import REQUEST_ID, shown_path
from saga_broker.store.access import audit, stored
from saga_broker.store.database.engine import Database

FIRST_ERROR = 400
MAX_SHOWN = 2000
Matched = Sequence[tuple[Rule, Mapping[str, str]]]
Refuse = Callable[[Request, Exception], Response]


class Guard:
    """Stands around all resources."""

    def __init__(self, app: ASGIApp, *, admission: Admission, database: Database, max_depth: int, refuse: Refuse) -> None:
        self._app = app
        self._admission = admission
        self._database = database
        self._max_depth = max_depth
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request in, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        path = scope["path"][len(scope.get("root_path", "")) :]
        matched = rules_for(scope["method"], path)
        try:
            principal = await self._admission.principal(request, matched)
            names, receive = await self._names(matched, request, receive)
            if principal.token is not None:
                _check_names(principal.token, matched, names)
        except ClientDisconnect:
            return
        except Exception as error:  # noqa: BLE001  (what is not known is raised again)
            await self._refuse(request, error)(scope, receive, send)
            return
        setattr(request.state, PRINCIPAL, principal)
        if principal.token is not None and any(rule.is_logged for rule, _ in matched):
            trail = _Trail(_write(principal.token, scope["method"], path, names))
            setattr(request.state, AT_COMMIT, trail.record)
            send = self._noting(trail, send)
        await self._app(scope, receive, send)

    def _noting(self, trail: "_Trail", send: Send) -> Send:
        """Add to the audit log how the write was answered; one that had no transaction of ours is written as a whole."""

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] < FIRST_ERROR:
                self._admission.journal.answered(trail.number, trail.write, message["status"])
            await send(message)

        return noting

    async def _names(self, matched: Matched, request: Request, receive: Receive) -> tuple[tuple[str, ...], Receive]:
        """Name the pacticipants that a write is about; a body that had to be read is given again to who comes next."""
        found: dict[str, None] = {}
        for rule, variables in matched:
            about = rule.about
            if isinstance(about, InBody):
                raw = await request.body()
                receive = _again(raw, receive)
                found |= dict.fromkeys(self._in_body(about, raw))
            else:
                found |= dict.fromkeys(await self._elsewhere(about, variables))
        return tuple(found), receive

    def _in_body(self, about: InBody, raw: bytes) -> tuple[str, ...]:
        try:
            return about.names(parse_json(raw, self._max_depth))
        except RefusedError:  # the resource says what is wrong with it
            return ()

    async def _elsewhere(self, about: About, variables: Mapping[str, str]) -> tuple[str, ...]:
        if isinstance(about, InPath):
            return about.names(variables)
        if isinstance(about, Stored):
            return await to_thread.run_sync(self._stored, about.kind, variables[about.variable])
        return ()

    def _stored(self, kind: str, key: str) -> tuple[str, ...]:
        with self._database.read() as connection:
            return stored.pacticipants_of(connection, kind, key)


@dataclass(slots=True)
class _Trail:
    """A write on its way into the audit log.

    Attributes:
        number: Of its line, once that stands in the transaction of the write.
    """

    write: audit.Write
    number: int | None = field(default=None)

    def record(self, connection: Connection) -> None:
        """Write the line, once."""
        if self.number is None:
            self.number = audit.record(connection, self.write)


def _check_names(token: Token, matched: Matched, names: Sequence[str]) -> None:
    """Refuse a limited token what is not about its own pacticipants.

    Raises:
        RefusedError: 403.
    """
    if token.pacticipants is None or not any(rule.writes for rule, _ in matched):
        return
    if others := token.others(names):
        raise refusals.not_about(token, others)
    is_missing = all(isinstance(rule.about, Stored) for rule, _ in matched)  # the resource answers 404
    if not names and not is_missing:
        raise refusals.about_nobody(token)


def _write(token: Token, method: str, path: str, names: tuple[str, ...]) -> audit.Write:
    return audit.Write(token.name, token.prefix, method, shown_path(path[:MAX_SHOWN]), names, request_id=REQUEST_ID.get())


def _again(raw: bytes, receive: Receive) -> Receive:
    """Give a body that was read once more, and then what comes after it."""
    is_given = False

    async def given() -> Message:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return {"type": "http.request", "body": raw, "more_body": False}

    return given
