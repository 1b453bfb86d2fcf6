"""What the call of a case must look like: its values, and beside each the expression that a verifier fills anew (pure).

In a pact, `${order_id}` in an expression is a value that the state `a fresh step key for SAGA/STEP` gives. The mock provider
and the verifier of Pact take paths as they stand, so a value in a path stands there percent-encoded; where its example needs
that, the expression asks for `${order_idInPath}`, which is the fresh value, percent-encoded. Any other value is asked for by
its own name.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from saga_contracts.declare import templates
from saga_contracts.declare.saga import Request, Saga
from saga_contracts.derive.examples import IN_PATH, example_context, generator_context
from saga_contracts.errors import UsageError
from saga_contracts.exercise.served import targets
from saga_contracts.wire import bodies
from saga_contracts.wire.bodies import as_text
from saga_contracts.wire.requests import content_type_of, in_path

_NAME = re.compile(r"\$\{([^}]+)\}")
_Write = Callable[[Any, Any], tuple[str, str]]
"""Writes a value of the example, and the expression in its place."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value of the example, and how it is made anew; both are equal when it is the same each time."""

    shown: Any
    expression: Any

    @property
    def is_fresh(self) -> bool:
        """Is it another one each time?"""
        return bool(self.shown != self.expression)


@dataclass(frozen=True, slots=True)
class Expected:
    """The call of a case.

    Attributes:
        path: Percent-encoded.
        query: Names and values, not encoded.
        headers: The declared ones and those of the correlation.
        body: A JSON value with a `Value` at each leaf; None for no body.
        content_type: The body's media type.
    """

    method: str
    path: Value
    query: tuple[tuple[str, Value], ...]
    headers: tuple[tuple[str, Value], ...]
    body: Any
    content_type: str = bodies.JSON

    @property
    def shown_content(self) -> bytes:
        """The body of the example as it is sent."""
        return bodies.write(self.shown_body, self.content_type) or b""

    @property
    def shown_body(self) -> Any:
        """The body of the example."""
        return _shown(self.body)


def expected_call(saga: Saga, step: str, request: Request) -> Expected:
    """Write out the call of a case.

    Raises:
        UsageError: when the example cannot stand in the path.
    """
    headers = {**request.headers, **saga.correlation.sent}
    contexts = _Contexts(example_context(saga, saga.step(step)), generator_context(saga, saga.step(step)))
    return Expected(
        method=request.method,
        path=_path(f"{saga.saga}/{step}", request.path, contexts),
        query=tuple((name, contexts.text(value, _as_text)) for name, value in request.query.items()),
        headers=tuple((name, contexts.text(value, _as_text)) for name, value in headers.items()),
        body=None if request.body is None else contexts.tree(request.body),
        content_type=content_type_of(request),
    )


@dataclass(frozen=True, slots=True)
class _Contexts:
    """The values of the example, and the expressions in their places."""

    example: Mapping[str, Any]
    fresh: Mapping[str, Any]

    def text(self, template: str, write: _Write) -> Value:
        """Fill a text; only the values that it names are written."""
        names = set(templates.names_in(template))
        pairs = {name: write(templates.look_up(name, self.example), templates.look_up(name, self.fresh)) for name in names}
        shown, expression = (_nested({name: pair[index] for name, pair in pairs.items()}) for index in (0, 1))
        return Value(str(templates.fill(template, shown)), str(templates.fill(template, expression)))

    def tree(self, body: Any) -> Any:
        """Fill a body, leaf by leaf; each value keeps its type."""
        if isinstance(body, Mapping):
            return {name: self.tree(member) for name, member in body.items()}
        if isinstance(body, list | tuple):
            return [self.tree(member) for member in body]
        return Value(templates.fill(body, self.example), templates.fill(body, self.fresh))


def _path(where: str, template: str, contexts: _Contexts) -> Value:
    try:
        path = contexts.text(template, _in_path)
    except templates.TemplateError as error:
        raise UsageError(f"The path {template} of {where} cannot be written. {error} Mend the payload's example.") from None
    folder = targets.dot_segment(path.shown)
    if folder is not None:
        raise UsageError(
            f"The path {path.shown} of {where} holds the segment {folder!r}, which HTTP libraries and Pact's verifier "
            "take for a folder and remove. Give the payload's example another value there."
        )
    return Value(targets.encoded(path.shown), targets.encoded(path.expression))


def _as_text(value: Any, asked: Any) -> tuple[str, str]:
    return as_text(value), as_text(asked)


def _in_path(value: Any, asked: Any) -> tuple[str, str]:
    shown = in_path(value)
    if value == asked:
        return shown, shown
    return shown, str(asked) if shown == as_text(value) else _NAME.sub(rf"${{\1{IN_PATH}}}", str(asked))


def _nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Give `{"a.b": 1}` as `{"a": {"b": 1}}`."""
    root: dict[str, Any] = {}
    for dotted, value in values.items():
        *parents, last = dotted.split(".")
        place = root
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = value
    return root


def _shown(body: Any) -> Any:
    if isinstance(body, Value):
        return body.shown
    if isinstance(body, Mapping):
        return {name: _shown(member) for name, member in body.items()}
    return [_shown(member) for member in body] if isinstance(body, list) else body
