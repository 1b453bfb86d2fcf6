"""Reads steps off from examples of traffic: exchanges of a pact file or a recording, with concrete paths and values (pure).

A value that an earlier reply held is taken for an output, a value of the forward call for the same field of the payload. Values
under names of secrets are never taken over.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from saga_contracts.declare.templates import LIKE
from saga_contracts.errors import UsageError
from saga_contracts.rim.redact import is_secret_name
from saga_contracts.start import samples
from saga_contracts.start.choosing import ROLES, Choice, Operation
from saga_contracts.start.formats.paths import PLACE, general, values
from saga_contracts.start.told import KEY_HEADER, Answer, Call, Field, Step, Told, literal, literals, plain_name, step_name
from saga_contracts.wire import bodies

_SHORTEST = 4
"""A shorter value is found in other places by chance."""
_GOOD = range(200, 300)
_UNASKED = re.compile(
    r":.*|accept.*|authorization|cache-control|connection|content-.*|cookie|dnt|host|if-.*|origin|pragma|priority|proxy-.*|referer"
    r"|sec-.*|te|traceparent|tracestate|transfer-encoding|upgrade.*|user-agent|x-forwarded-.*",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Exchange:
    """One request with its answer. `reply` is the body as a reply declares it, `plain` the same with its example values."""

    participant: str
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any
    answer: Answer
    plain: Any
    name: str = ""
    left: list[str] = field(default_factory=list)
    """What of it could not be read, in words."""


def operations(found: Sequence[Exchange]) -> list[Operation]:
    """Give what can be chosen: each method with each path, whose segments that look like ids are `{id}`."""
    known: dict[Operation, None] = {}
    for one in found:
        known.setdefault(Operation(one.method, general(one.path)))
    return list(known)


def step_of(choice: Choice, found: Sequence[Exchange], told: Told, source: str) -> Step:
    """Read one step that was chosen.

    Raises:
        UsageError: when no exchange is such a call.
    """
    own = [one for one in found if choice.participant in (None, one.participant)]
    chosen = {role: _chosen(choice.calls[role], own or found, source) for role in ROLES if role in choice.calls}
    participant = choice.participant or chosen["forward"][1][0].participant
    step = Step(choice.step, participant, f"{source}: {' | '.join(choice.calls.values())}")
    for role, (path, exchanges) in chosen.items():
        setattr(step, role, _Reader(step, told, path, exchanges).call())
    return step


def general_schema(value: Any) -> dict[str, Any]:
    """Give the type of a value as a schema."""
    kinds = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return {"type": kinds[type(value)]} if type(value) in kinds else {}


def _chosen(word: str, found: Sequence[Exchange], source: str) -> tuple[str, list[Exchange]]:
    method, _, path = word.partition(" ")
    path = path.strip()
    named = [one for one in found if one.name and one.name == word]
    if named:
        return named[0].path, named
    alike = [one for one in found if one.method == method.upper() and values(path, one.path) is not None]
    if not alike:
        shown = "\n".join(f"  {one}" for one in operations(found)[:60])
        raise UsageError(f"{source} has no call {word!r}. It holds:\n{shown}\nName one of these.")
    return path, alike


class _Reader:
    """Reads one call of a step off from the exchanges that show it."""

    def __init__(self, step: Step, told: Told, path: str, found: list[Exchange]) -> None:
        self.step, self.told, self.path, self.found = step, told, path, found
        self.first = next((one for one in found if one.answer.status in _GOOD), found[0])
        self.made = Call(self.first.method, path, f"{self.first.method} {path}")

    def call(self) -> Call:
        """Read the call."""
        found = values(self.path, self.first.path) or {}
        pieces = PLACE.split(self.path)
        fillings = [self._in_path(name, found[name]) for name in pieces[1::2]]
        between = [literal(one) for one in pieces[::2]]
        self.made.path = "".join([between[0], *(f"{one}{after}" for one, after in zip(fillings, between[1:], strict=True))])
        self.made.query = {name: self._known(value, name) for name, value in self.first.query.items()}
        self._headers()
        self._body()
        own = self.first.body if isinstance(self.first.body, dict) else {}
        self.made.names = {name.lower() for name in (*self.first.headers, *self.first.query, *own)}
        self.made.answers = list(self._answers())
        left = sorted({one for each in self.found for one in each.left})
        self.made.questions += [f"{one}: what stands there?" for one in left]
        return self.made

    def _in_path(self, name: str, value: str) -> str:
        """Give what fills a place of the path: what the forward call or its reply tells, by value or by name, or ask."""
        forward = self.step.forward
        filled = self._known(value, name)
        if forward is None or not filled.startswith("{payload.") or filled in repr([forward.path, forward.query, forward.body]):
            return filled
        named = next(
            (one for one in forward.answers if one.status in _GOOD and isinstance(one.body, dict) and name in one.body), None
        )
        if named is None:
            self.made.questions.append(
                f"By what is {{{name}}} known here? No reply of the forward call has this value or this name."
            )
            return filled
        self.told.forget(filled)
        self.step.outputs[step_name(name)] = f"/{name}"
        self.made.guesses.append(f"{{{name}}} is the field `{name}` of the forward call's reply.")
        return f"{{outputs.{self.step.name}.{step_name(name)}}}"

    def _headers(self) -> None:
        odd = []
        for name, value in self.first.headers.items():
            if KEY_HEADER.fullmatch(name) and not is_secret_name(name):
                self.made.headers[name] = "{key}"
            elif name.lower() == "content-type" and not bodies.is_json(value):
                self.made.headers[name] = literal(bodies.media_type(value))
            elif not _UNASKED.fullmatch(name) and not is_secret_name(name):
                odd.append(name)
        if odd:
            self.made.questions.append(f"These headers were sent, too: {', '.join(sorted(odd)[:20])}. Which of them are needed?")

    def _body(self) -> None:
        body = self.first.body
        if isinstance(body, dict):
            self.made.body = {name: self._known(value, name) for name, value in body.items() if not name.startswith("$")}
        elif body is not None:
            self.made.body = self._known(body, f"{self.step.name}_body")

    def _known(self, value: Any, name: str) -> str:
        """Give the template for a value: what an earlier reply held, or a field of the payload."""
        output = self._output(value)
        if output is not None:
            return output
        for known, one in self.told.payload.items():
            if self.step.forward is not None and one.example == value and _is_telling(value) and not is_secret_name(known):
                return f"{{payload.{known}}}"
        schema = general_schema(value)
        if is_secret_name(name):
            self.made.questions.append(
                f"The value of `{name}` is not taken over, since it may be a secret. What may stand there?"
            )
            return self.told.field(name, samples.sample(schema), self.step.name)
        known_field = self.told.payload.get(plain_name(name))
        own = f"{self.step.name}_{name}" if known_field is not None and known_field.example != value else name
        return self.told.field(own, Field(schema, value, made_up=False), self.step.name)

    def _output(self, value: Any) -> str | None:
        if not _is_telling(value):
            return None
        if any(one.example == value for one in self.told.payload.values()):
            return None
        for step in (self.step, *reversed(self.told.steps)):
            for answer in step.forward.answers if step.forward is not None else ():
                name = _holding(answer, value)
                if name is not None:
                    step.outputs[step_name(name)] = f"/{name}"
                    self.made.guesses.append(f"`{name}` of the reply of {step.name} has this value, too.")
                    return f"{{outputs.{step.name}.{step_name(name)}}}"
        return None

    def _answers(self) -> Iterator[Answer]:
        seen: set[int] = set()
        for one in (self.first, *self.found):
            if one.answer.status not in seen:
                seen.add(one.answer.status)
                yield replace(one.answer, states=self._states(one.answer), body=self._given_back(one))

    def _given_back(self, one: Exchange) -> Any:
        """Put fields of the payload where a reply holds their values under their names."""
        body, sent = one.answer.body, one.body if isinstance(one.body, dict) else {}
        if not isinstance(body, dict) or LIKE in body:
            return body
        own = self.made.body if isinstance(self.made.body, dict) else {}
        echoed = {name for name, value in body.items() if name in own and name in sent and literals(sent[name]) == value}
        return {name: own[name] if name in echoed else value for name, value in body.items()}

    def _states(self, answer: Answer) -> tuple[tuple[str, dict[str, Any]], ...] | None:
        """Put fields of the payload where a precondition names their values."""
        if answer.states is None:
            return None
        return tuple(
            (state, {name: self._in_state(name, one) for name, one in params.items()}) for state, params in answer.states
        )

    def _in_state(self, name: str, value: Any) -> Any:
        for known, one in self.told.payload.items():
            if one.example == value and type(one.example) is type(value) and (known == plain_name(name) or _is_telling(value)):
                return f"{{payload.{known}}}"
        return value


def _holding(answer: Answer, value: Any) -> str | None:
    """Give the field of a reply's body that has a value."""
    body = answer.body if isinstance(answer.body, dict) and answer.status in _GOOD else {}
    for name, one in body.items():
        plain = one.get(LIKE) if isinstance(one, dict) and set(one) == {LIKE} else one
        if plain == value and type(plain) is type(value) and "/" not in name and "~" not in name:
            return str(name)
        if isinstance(value, str) and isinstance(plain, int) and not isinstance(plain, bool) and str(plain) == value:
            return str(name)
    return None


def _is_telling(value: Any) -> bool:
    """Is a value so particular that the same one elsewhere is no chance?"""
    return (isinstance(value, str) and len(value) >= _SHORTEST) or (
        isinstance(value, int) and not isinstance(value, bool) and len(str(value)) >= _SHORTEST
    )
