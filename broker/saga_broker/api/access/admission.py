"""Looks at what a request shows, and says who asks: a token by `Authorization`, or a browser's session by its cookie."""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from http.cookies import CookieError, SimpleCookie

from fastapi import Request

from saga_broker.access.origin import is_own
from saga_broker.access.pace import Pace
from saga_broker.access.principal import COOKIE, Principal
from saga_broker.access.routes import Opening, Rule
from saga_broker.access.tokens import Token, shown_by
from saga_broker.api.access import refusals
from saga_broker.api.access.journal import Journal
from saga_broker.api.access.known import Known
from saga_broker.http.envelope import BASE
from saga_broker.settings import Settings
from saga_broker.store.database.engine import Database

Matched = Sequence[tuple[Rule, Mapping[str, str]]]
_UNSEEN = frozenset({Opening.ALWAYS, Opening.HEARTBEAT})  # open to everybody, so that what is shown is not even looked at


class Admission:
    """Who is let in by one broker process.

    Attributes:
        database: Where tokens and sessions are kept.
        known: The tokens.
        journal: Where it is noted who was there.
    """

    def __init__(self, settings: Settings, database: Database, clock: Callable[[], datetime]) -> None:
        self.database = database
        self.known = Known(database)
        self.journal = Journal(database)
        self._settings = settings
        self._clock = clock
        self._pace = Pace()

    def now(self) -> datetime:
        """Give the present moment, by which tokens and sessions are judged."""
        return self._clock()

    async def end(self) -> None:
        """Write what waits to be written; afterwards nothing of this works at the database."""
        await self.known.end()
        await self.journal.end()

    async def principal(self, request: Request, matched: Matched) -> Principal:
        """Say who asks, and that they have the right.

        Raises:
            RefusedError: 401, 403 or 429.
        """
        openings = {rule.opening for rule, _ in matched}
        is_open = all(self._is_open(one) for one in openings)
        text, cookie = shown_by(request.headers.get("authorization", "")), cookie_of(request)
        if is_open and (openings <= _UNSEEN or (text is None and cookie is None)):
            return Principal(None)
        await self.known.refresh()
        principal = self._shown(text, cookie)
        if principal is None and (text or cookie):
            await self.known.renew()
            principal = self._shown(text, cookie)
        if principal is None and is_open and text is None:  # a session that is over asks for what is public
            return Principal(None)
        if principal is None or principal.token is None:
            raise refusals.unknown() if text or cookie else refusals.nothing_shown()
        self._check(request, principal, principal.token, matched)
        return principal

    def _is_open(self, opening: Opening) -> bool:
        if opening in {Opening.ALWAYS, Opening.NEVER}:
            return opening is Opening.ALWAYS
        return bool(getattr(self._settings, opening.value))

    def _shown(self, text: str | None, cookie: str | None) -> Principal | None:
        if text is not None:
            token = self.known.token(text)
            return None if token is None else Principal(token)
        token = None if cookie is None else self.known.of_session(cookie, self._clock())
        return None if token is None else Principal(token, by_session=True)

    def _check(self, request: Request, principal: Principal, token: Token, matched: Matched) -> None:
        moment = self._clock()
        if not token.is_live(moment):
            raise refusals.over(token)
        if pace := token.requests_a_minute or self._settings.requests_a_minute:
            wait_s = self._pace.wait_s(token.id, pace, time.monotonic())
            if wait_s:
                raise refusals.too_often(token, pace, wait_s)
        self.journal.used(token, moment)
        for rule, _ in matched:
            if token.lacks(rule.any_of):
                raise refusals.no_right(token, rule.any_of)
        if principal.by_session and request.method != "GET" and not is_own(request.headers, request.scope[BASE]):
            raise refusals.foreign_page()


def cookie_of(request: Request) -> str | None:
    """Give the value of a browser's session; None when there is none."""
    header = request.headers.get("cookie")
    if header is None:
        return None
    try:
        found = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return None
    return None if found is None else found.value
