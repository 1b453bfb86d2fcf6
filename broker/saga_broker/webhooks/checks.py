"""Reads a webhook as it is written: every fault of the document at once, in the words that the original uses. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from saga_broker.events.event import CONTENT_CHANGED, EVENTS, PACT_EVENTS
from saga_broker.settings import WebhookSettings
from saga_broker.webhooks.allowed import method_fault, url_fault
from saga_broker.webhooks.model import ABSENT, Request, Side, Webhook
from saga_broker.webhooks.redaction import is_stars

UUID = re.compile(r"[A-Za-z0-9_-]{16,255}")
UUID_FAULT = "The UUID can only contain the characters A-Z, a-z, 0-9, _ and -, and must be 16 or more characters."
MAX_TEXT, MAX_URL, MAX_EVENTS, MAX_HEADERS = 255, 2000, 100, 100
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CREDENTIALS = re.compile(r"^([A-Za-z+.-]+://)([^/?#@]*)@")


@dataclass(frozen=True, slots=True)
class Draft:
    """A webhook as it was written. `description`, `username`, `password` are None when they are to be none.

    Attributes:
        keeps_description: It was not given, so that a stored one stays.
        keeps_password: It was not given, or as stars, so that a stored one stays.
    """

    description: str | None
    keeps_description: bool
    enabled: bool
    consumer: Side
    provider: Side
    events: tuple[str, ...]
    request: Request
    keeps_password: bool

    def over(self, stored: Webhook | None) -> Request:
        """Give the request with the secrets that stay as they are stored."""
        old = stored.request if stored is not None else Request("", "")
        headers = {
            name: old.headers[name] if is_stars(value) and name in old.headers else value
            for name, value in self.request.headers.items()
        }
        keeps = self.keeps_password and old.password is not None
        password = old.password if keeps else self.request.password
        return Request(self.request.method, self.request.url, headers, self.request.body, self.request.username, password)


class Faults(dict[str, list[str]]):
    """Sentences by field."""

    def tell(self, field: str, *texts: str | None) -> None:
        """Add the sentences that are there."""
        found = [text for text in texts if text]
        if found:
            self.setdefault(field, []).extend(found)


def draft_of(body: Mapping[str, Any], settings: WebhookSettings, path: Mapping[str, str]) -> tuple[Draft | None, Faults]:
    """Read a webhook.

    Args:
        body: The document; what is not known in it is not looked at.
        settings: Say what is allowed.
        path: The names of `consumer` and `provider` that stand in the address.

    Returns:
        The webhook, or None when there are faults, and the faults.
    """
    faults = Faults()
    sides = {role: _side(body.get(role), role, path.get(role), faults) for role in ("consumer", "provider")}
    events = _events(body.get("events"), faults)
    if "enabled" in body and not isinstance(body["enabled"], bool):
        faults.tell("enabled", "must be boolean")
    description = body.get("description")
    if description is not None:
        description = str(description).strip() if isinstance(description, str | int | float) else ""
        faults.tell("description", _too_long(description, MAX_TEXT))
    request = _request(body, settings, faults)
    if faults or request is None:
        return None, faults
    given = body["request"]
    keeps = "password" not in given or is_stars(given["password"])
    draft = Draft(
        description=description or None,
        keeps_description="description" not in body,
        enabled=body.get("enabled", True),
        consumer=sides["consumer"],
        provider=sides["provider"],
        events=events,
        request=request,
        keeps_password=keeps and not request.password,  # one in the address is a new one
    )
    return draft, faults


def _side(value: Any, role: str, in_path: str | None, faults: Faults) -> Side:
    if value is None:
        return Side(name=in_path)
    if not isinstance(value, dict):
        faults.tell(role, "must be a hash")
        return Side()
    name, label = value.get("name"), value.get("label")
    if name is not None and label is not None:
        faults.tell(f"{role}.label", "name and label cannot be provided at the same time")
    elif name is None and label is None:
        faults.tell(f"{role}.name", "cannot be blank")
    field, given = ("label", label) if name is None else ("name", name)
    if given is not None:
        faults.tell(f"{role}.{field}", _text_fault(given))
        if in_path is not None and given != in_path:
            faults.tell(f"{role}.{field}", f"does not match the {role} '{in_path}' of the address")
    return Side(name=name, label=label)


def _events(value: Any, faults: Faults) -> tuple[str, ...]:
    if value is None:
        return (CONTENT_CHANGED,)
    if not isinstance(value, list):
        faults.tell("events", "must be an array")
        return ()
    if not value:
        faults.tell("events", "size cannot be less than 1")
    if len(value) > MAX_EVENTS:
        faults.tell("events", f"size cannot be greater than {MAX_EVENTS}")
        return ()
    for index, one in enumerate(value):
        fault = _event_fault(one)
        faults.tell("events", fault and f"{fault} (at index {index})")
    return tuple(one["name"] for one in value) if "events" not in faults else ()


def _event_fault(value: Any) -> str | None:
    if not isinstance(value, dict):
        return "must be a hash"
    if "name" not in value:
        return "name is missing"
    # The names of this broker's own events are told by its guide: clients compare this sentence.
    return None if value["name"] in EVENTS else f"name must be one of: {', '.join(PACT_EVENTS)}"


def _request(body: Mapping[str, Any], settings: WebhookSettings, faults: Faults) -> Request | None:
    if "request" not in body:
        faults.tell("request", "is missing")
        return None
    given = body["request"]
    if not isinstance(given, dict):
        faults.tell("request", "must be a hash")
        return None
    if not given:
        faults.tell("request", "must be filled")
        return None
    url, user, password = _url(given, settings, faults)
    method = given.get("method")
    faults.tell("request.method", "is missing" if "method" not in given else _method_fault(method, settings))
    headers = _headers(given.get("headers"), faults)
    for name in ("username", "password"):
        value = given.get(name)
        faults.tell(f"request.{name}", None if value is None else _text_fault(value, empty=True))
    if faults:
        return None
    own_password = given.get("password")
    if own_password == "" or not is_stars(own_password):
        password = own_password if own_password is not None else password
    return Request(str(method), url, headers, given.get("body", ABSENT), given.get("username") or user, password)


def _url(given: Mapping[str, Any], settings: WebhookSettings, faults: Faults) -> tuple[str, str | None, str | None]:
    """Give the address without its credentials, and these: an address is shown and logged, so that no secret may stand there."""
    url = given.get("url")
    if "url" not in given:
        faults.tell("request.url", "is missing")
        return "", None, None
    if not isinstance(url, str) or "\0" in url:
        faults.tell("request.url", "is not a valid URL eg. http://example.org")
        return "", None, None
    found = _CREDENTIALS.match(url)
    plain = _CREDENTIALS.sub(r"\1", url) if found and "${" not in found[2] else url
    faults.tell("request.url", _too_long(url, MAX_URL) or url_fault(plain, settings))
    user, _, password = found[2].partition(":") if found else ("", "", "")
    return plain, unquote(user) or None, unquote(password) or None


def _method_fault(method: Any, settings: WebhookSettings) -> str | None:
    return method_fault(method, settings) if isinstance(method, str) else "is not a recognised HTTP method"


def _headers(value: Any, faults: Faults) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        faults.tell("request.headers", "must be a hash")
        return {}
    if len(value) > MAX_HEADERS:
        faults.tell("request.headers", f"size cannot be greater than {MAX_HEADERS}")
        return {}
    found = {}
    for name, text in value.items():
        faults.tell("request.headers", _header_fault(name, text))
        found[name.lower()] = str(text).lower() if isinstance(text, bool) else str(text)
    return found


def _header_fault(name: str, value: Any) -> str | None:
    if not _HEADER_NAME.fullmatch(name):
        return f"{name!r} is no name of a header"
    if not isinstance(value, str | int | float):
        return f"{name} must be a string"
    if isinstance(value, str) and re.search(r"[\r\n\0]", value):
        return f"{name} cannot contain a line break"
    return None


def _text_fault(value: Any, *, empty: bool = False) -> str | None:
    if not isinstance(value, str):
        return "must be a string"
    if "\0" in value:
        return "cannot contain a NUL character"
    return ("cannot be blank" if not value.strip() and not empty else None) or _too_long(value, MAX_TEXT)


def _too_long(value: str, length: int) -> str | None:
    return f"cannot be longer than {length} characters" if len(value) > length else None
