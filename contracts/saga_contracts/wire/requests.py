"""From a declared request and the values of one saga to the HTTP request that is sent (pure).

Values in the path are percent-encoded, so that no payload can change which resource is addressed. Sending is left to the clients.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Protocol
from urllib.parse import quote

from saga_contracts.declare import elements, templates
from saga_contracts.declare.kinds import written
from saga_contracts.declare.saga import Correlation, Request, Saga, Step
from saga_contracts.errors import SagapactError, UsageError
from saga_contracts.wire import bodies, correlation
from saga_contracts.wire.keys import key_of, keys_of, step_key

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class UnsendableError(SagapactError):
    """A call cannot be made from the values at hand; nothing was sent."""


@dataclass(frozen=True, slots=True)
class StepCall:
    """The values that one step call is made from.

    Attributes:
        saga_id: The saga's id, the same in all its calls.
        payload: What the saga was started with.
        outputs: Outputs of earlier steps, by step and name; of the step itself, where its compensation or status call needs them.
        callback_url: Where a callback step's participant tells the outcome.
        key: The step key as it came, at a participant; None: as the saga file writes it.
    """

    saga_id: str
    payload: Mapping[str, Any]
    outputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    callback_url: str | None = None
    key: str | None = None

    def knowing(self, step: str, outputs: Mapping[str, Any]) -> "StepCall":
        """Give the same values with further outputs of a step."""
        return replace(self, outputs={**self.outputs, step: {**self.outputs.get(step, {}), **outputs}})


@dataclass(frozen=True, slots=True)
class BuiltRequest:
    """An HTTP request, ready to be sent.

    Attributes:
        query: Pairs of name and value, not yet encoded.
        content: The body as bytes; None for no body.
    """

    method: str
    url: str
    query: tuple[tuple[str, str], ...]
    headers: tuple[tuple[str, str], ...]
    content: bytes | None


def call_context(step: Step, call: StepCall, forms: Mapping[str, str] = MappingProxyType({})) -> dict[str, Any]:
    """Give the values that the templates of a step's calls and replies may name.

    Args:
        step: The step.
        call: The values of one call.
        forms: How the keys of other steps are written, for `{keys.STEP}`.
    """
    context: dict[str, Any] = {
        "payload": call.payload,
        "outputs": call.outputs,
        "key": key_of(step, call.saga_id) if call.key is None else call.key,
        "keys": keys_of(forms, call.saga_id),
        "saga_id": call.saga_id,
        "step": written(elements.parted(step.step)[0]),
        **elements.values(step, call.payload),
    }
    return context if call.callback_url is None else {**context, "callback_url": call.callback_url}


def notification_context(step: str, event: str, call: StepCall) -> dict[str, Any]:
    """Give the values that the templates of the owner notification may name."""
    return {"payload": call.payload, "saga_id": call.saga_id, "step": written(step), "event": event}


class Correlated(Protocol):
    """What names the correlation headers: a saga, or a step's slice of it."""

    @property
    def correlation(self) -> Correlation:
        """The names of the headers."""

    @property
    def key_forms(self) -> Mapping[str, str]:
        """How the keys of its steps are written."""


def step_request(saga: Correlated, step: Step, request: Request, call: StepCall, base_url: str) -> BuiltRequest:
    """Build the request of a step call.

    Raises:
        UnsendableError: when a template names a value that is not there, or a value cannot stand where it is named.
    """
    context = call_context(step, call, saga.key_forms)
    return _build(request, context, correlation.sent(saga.correlation, context), base_url)


def notification_request(saga: Saga, request: Request, context: Mapping[str, Any], base_url: str) -> BuiltRequest:
    """Build the request that tells the owner what became of a step.

    Raises:
        UnsendableError: as for `step_request`.
    """
    with_key = {"key": step_key(str(context["saga_id"]), str(context["step"])), **context}
    return _build(request, context, correlation.sent(saga.correlation, with_key), base_url)


def base_urls(participants: Mapping[str, str]) -> dict[str, str]:
    """Check participants' addresses and give them without a closing slash.

    Raises:
        UsageError: when one is no HTTP address.
    """
    for name, url in participants.items():
        if not url.startswith(("http://", "https://")):
            raise UsageError(f"The address of {name} is not usable: {url!r}. Give it as http://HOST:PORT.")
    return {name: url.rstrip("/") for name, url in participants.items()}


def address_of(participant: str, addresses: Mapping[str, str]) -> str:
    """Give a participant's base URL.

    Raises:
        UnsendableError: when none is known.
    """
    if participant not in addresses:
        known = ", ".join(sorted(addresses)) or "none"
        raise UnsendableError(f"There is no address of {participant} (known: {known}). Give one to the client.")
    return addresses[participant]


def _build(request: Request, context: Mapping[str, Any], correlated: Mapping[str, str], base_url: str) -> BuiltRequest:
    try:
        path, query = path_of(request, context), query_of(request, context)
        headers = headers_of(request, context) | dict(correlated)
        content = bodies.write(templates.fill(request.body, context), content_type_of(request))
    except (templates.TemplateError, ValueError) as error:
        raise UnsendableError(f"{request.method} {request.path} cannot be sent. {error}") from None
    for name, value in headers.items():
        if _CONTROL.search(value):
            raise UnsendableError(
                f"{request.method} {request.path} cannot be sent: the value of the header {name} has control characters."
            )
    url = path if path.startswith(("http://", "https://")) else base_url + path
    return BuiltRequest(request.method, url, query, tuple(headers.items()), content)


def path_of(request: Request, context: Mapping[str, Any]) -> str:
    """Give the path with its values percent-encoded.

    Raises:
        TemplateError: when a value is not there, or is empty: the path would name another resource.
    """
    return str(templates.fill(request.path, _Changed(context, in_path)))


def query_of(request: Request, context: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Give the query as pairs, not yet encoded."""
    written = _Changed(context, bodies.as_text)
    return tuple((name, str(templates.fill(value, written))) for name, value in request.query.items())


def headers_of(request: Request, context: Mapping[str, Any]) -> dict[str, str]:
    """Give the headers, without those of the correlation; media types are sent as declared, and JSON where nothing is."""
    written = _Changed(context, bodies.as_text)
    headers = {name: str(templates.fill(value, written)) for name, value in request.headers.items()}
    declared = {name.lower() for name in headers}
    usual = {"Accept": bodies.JSON, "Accept-Encoding": "identity"}
    if request.body is not None:
        usual["Content-Type"] = bodies.JSON
    return headers | {name: value for name, value in usual.items() if name.lower() not in declared}


def content_type_of(request: Request) -> str:
    """Give the declared media type of a request's body; JSON when none is declared."""
    return next((value for name, value in request.headers.items() if name.lower() == "content-type"), bodies.JSON)


def in_path(value: Any) -> str:
    """Write a value as one path segment that no server takes for another one.

    >>> in_path("a b/ü"), in_path("..")
    ('a%20b%2F%C3%BC', '%2E%2E')

    Raises:
        TemplateError: when it is empty.
    """
    text = bodies.as_text(value)
    if not text:
        raise templates.TemplateError("A value in the path is empty.")
    return text.replace(".", "%2E") if text in (".", "..") else quote(text, safe=":@")


class _Changed(Mapping[str, Any]):
    """The same values, each written out by a function when it is looked up."""

    def __init__(self, values: Mapping[str, Any], write: Callable[[Any], str]) -> None:
        self._values, self._write = values, write

    def __getitem__(self, name: str) -> Any:
        value = self._values[name]
        if name == "callback_url":
            return value
        return _Changed(value, self._write) if isinstance(value, Mapping) else self._write(value)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)
