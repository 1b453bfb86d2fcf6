"""Stands between Pact's verifier and the addresses for states and messages, and remembers what went through for each interaction.

It is needed because Pact's verifier tells neither why a state could not be set up nor which values came back, repeats a state
change that was answered with 5xx for two minutes, and takes the body of a message although it came with an error status.
"""

import base64
import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from saga_verifier.states import Answer, LoopbackServer, as_json

_MAX_ANSWER = 5_000_000


@dataclass(slots=True)
class Traffic:
    """What went through for one interaction.

    Attributes:
        values: Names of the values that its states gave.
        state_troubles: States that could not be set up or torn down, and why.
        message_trouble: Why the message could not be had.
    """

    values: set[str] = field(default_factory=set)
    state_troubles: list[str] = field(default_factory=list)
    message_trouble: str | None = None


class Relay(LoopbackServer):
    """Takes calls at `/{number of the interaction}/state` and `/{number}/message`."""

    def __init__(self, state_url: str | None, message_url: str | None, timeout_s: float) -> None:
        super().__init__(self._respond)
        self._state_url, self._message_url, self._timeout_s = state_url, message_url, timeout_s
        self._traffic: dict[int, Traffic] = {}

    def traffic(self, index: int) -> Traffic:
        """Give what went through for an interaction."""
        return self._traffic.setdefault(index, Traffic())

    def _respond(self, path: str, body: Any) -> Answer:
        _, number, what = path.split("/")
        traffic = self.traffic(int(number))
        return self._state(traffic, body) if what == "state" else self._message(traffic, body)

    def _state(self, traffic: Traffic, body: Any) -> Answer:
        state = str(body.get("state") or "")
        if self._state_url is None:
            if state:
                traffic.state_troubles.append(f"the state {state!r} is asked for, and there is no address for state changes")
            return as_json(400 if state else 200, {})
        try:
            values = _post(self._state_url, body, self._timeout_s)
        except _NoAnswerError as error:
            if not state:  # only a greeting of Pact's verifier: whoever does not know it need not take it
                return as_json(200, {})
            doing = "torn down" if body.get("action") == "teardown" else "set up"
            traffic.state_troubles.append(f"the state {state!r} could not be {doing}: {error}")
            return as_json(400, {})
        given = values if isinstance(values, Mapping) else {}
        traffic.values.update(given)
        return as_json(200, given)

    def _message(self, traffic: Traffic, body: Any) -> Answer:
        try:
            return _as_pact_message(_post(str(self._message_url), body, self._timeout_s))
        except (_NoAnswerError, ValueError) as error:
            traffic.message_trouble = f"the provider's message could not be had: {error}"
            return as_json(400, {})


class _NoAnswerError(Exception):
    """An address did not answer as it should."""


def _post(url: str, value: Any, timeout_s: float) -> Any:
    """Send JSON and give the JSON that comes back (None for an empty answer), without proxies."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=timeout_s)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("POST", path, json.dumps(value), {"Content-Type": "application/json", "Connection": "close"})
        response = connection.getresponse()
        status, text = response.status, response.read(_MAX_ANSWER)
    except TimeoutError:
        raise _NoAnswerError(f"no answer within {timeout_s:g} s") from None
    except (OSError, http.client.HTTPException) as error:
        raise _NoAnswerError(f"{parts.hostname}:{parts.port} cannot be reached ({type(error).__name__})") from None
    finally:
        connection.close()
    return _read(status, text)


def _read(status: int, text: bytes) -> Any:
    if not http.client.OK <= status < http.client.MULTIPLE_CHOICES:
        raise _NoAnswerError(f"it was answered with status {status}{_told(text)}")
    try:
        return json.loads(text) if text.strip() else None
    except ValueError:
        return None


def _told(text: bytes) -> str:
    """Give what an error answer says, if it says something short."""
    try:
        body = json.loads(text)
    except ValueError:
        return ""
    told = (body.get("error") or body.get("detail") or body.get("title")) if isinstance(body, Mapping) else None
    return f": {told[:500]}" if isinstance(told, str) else ""


def _as_pact_message(message: Any) -> Answer:
    """Give a message the way Pact's verifier wants it: contents as the body, metadata in a header."""
    if not isinstance(message, Mapping) or "contents" not in message:
        raise ValueError('the answer is not {"contents": …, "metadata": {…}}')
    metadata = dict(message.get("metadata") or {})
    by_header = next((str(value) for name, value in metadata.items() if name.lower() == "content-type"), None)
    content_type = str(metadata.setdefault("contentType", by_header or "application/json"))
    packed = base64.b64encode(json.dumps(metadata).encode()).decode()
    return Answer(200, _bytes(message["contents"], content_type), {"Content-Type": content_type, "Pact-Message-Metadata": packed})


def _bytes(contents: Any, content_type: str) -> bytes:
    if contents is None:
        return b""
    if isinstance(contents, str) and "json" not in content_type:
        return contents.encode()
    return json.dumps(contents).encode()
