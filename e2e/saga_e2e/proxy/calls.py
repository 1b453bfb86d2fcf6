"""Which call of the saga is this? Recognised from what the saga file declares, by any participant's server or proxy (pure).

The step comes from the correlation headers, or else from the step key where the declared request has it: in the path, a header or
the body. The role comes from method, path and body. A call that is none of the saga's is not recognised.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from saga_contracts.declare.saga import Request, Saga, Step
from saga_contracts.wire import replies
from saga_contracts.wire.requests import step_key
from saga_e2e.derive.faults import Role

CALLBACK_PATH = "/callbacks/"
_TOKEN = re.compile(r"\{\{|\}\}|\{[a-z_][A-Za-z0-9_.]*\}")
_ROLES = (Role.FORWARD, Role.COMPENSATE, Role.STATUS, Role.PROBE)


@dataclass(frozen=True, slots=True)
class Incoming:
    """One HTTP request as it came.

    Attributes:
        target: Whom it is for: a participant's name or the saga service's.
        path: Percent-encoded, without the query.
        headers: With names in lower case.
        body: The JSON value; None when there is none.
    """

    target: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True, slots=True)
class Recognised:
    """A call of the saga."""

    saga_id: str
    step: str
    role: Role
    key: str


class Recogniser:
    """Recognises the calls of one saga."""

    def __init__(self, saga: Saga) -> None:
        self._saga = saga
        self._service = service_name(saga)
        self._shapes = tuple(_shapes(saga))

    def recognise(self, call: Incoming) -> Recognised | None:
        """Say which call of the saga this is, or None when it is none."""
        if call.target == self._service and call.path.startswith(CALLBACK_PATH):
            return self._callback(call)
        found = [(shape, keys) for shape in self._shapes if (keys := shape.keys_in(call)) is not None]
        named = self._named(call)
        for shape, keys in found:
            saga_id, step = named or _split(next((key for key in keys if key), ""))
            if saga_id and step and shape.step in (step, None):
                return Recognised(saga_id, step, shape.role, step_key(saga_id, step))
        return None

    def _named(self, call: Incoming) -> tuple[str, str] | None:
        """Give saga id and step of the correlation headers; None when one is missing or names no step."""
        names = self._saga.correlation
        saga_id, step = call.headers.get(names.saga_id.lower(), ""), call.headers.get(names.step.lower(), "")
        return (saga_id, step) if saga_id and self._is_step(step) else None

    def _callback(self, call: Incoming) -> Recognised | None:
        key = unquote(call.path.removeprefix(CALLBACK_PATH))
        saga_id, step = _split(key)
        return Recognised(saga_id, step, Role.CALLBACK, key) if saga_id and self._is_step(step) else None

    def _is_step(self, name: str) -> bool:
        return any(step.step == name for step in self._saga.steps)


def service_name(saga: Saga) -> str:
    """Give the name of the saga service: of the orchestrator, or of whoever makes the calls."""
    return saga.orchestrator or saga.consumer


def outcome_of(saga: Saga, call: Recognised, status: int, body: Any) -> str | None:
    """Say what a reply to a recognised call means, in the words of the role; None when the role has none."""
    step = saga.step(call.step)
    if call.role == Role.FORWARD:
        return replies.forward_outcome(step, replies.Received(status, body)).value
    if call.role == Role.COMPENSATE:
        return replies.compensate_outcome(step, replies.Received(status, body)).value
    if call.role == Role.STATUS:
        return replies.status_outcome(step, replies.Received(status, body)).value
    told = saga.policies.owner_notification
    declared = told.replies.done if call.role == Role.NOTIFICATION and told is not None else None
    if call.role == Role.CALLBACK and step.callback is not None:
        declared = step.callback.replies.done
    if declared is None:
        return None
    return "done" if replies.fits(declared, replies.Received(status, body)) is None else "unknown"


def told_by(saga: Saga, call: Recognised, body: Any) -> str | None:
    """Say what the body of a call tells: a callback its outcome, a notification its event; None for other calls."""
    if call.role == Role.CALLBACK:
        outcome = replies.callback_outcome(saga.step(call.step), body)
        return None if outcome is None else outcome.value
    if call.role == Role.NOTIFICATION and saga.policies.owner_notification is not None:
        return _value_of("{event}", saga.policies.owner_notification.request.body, body)
    return None


@dataclass(frozen=True, slots=True)
class _Shape:
    """One declared request, ready to be compared."""

    target: str
    step: str | None  # None: the call may be about any step
    role: Role
    request: Request
    path: re.Pattern[str]

    def keys_in(self, call: Incoming) -> tuple[str | None, ...] | None:
        """Give the step keys that the call names in the declared places, or None when it is another call."""
        match = self.path.fullmatch(call.path)
        if (call.target, call.method) != (self.target, self.request.method) or match is None:
            return None
        if self.request.body is not None and replies.fits_body(self.request.body, call.body) is not None:
            return None
        headers = (call.headers.get(name.lower()) for name, value in self.request.headers.items() if value == "{key}")
        in_path = match.groupdict().get("key")
        in_body = (_value_of(template, self.request.body, call.body) for template in ("{key}", "{saga_id}", "{step}"))
        key, saga_id, step = in_body
        return (unquote(in_path) if in_path else None, *headers, key, f"{saga_id}:{step}" if saga_id and step else None)


def _shapes(saga: Saga) -> Iterator[_Shape]:
    for step in saga.steps:
        for role in _ROLES:
            request = _request(step, role)
            if request is not None:
                yield _Shape(step.participant, step.step, role, request, _pattern(request.path))
    told = saga.policies.owner_notification
    if told is not None:
        yield _Shape(told.participant, None, Role.NOTIFICATION, told.request, _pattern(told.request.path))


def _request(step: Step, role: Role) -> Request | None:
    call = getattr(step, role.value)
    return None if call is None else call.request


def _pattern(path: str) -> re.Pattern[str]:
    """Turn a path template into a pattern for encoded paths; the step key, where it stands alone, is a group."""
    parts, seen_key, position = [], False, 0
    for match in _TOKEN.finditer(path):
        parts.append(re.escape(path[position : match.start()]))
        position = match.end()
        if match[0] in ("{{", "}}"):
            parts.append(re.escape(match[0][0]))
        elif match[0] == "{key}" and not seen_key:
            parts.append("(?P<key>[^/]+)")
            seen_key = True
        else:
            parts.append("[^/]+")
    return re.compile("".join(parts) + re.escape(path[position:]))


def _value_of(template: str, declared: Any, found: Any) -> str | None:
    """Give the text that stands where the declared JSON value has the template."""
    if declared == template:
        return found if isinstance(found, str) else None
    if isinstance(declared, Mapping) and isinstance(found, Mapping):
        inside = (_value_of(template, member, found.get(name)) for name, member in declared.items())
        return next((value for value in inside if value is not None), None)
    return None


def _split(key: str) -> tuple[str, str]:
    saga_id, _, step = key.rpartition(":")
    return saga_id, step
