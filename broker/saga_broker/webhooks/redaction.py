"""Hides secrets in what is shown and logged of a webhook: by the names of headers and members, and by their values. Pure."""

import base64
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from saga_broker.http.logs import redacted
from saga_broker.webhooks.model import Request
from saga_broker.webhooks.templates import has_variable
from saga_contracts.wire import exact

STARS = "**********"
_SHORTEST = 6  # a shorter secret would hide words that are none
_OF_HEADERS = re.compile("authorization|token", re.IGNORECASE)
_SECRET_NAME = re.compile(
    r"authori[sz]ation|token|secret|passw|pwd|credential|cookie|signature|(?:api|access|private|secret|auth|[-_]|^)[-_]?key$",
    re.IGNORECASE,
)
_PARAMETER = re.compile(r"([?&;]|^)([^=&;?\s]+)=([^&;\s#]+)")


def is_stars(value: Any) -> bool:
    """Tell whether a value says that the stored one shall stay."""
    return isinstance(value, str) and not value.strip("*")


def shown_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Give headers as a webhook shows them; what holds a variable is no secret."""
    return {name: STARS if _OF_HEADERS.search(name) and not has_variable(value) else value for name, value in headers.items()}


def sent_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Give headers as the log of a call shows them."""
    return {name: STARS if _SECRET_NAME.search(name) else value for name, value in headers.items()}


def secrets_of(request: Request) -> tuple[str, ...]:
    """Give the secrets that a webhook holds, in every form in which they could come back: longest first."""
    found: set[str] = set()
    for name, value in request.headers.items():
        if _SECRET_NAME.search(name) and not has_variable(value):
            found |= {value, value.partition(" ")[2]}
    if request.password and not has_variable(request.password):
        basic = base64.b64encode(f"{request.username or ''}:{request.password}".encode()).decode()
        found |= {request.password, basic}
    found |= set(_texts_of(request.body))
    found |= {value for _, name, value in _PARAMETER.findall(request.url.partition("?")[2]) if _SECRET_NAME.search(name)}
    forms = {
        form
        for one in found
        if len(one) >= _SHORTEST and not has_variable(one)
        for form in (one, quote(one, safe=""), quote_plus(one))
    }
    return tuple(sorted(forms, key=len, reverse=True))


def without(text: str, secrets: Iterable[str]) -> str:
    """Give a text without secrets: known ones, and what stands after a name that says so."""
    for secret in secrets:
        text = text.replace(secret, STARS)
    return redacted(_PARAMETER.sub(_parameter, text))


def hidden(value: Any, secrets: Iterable[str]) -> Any:
    """Give a JSON value without secrets, as it is shown."""
    known = tuple(secrets)
    if isinstance(value, dict):
        return {
            without(name, known): STARS
            if isinstance(member, str) and member and _SECRET_NAME.search(name)
            else hidden(member, known)
            for name, member in value.items()
        }
    if isinstance(value, list):
        return [hidden(one, known) for one in value]
    return without(value, known) if isinstance(value, str) else value


def _parameter(found: re.Match[str]) -> str:
    return f"{found[1]}{found[2]}={STARS}" if _SECRET_NAME.search(found[2]) else found[0]


def _texts_of(body: Any) -> list[str]:
    """Give the texts that stand under a secret name in a body."""
    if isinstance(body, str):
        try:
            inside = exact.loads(body)
        except ValueError:
            return [value for _, name, value in _PARAMETER.findall(body) if _SECRET_NAME.search(name)]
        return _texts_of(inside) if isinstance(inside, dict | list) else []
    if isinstance(body, list):
        return [text for one in body for text in _texts_of(one)]
    if isinstance(body, dict):
        own = [member for name, member in body.items() if isinstance(member, str) and _SECRET_NAME.search(name)]
        return own + [text for member in body.values() for text in _texts_of(member)]
    return []
