"""What Pact's verifier asks for beside the provider's answers: states and messages; what went through is kept by interaction.

It stands between, because Pact's verifier tells neither why a state could not be set up nor which values came back, repeats a
state change that was answered with 5xx for two minutes, and takes the body of a message although it came with an error status.
"""

import base64
import json
import logging
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from saga_contracts.rim.sender import NoAnswer, bounded_client, send
from saga_contracts.rim.server import Answer, LoopbackServer, Received, as_json

Handle = Callable[[str, dict[str, Any], str], Mapping[str, Any]]
"""Sets up (or tears down) a state: its name, its parameters, `setup` or `teardown`; gives values for the pact's generators."""
Produce = Callable[[], tuple[Any, Mapping[str, Any]]]
"""Gives contents and metadata of the message that the provider sends in the state that was set up last."""

_PACKED = "Pact-Message-Metadata"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Serving:
    """Who serves states and messages.

    Attributes:
        state: Sets up states; what it raises is told as the reason.
        has_states: Is there an address for states that are not ours? Without one they are passed over, as Pact's verifier does.
        is_ours: Is a state one that the harness brings about itself?
        message: Gives the message of an interaction whose states are ours.
        messages_url: Where the provider gives its other messages, as Pact asks for them; None: nowhere.
    """

    state: Handle
    has_states: bool = True
    is_ours: Callable[[str], bool] = lambda _: False
    message: Produce | None = None
    messages_url: str | None = None

    def serves(self, states: tuple[str, ...]) -> bool:
        """Can the message of an interaction with these states be had?"""
        return self.messages_url is not None or self.makes(states)

    def makes(self, states: tuple[str, ...]) -> bool:
        """Does the harness bring about the message of an interaction with these states itself?"""
        return self.message is not None and any(map(self.is_ours, states))


@dataclass(slots=True)
class Traffic:
    """What went through for one interaction.

    Attributes:
        values: Names of the values that its states gave.
        state_troubles: States that could not be set up or torn down, and why.
        not_set_up: States that nobody was asked for.
        under_way: The state that is being set up.
        message_trouble: Why the message could not be had.
    """

    values: set[str] = field(default_factory=set)
    state_troubles: list[str] = field(default_factory=list)
    not_set_up: list[str] = field(default_factory=list)
    under_way: str | None = None
    message_trouble: str | None = None


class Relay:
    """A context manager; takes calls at `/{number}/state`, and at `/{number}/made` or `/{number}/given` for messages.

    Attributes:
        base_url: Where it answers, once entered.
    """

    def __init__(self, serving: Serving, timeout_s: float) -> None:
        self.base_url = ""
        self._serving, self._timeout_s = serving, timeout_s
        self._traffic: dict[int, Traffic] = {}
        self._open = ExitStack()

    def __enter__(self) -> Self:
        self._http = self._open.enter_context(bounded_client())
        self.base_url = self._open.enter_context(LoopbackServer(self._respond)).base_url
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._open.close()

    def traffic(self, number: int) -> Traffic:
        """Give what went through for an interaction."""
        return self._traffic.setdefault(number, Traffic())

    def _respond(self, received: Received) -> Answer:
        _, number, what = received.path.split("/")
        traffic = self.traffic(int(number))
        if what == "state":
            return self._state(traffic, json.loads(received.body))
        answer, trouble = self._made() if what == "made" else self._given(received)
        if trouble:
            traffic.message_trouble = f"the provider's message could not be had: {trouble}"
        return answer

    def _state(self, traffic: Traffic, body: Mapping[str, Any]) -> Answer:
        state, action, params = str(body.get("state") or ""), str(body.get("action", "setup")), dict(body.get("params") or {})
        if not state:  # only a greeting of Pact's verifier
            return as_json(200, {})
        if not self._serving.has_states and not self._serving.is_ours(state):
            traffic.not_set_up += [state] if action == "setup" else []
            return as_json(200, {})
        traffic.under_way = state
        try:
            values = dict(self._serving.state(state, params, action))
            answer = as_json(200, values)
        except Exception as error:  # noqa: BLE001  (whatever it is, it is the reason; with 5xx Pact's verifier would ask again)
            _log.debug("A state change failed.", exc_info=True)
            doing = "torn down" if action == "teardown" else "set up"
            traffic.state_troubles.append(f"the state {state!r} could not be {doing}: {error or type(error).__name__}")
            return as_json(400, {})
        finally:
            traffic.under_way = None
        traffic.values.update(values)
        return answer

    def _made(self) -> tuple[Answer, str]:
        """Give the message that the harness makes the provider send."""
        assert self._serving.message is not None  # noqa: S101  (asked for only where it is)
        try:
            return _as_pact_message(*self._serving.message()), ""
        except Exception as error:  # noqa: BLE001  (as above)
            _log.debug("A message failed.", exc_info=True)
            return as_json(400, {}), str(error) or type(error).__name__

    def _given(self, received: Received) -> tuple[Answer, str]:
        """Pass the question on to the provider's address for messages, and its answer back."""
        request = self._http.build_request(
            "POST", str(self._serving.messages_url), content=received.body, headers={"Content-Type": "application/json"}
        )
        reply = send(self._http, request, self._timeout_s)
        if isinstance(reply, NoAnswer):
            return as_json(400, {}), f"{request.url} {reply.text}"
        if not reply.is_success:
            said = reply.body.decode(errors="replace")
            return as_json(400, {}), f"{request.url} answered with status {reply.status}{_short(said)}"
        headers = [(name, reply.headers[name]) for name in ("Content-Type", _PACKED) if name in reply.headers]
        return Answer(200, headers, reply.body), ""


def _short(said: str, limit: int = 300) -> str:
    text = said.strip()
    return "" if not text else f": {text if len(text) <= limit else text[:limit] + '…'}"


def _as_pact_message(contents: Any, given: Mapping[str, Any]) -> Answer:
    """Give a message the way Pact's verifier wants it: contents as the body, metadata in a header."""
    metadata = dict(given)
    by_header = next((str(value) for name, value in metadata.items() if name.lower() == "content-type"), None)
    content_type = str(metadata.setdefault("contentType", by_header or "application/json"))
    packed = base64.b64encode(json.dumps(metadata).encode()).decode()
    return Answer(200, [("Content-Type", content_type), (_PACKED, packed)], _bytes(contents, content_type))


def _bytes(contents: Any, content_type: str) -> bytes:
    if contents is None:
        return b""
    if isinstance(contents, str) and "json" not in content_type:
        return contents.encode()
    return json.dumps(contents).encode()
