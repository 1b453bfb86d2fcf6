"""One HTTP request to a broker, and what each kind of failure means for the user.

Credentials go to the broker's own address only: a link or a redirect that names another one is not followed.

SagapactError              exit status 4
BrokerUnreachableError   nobody answers, or the answer is a server error
BrokerRefusedError       exit status 1: the broker says no (409)
UsageError                 exit status 2: something that the broker does not know, or a request it cannot read
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import unquote, urljoin, urlsplit

import httpx

from saga_contracts.errors import SagapactError, UsageError
from saga_contracts.rim.redact import Redactor
from saga_contracts.rim.sender import NoAnswer, Reply, Why, bounded_client, is_loopback, send
from saga_contracts.wire import exact

ACCEPT = "application/hal+json, application/json"
MERGE_PATCH = "application/merge-patch+json"
TOKEN_VARIABLE = "SAGAPACT_BROKER_TOKEN"  # noqa: S105  (the name of the variable)
USER_VARIABLE = "SAGAPACT_BROKER_USERNAME"
PASSWORD_VARIABLE = "SAGAPACT_BROKER_PASSWORD"  # noqa: S105
OTHER_TOKEN_VARIABLE = "SAGAPACT_TOKEN"  # noqa: S105
PACT_VARIABLES = ("PACT_BROKER_TOKEN", "PACT_BROKER_USERNAME", "PACT_BROKER_PASSWORD")
CREDENTIAL_VARIABLES = (TOKEN_VARIABLE, OTHER_TOKEN_VARIABLE, USER_VARIABLE, PASSWORD_VARIABLE, *PACT_VARIABLES)
PACT_URL_VARIABLE = "PACT_BROKER_BASE_URL"
CONFLICT, FORBIDDEN, TOO_MANY, SERVER_ERROR, FIRST_ERROR, FIRST_REDIRECT = 409, 403, 429, 500, 400, 300
MAX_BODY_BYTES = 100_000_000
NO_RIGHT = {401, 403}
TOLD = 500
_NOT_ASKED = "which is not asked, since the broker's credentials are for itself only"
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
        username: As the address had it; empty: none.
        password: As the address had it.
    """

    url: str
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
    return Address(url, unquote(parts.username or ""), unquote(parts.password or ""))


class Credentials(NamedTuple):
    """What is shown to a broker; empty texts where there is nothing."""

    token: str
    username: str
    password: str


def credentials_for(url: str, given: Credentials, environ: Mapping[str, str]) -> Credentials:
    """Complete what was given for a broker from the environment.

    The variables of Pact's own clients come last, and count only when `PACT_BROKER_BASE_URL` does not name another broker: what
    is for that one is not shown here.
    """
    if given.token or given.username:
        return given
    own = Credentials(
        environ.get(TOKEN_VARIABLE) or environ.get(OTHER_TOKEN_VARIABLE, ""),
        environ.get(USER_VARIABLE, ""),
        environ.get(PASSWORD_VARIABLE, ""),
    )
    named = environ.get(PACT_URL_VARIABLE, "").rstrip("/")
    if own.token or own.username or named not in {"", url}:
        return own
    return Credentials(*(environ.get(name, "") for name in PACT_VARIABLES))


class Transport:
    """Sends requests to one broker; safe for use by several threads."""

    def __init__(self, url: str, token: str | None, username: str | None, password: str | None, timeout_s: float) -> None:
        """Prepare the connection; nothing is sent yet.

        Raises:
            UsageError: The address is none.
        """
        address = read_address(url, "--broker-url")
        self.url, self._timeout_s = address.url, timeout_s
        given = Credentials(token or "", username or address.username, password or address.password)
        token, username, password = credentials_for(self.url, given, os.environ)
        self._http = bounded_client(proxies=True)
        self._http.headers["Accept"] = ACCEPT
        if token:
            self._http.headers["Authorization"] = f"Bearer {token}"
        elif username:
            self._http.auth = httpx.BasicAuth(username, password)
        self._redact = Redactor({"the token": token, "the password": password})

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
        url = self._own(what, path)
        headers = {"Content-Type": MERGE_PATCH} if method == "PATCH" else None
        request = self._http.build_request(method, url, json=body, params=params, headers=headers)
        reply = self._answered(what, request, none_at_404=none_at_404)
        if reply is None:
            return None
        try:
            return exact.loads(reply.body) if reply.body else None
        except ValueError as error:
            msg = f"Cannot {what} at {self.url}: the answer is not JSON. Check that --broker-url is the address of a broker."
            raise BrokerUnreachableError(msg) from error

    def fetch(self, what: str, path: str, accept: str) -> bytes:
        """Read a document's bytes as they are.

        Raises:
            SagapactError: As the module's docstring says.
        """
        reply = self._answered(what, self._http.build_request("GET", self._own(what, path), headers={"Accept": accept}))
        return b"" if reply is None else reply.body

    def put_text(self, what: str, path: str, text: str) -> None:
        """Send a plain text.

        Raises:
            SagapactError: As the module's docstring says.
        """
        headers = {"Content-Type": "text/plain; charset=utf-8"}
        content = text.encode(errors="replace")
        self._answered(what, self._http.build_request("PUT", self._own(what, path), content=content, headers=headers))

    def _answered(self, what: str, request: httpx.Request, *, none_at_404: bool = False) -> Reply | None:
        """Send a request, and give the answer if it is a good one."""
        reply = send(self._http, request, self._timeout_s, max_body=MAX_BODY_BYTES)
        if isinstance(reply, NoAnswer):
            raise BrokerUnreachableError(self._redact(_unanswered(what, self.url, reply)))
        if reply.status == 404 and none_at_404:  # noqa: PLR2004  (the status itself)
            return None
        if FIRST_REDIRECT <= reply.status < FIRST_ERROR:
            raise BrokerUnreachableError(self._redact(_redirected(what, str(request.url), self.url, reply)))
        if reply.status >= FIRST_ERROR:
            refused = _refusal(what, self.url, reply)
            raise type(refused)(self._redact(str(refused)))
        return reply

    def _own(self, what: str, link: str) -> str:
        """Give the address of a path, or of a link that the broker gave, at the broker itself.

        A broker behind a proxy may not know how it is reached from outside: a link with another scheme or port of the same host
        means the address that was asked.
        """
        if not link.startswith(("http://", "https://")):
            return self.url + link
        own, named = urlsplit(self.url), urlsplit(link)
        if (named.scheme, named.netloc) == (own.scheme, own.netloc):
            return link
        if named.hostname != own.hostname and not (is_loopback(named.hostname or "") and is_loopback(own.hostname or "")):
            raise BrokerUnreachableError(
                f"Cannot {what}: the broker at {self.url} names an address at {named.hostname}, {_NOT_ASKED}. Let the broker "
                "know its own address (its base URL), or give that one by --broker-url."
            )
        known = named.path == own.path or named.path.startswith(f"{own.path}/")
        path = named.path if known else own.path + named.path
        return f"{own.scheme}://{own.netloc}{path}{f'?{named.query}' if named.query else ''}"


def _unanswered(what: str, url: str, reply: NoAnswer) -> str:
    mend = "Check that the broker runs and that --broker-url is right."
    if reply.why == Why.UNREACHABLE and "CERTIFICATE" in reply.text:
        mend = "Name the file of the CA's certificates by SSL_CERT_FILE."
    return f"Cannot {what} at {url}: it {reply.text}. {mend}"


def _redirected(what: str, asked: str, url: str, reply: Reply) -> str:
    place = urlsplit(urljoin(asked, reply.headers.get("Location", "")))
    named = f"{place.scheme}://{place.hostname}{f':{place.port}' if place.port else ''}{place.path}"
    return (
        f"Cannot {what} at {url}: it sends on to {named} (status {reply.status}), {_NOT_ASKED}. Give the broker's own address by "
        "--broker-url."
    )


def _refusal(what: str, url: str, reply: Reply) -> SagapactError:
    told = _told(reply)
    start = f"Cannot {what} at {url}:"
    if reply.status == CONFLICT:
        return BrokerRefusedError(f"{start} {told}")
    if reply.status == FORBIDDEN and told:
        return BrokerUnreachableError(f"{start} {told}")
    if reply.status in NO_RIGHT:
        mend = f"Set {TOKEN_VARIABLE}, or {USER_VARIABLE} and {PASSWORD_VARIABLE}."
        return BrokerUnreachableError(f"{start} the broker asks for other credentials (status {reply.status}). {mend}")
    if reply.status == TOO_MANY:
        return BrokerUnreachableError(f"{start} {told}")
    if reply.status >= SERVER_ERROR:
        return BrokerUnreachableError(f"{start} the broker has a problem (status {reply.status}): {told} Try again later.")
    return UsageError(f"{start} {told} Check the names and versions that were given (status {reply.status}).")


def _told(reply: Reply) -> str:
    try:
        document = exact.loads(reply.body)
    except ValueError:
        said = reply.body.decode(errors="replace").strip()
        return (said if len(said) <= TOLD else f"{said[:TOLD]}…") or f"it answered {reply.status}."
    if not isinstance(document, dict):
        return f"it answered {reply.status}."
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


class Asking:
    """What every part of the client has: the broker's address, and a way to send.

    Attributes:
        url: The broker's address.
    """

    def __init__(self, transport: Transport) -> None:
        """Keep the transport."""
        self._transport = transport
        self.url = transport.url
        self._send = transport.send
