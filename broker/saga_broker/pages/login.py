"""How a person shows a token: once, on a page, which opens a session that a cookie stands for.

The cookie's value is random and means nothing by itself; only its hash is stored. No script can read it, and no foreign page can
write by it (`access.origin`). A session ends after `HOURS`, with its token, or when it is closed.
"""

import secrets
from datetime import datetime, timedelta
from typing import cast
from urllib.parse import parse_qs, urlencode

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from saga_broker.access.origin import is_foreign
from saga_broker.access.principal import COOKIE
from saga_broker.access.tokens import Token, digest_of
from saga_broker.api.access import refusals
from saga_broker.api.access.admission import Admission, cookie_of
from saga_broker.http.envelope import BASE
from saga_broker.http.errors import NotFoundError
from saga_broker.pages.frame.asking import Html, Place
from saga_broker.pages.frame.writing import page
from saga_broker.store.access import tokens as store
from saga_broker.store.access.tokens import Session

router = APIRouter(tags=["pages"])
actions = APIRouter(tags=["pages"], include_in_schema=False)
HOURS = 12
SEE_OTHER, BAD_REQUEST = 303, 400
_BYTES = 32
MAX_FORM_BYTES = 10_000


@router.get("/login")
def show(call: Html) -> Response:
    """Ask for a token."""
    return _asking(call.request, call.text("next") or "", "")


@actions.post("/login")
async def enter(request: Request) -> Response:
    """Open a session, when the token is one."""
    admission = _admission(request)
    _refuse_foreign(request)
    form = await _form(request)
    token = await to_thread.run_sync(_token, admission, form.get("token", "").strip())
    if token is None:
        return _asking(
            request, form.get("next", ""), "This is no token of this broker, or it was taken back or is over.", BAD_REQUEST
        )
    value = secrets.token_urlsafe(_BYTES)
    ends = _now(request) + timedelta(hours=HOURS)
    await to_thread.run_sync(_open, admission, Session(token.id, digest_of(value), min(ends, token.expires_at or ends)))
    answer = RedirectResponse(Place(request).root + _own_path(form.get("next", "")), SEE_OTHER)
    is_secure = request.scope[BASE].startswith("https://")
    path = Place(request).root or "/"
    answer.set_cookie(COOKIE, value, max_age=HOURS * 3600, path=path, secure=is_secure, httponly=True, samesite="lax")
    return answer


@actions.post("/logout")
async def leave(request: Request) -> Response:
    """Close the session."""
    admission = _admission(request)
    _refuse_foreign(request)
    value = cookie_of(request)
    if value is not None:
        await to_thread.run_sync(_close, admission, digest_of(value))
    root = Place(request).root
    answer = RedirectResponse(f"{root}/login", SEE_OTHER)
    answer.delete_cookie(COOKIE, path=root or "/", httponly=True, samesite="lax")
    return answer


def login_address(request: Request) -> str:
    """Give the address of the page that asks for a token, and comes back to what was asked for."""
    place = Place(request)
    query = request.url.query
    asked = place.path.removeprefix(place.root) + (f"?{query}" if query else "")
    return f"{place.root}/login?{urlencode({'next': asked})}"


def _asking(request: Request, back: str, fault: str, status: int = 200) -> Response:
    is_needed = request.app.state.admission is not None
    return page(
        request,
        "login.html",
        "Sign in",
        http_status=status,
        twin=None,
        is_needed=is_needed,
        back=_own_path(back),
        fault=fault,
        hours=HOURS,
    )


def _own_path(asked: str) -> str:
    """Give a path of the broker, whatever was asked for: never the address of somebody else."""
    is_own_path = asked.startswith("/") and not asked.startswith(("//", "/\\")) and asked.isprintable()
    return asked if is_own_path else "/"


def _admission(request: Request) -> Admission:
    found = request.app.state.admission
    if found is None:
        raise NotFoundError
    return cast("Admission", found)


def _refuse_foreign(request: Request) -> None:
    """Refuse a form of a foreign page: it would open a session of somebody else's here."""
    if is_foreign(request.headers, request.scope[BASE]):
        raise refusals.foreign_page()


async def _form(request: Request) -> dict[str, str]:
    raw = await request.body()
    fields = parse_qs(raw[:MAX_FORM_BYTES].decode(errors="replace"), max_num_fields=20)
    return {name: values[0] for name, values in fields.items()}


def _now(request: Request) -> datetime:
    return cast("datetime", request.app.state.clock())


def _token(admission: Admission, text: str) -> Token | None:
    admission.known.look_again()
    found = admission.known.token(text)
    return found if found is not None and found.is_live(admission.now()) else None


def _open(admission: Admission, session: Session) -> None:
    with admission.database.write() as connection:
        store.open_session(connection, session)
    admission.known.look_again()


def _close(admission: Admission, digest: str) -> None:
    with admission.database.write() as connection:
        store.close_session(connection, digest)
    admission.known.look_again()
