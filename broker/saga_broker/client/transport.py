"""One HTTP request to a broker, and what each kind of failure means for the user.

SagapactError              exit status 4
BrokerUnreachableError   nobody answers, or the answer is a server error
BrokerRefusedError       exit status 1: the broker says no (409)
UsageError                 exit status 2: something that the broker does not know, or a request it cannot read
"""

import os
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx

from saga_contracts.errors import SagapactError, UsageError

ACCEPT = "application/hal+json, application/json"
TOKEN_VARIABLE = "SAGAPACT_BROKER_TOKEN"  # noqa: S105  (the name of the variable)
USER_VARIABLE = "SAGAPACT_BROKER_USERNAME"
PASSWORD_VARIABLE = "SAGAPACT_BROKER_PASSWORD"  # noqa: S105
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
CONFLICT, SERVER_ERROR, FIRST_ERROR = 409, 500, 400
NO_RIGHT = {401, 403}
Params = list[tuple[str, str | int | float | bool | None]]


class BrokerUnreachableError(SagapactError):
    """The broker cannot be asked."""


class BrokerRefusedError(SagapactError):
    """The broker refuses what it was asked to store."""

    exit_status = 1


@dataclass(frozen=True, slots=True)
class Address:
    """Where a broker is.

    Attributes:
        url: Without the user, and without a slash at the end: it may be shown.
        is_local: A proxy of the environment is never meant for this machine.
        username: As the address had it; empty: none.
        password: As the address had it.
    """

    url: str
    is_local: bool
    username: str = ""
    password: str = field(default="", repr=False)


def read_address(text: str, option: str) -> Address:
    """Read a broker's address.

    Args:
        text: As the user gave it.
        option: Where the user gave it, for the message.

    Raises:
        UsageError: It is none.
    """
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        parts, host, port = urlsplit(""), None, None
    if parts.scheme not in {"http", "https"} or not host or parts.query or parts.fragment:
        shown = f"{text.partition('//')[0]}//…@{text.rpartition('@')[2]}" if "@" in text else text
        msg = f"Cannot use {shown!r} as the broker's address: it must be like http://broker.example:9292. Correct {option}."
        raise UsageError(msg)
    name = f"[{host}]" if ":" in host else host
    url = f"{parts.scheme}://{name}{f':{port}' if port else ''}{parts.path}".rstrip("/")
    return Address(url, host in LOOPBACK, unquote(parts.username or ""), unquote(parts.password or ""))


class Transport:
    """Sends requests to one broker; safe for use by several threads."""

    def __init__(self, url: str, token: str | None, username: str | None, password: str | None, timeout_s: float) -> None:
        """Prepare the connection; nothing is sent yet.

        Raises:
            UsageError: The address is none.
        """
        address = read_address(url, "--broker-url")
        self.url = address.url
        headers = {"Accept": ACCEPT}
        token = token or os.environ.get(TOKEN_VARIABLE)
        username = username or address.username or os.environ.get(USER_VARIABLE)
        password = password or address.password or os.environ.get(PASSWORD_VARIABLE, "")
        if token:
            headers["Authorization"] = f"Bearer {token}"
        auth = httpx.BasicAuth(username, password) if username and not token else None
        self._http = httpx.Client(headers=headers, auth=auth, timeout=timeout_s, trust_env=not address.is_local)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def send(
        self,
        what: str,
        method: str,
        path: str,
        body: Any = None,
        *,
        params: Params | None = None,
        none_at_404: bool = False,
    ) -> Any:
        """Send one request and give the answer's JSON.

        Raises:
            SagapactError: As the module's docstring says.
        """
        url = path if path.startswith(("http://", "https://")) else self.url + path
        try:
            reply = self._http.request(method, url, json=body, params=params)
        except httpx.HTTPError as error:
            msg = f"Cannot {what} at {self.url}: {why(error)}. Check that the broker runs and that --broker-url is right."
            raise BrokerUnreachableError(msg) from error
        if reply.status_code == 404 and none_at_404:  # noqa: PLR2004  (the status itself)
            return None
        if reply.status_code >= FIRST_ERROR:
            raise _refusal(what, self.url, reply)
        try:
            return reply.json() if reply.content else None
        except ValueError as error:
            msg = f"Cannot {what} at {self.url}: the answer is not JSON. Check that --broker-url is the address of a broker."
            raise BrokerUnreachableError(msg) from error


def why(error: httpx.HTTPError) -> str:
    """Say why a request was not answered."""
    if isinstance(error, httpx.TimeoutException):
        return "it did not answer in time"
    return str(error) or type(error).__name__


def _refusal(what: str, url: str, reply: httpx.Response) -> SagapactError:
    told = _told(reply)
    start = f"Cannot {what} at {url}:"
    if reply.status_code == CONFLICT:
        return BrokerRefusedError(f"{start} {told}")
    if reply.status_code in NO_RIGHT:
        mend = f"Set {TOKEN_VARIABLE}, or {USER_VARIABLE} and {PASSWORD_VARIABLE}."
        return BrokerUnreachableError(f"{start} the broker asks for other credentials (status {reply.status_code}). {mend}")
    if reply.status_code >= SERVER_ERROR:
        return BrokerUnreachableError(f"{start} the broker has a problem (status {reply.status_code}): {told} Try again later.")
    return UsageError(f"{start} {told} Check the names and versions that were given (status {reply.status_code}).")


def _told(reply: httpx.Response) -> str:
    try:
        document = reply.json()
    except ValueError:
        return reply.text.strip()[:500] or f"it answered {reply.status_code}."
    if not isinstance(document, dict):
        return f"it answered {reply.status_code}."
    error = document.get("error")
    if isinstance(error, dict):
        error = error.get("message")
    notices = [notice.get("text") for notice in document.get("notices", ()) if isinstance(notice, dict)]
    if error or notices:
        return "\n".join(str(text) for text in ([error] if error else notices))
    errors = document.get("errors")
    if isinstance(errors, dict):
        return "; ".join(f"{field}: {text}" if field else str(text) for field, texts in errors.items() for text in texts) + "."
    return f"{errors or document}"
