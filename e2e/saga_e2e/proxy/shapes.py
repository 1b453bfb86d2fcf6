"""The declared requests of a saga, ready to be compared with a call as it came (pure).

What templates stand for is not known here, so that any value fits where a template stands; whether it is the right value is
judged later, by `judge.conformance`.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from saga_contracts.declare import templates
from saga_contracts.declare.saga import Request, Saga, Step
from saga_contracts.wire import replies
from saga_contracts.wire.bodies import media_type
from saga_e2e.derive.faults import CALL_IN_WORDS, Role

_TOKEN = re.compile(rf"\{{\{{|\}}\}}|\{{{templates.NAME}\}}")
_GROUPS = ("{key}", "{saga_id}", "{step}")
_ROLES = (Role.FORWARD, Role.COMPENSATE, Role.STATUS, Role.PROBE)


@dataclass(frozen=True, slots=True)
class Incoming:
    """One HTTP request as it came.

    Attributes:
        target: Whom it is for: a participant's name or the saga service's.
        path: Percent-encoded, without the query.
        headers: With names in lower case.
        body: The JSON value; None when there is none.
        query: Names and values, decoded.
    """

    target: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: Any
    query: tuple[tuple[str, str], ...] = ()

    @property
    def line(self) -> str:
        """Method and path, bounded."""
        return f"{self.method} {self.path}"[:500]


@dataclass(frozen=True, slots=True)
class Shape:
    """One declared request.

    Attributes:
        step: Whose; None: the call may be about any step.
    """

    target: str
    step: str | None
    role: Role
    request: Request
    segments: tuple[re.Pattern[str], ...]

    @property
    def text(self) -> str:
        """Which call it is, in words."""
        whose = f" of {self.step}" if self.step else ""
        return f"{CALL_IN_WORDS[self.role]}{whose} ({self.request.method} {self.request.path})"

    def is_at(self, call: Incoming) -> bool:
        """Have the call and the declared request the same method and path?"""
        return self.request.method == call.method and self._match(call) is not None

    def differences(self, call: Incoming) -> tuple[str, ...]:
        """Say in sentences where the call is not the declared request; none: it is."""
        found = [
            None if call.method == self.request.method else f"The method is {call.method} instead of {self.request.method}.",
            None if self._match(call) is not None else f"The path is {call.path[:200]} instead of {self.request.path}.",
            *self._in_query(call),
            *self._in_headers(call),
            None if self.request.body is None else replies.fits_body(self.request.body, call.body),
        ]
        return tuple(one for one in found if one is not None)

    def key_in(self, call: Incoming) -> str:
        """Give the step key that stands in one of the declared places; empty when none does."""
        matches = self._match(call) or ()
        in_path = next((match["key"] for match in matches if match.groupdict().get("key")), None)
        in_headers = (call.headers.get(name.lower()) for name, value in self.request.headers.items() if value == "{key}")
        return next((one for one in (in_path, *in_headers, self._named_in(call, "{key}")) if one), "")

    def pair_in(self, call: Incoming) -> tuple[str, str] | None:
        """Give saga id and step as they stand in the path, or else in body, query or headers; None when one is missing."""
        groups = {name: text for match in self._match(call) or () for name, text in match.groupdict().items() if text}
        saga_id, step = (groups.get(name) or self._named_in(call, f"{{{name}}}") for name in ("saga_id", "step"))
        return (saga_id, step) if saga_id and step else None

    def _named_in(self, call: Incoming, template: str) -> str | None:
        """Give what stands where the body, the query or a header is this template and nothing else."""
        headers = {name.lower(): value for name, value in self.request.headers.items()}
        places = ((self.request.body, call.body), (self.request.query, dict(call.query)), (headers, call.headers))
        return next((found for declared, sent in places if (found := value_of(template, declared, sent)) is not None), None)

    def _match(self, call: Incoming) -> list[re.Match[str]] | None:
        parts = [unquote(part) for part in call.path.split("/")]
        if len(parts) != len(self.segments):
            return None
        matches = [pattern.fullmatch(part) for pattern, part in zip(self.segments, parts, strict=True)]
        found = [match for match in matches if match is not None]
        return found if len(found) == len(matches) else None

    def _in_query(self, call: Incoming) -> Iterator[str]:
        declared, sent = self.request.query, Counter(name for name, _ in call.query)
        for name, text in declared.items():
            values = [value for one, value in call.query if one == name]
            if not any(_pattern(text).fullmatch(value) for value in values):
                yield f"The query parameter {name} is {'not the declared one' if values else 'missing'}."
        for name in sorted(name for name, count in sent.items() if name not in declared or count > 1):
            yield f"The query parameter {name} is {'there more than once' if name in declared else 'not declared'}."

    def _in_headers(self, call: Incoming) -> Iterator[str]:
        for name, text in self.request.headers.items():
            value = call.headers.get(name.lower())
            if value is None or not any(_pattern(text).fullmatch(one) for one in readings_of_header(name, value)):
                yield f"The header {name} is {'missing' if value is None else 'not the declared one'}."


def shapes_of(saga: Saga, service: str) -> Iterator[Shape]:
    """Give every declared request of a saga.

    Args:
        saga: The saga.
        service: The name of the saga service, which is called back.
    """
    for step in saga.steps:
        for role in _ROLES:
            call = getattr(step, role.value)
            if call is not None and call.request is not None:
                yield Shape(step.participant, step.step, role, call.request, _segments(call.request.path))
        yield from _callback(step, service)
    told = saga.policies.owner_notification
    if told is not None:
        yield Shape(told.participant, None, Role.NOTIFICATION, told.request, _segments(told.request.path))


def readings_of_header(name: str, value: str) -> tuple[str, ...]:
    """Give the texts that a header's value may be compared as: a media type may have parameters that nobody declared."""
    texts = (value.strip(), media_type(value)) if name.lower() == "content-type" else (value.strip(),)
    return tuple(dict.fromkeys(texts))


def value_of(template: str, declared: Any, found: Any) -> str | None:
    """Give the text that stands where the declared JSON value has the template; None when none does."""
    if declared == template:
        return found if isinstance(found, str) else None
    inside: Iterator[str | None] = iter(())
    if isinstance(declared, Mapping) and isinstance(found, Mapping):
        inside = (value_of(template, member, found.get(name)) for name, member in declared.items())
    elif isinstance(declared, list | tuple) and isinstance(found, list | tuple):
        inside = (value_of(template, member, value) for member, value in zip(declared, found, strict=False))
    return next((value for value in inside if value is not None), None)


def _callback(step: Step, service: str) -> Iterator[Shape]:
    if step.callback is not None:
        yield Shape(service, step.step, Role.CALLBACK, step.callback.request, _segments(step.callback.request.path))


def _segments(path: str) -> tuple[re.Pattern[str], ...]:
    return tuple(_pattern(unquote(part), least="+") for part in path.split("/"))


def _pattern(text: str, least: str = "*") -> re.Pattern[str]:
    """Turn a text with templates into a pattern; the first step key, saga id and step in it are groups."""
    parts, seen, position = [], set[str](), 0
    for match in _TOKEN.finditer(text):
        parts.append(re.escape(text[position : match.start()]))
        position = match.end()
        if match[0] in ("{{", "}}"):
            parts.append(re.escape(match[0][0]))
        elif match[0] in _GROUPS and match[0] not in seen:
            parts.append(f"(?P<{match[0][1:-1]}>.{least})")
            seen.add(match[0])
        else:
            parts.append(f".{least}")
    return re.compile("".join(parts) + re.escape(text[position:]), re.DOTALL)
