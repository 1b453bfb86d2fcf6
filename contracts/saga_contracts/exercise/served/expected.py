"""What the call of a case must look like: its values, and beside each the expression that a verifier fills anew (pure).

In a pact, `${order_id}` in an expression is a value that the state `a fresh step key for SAGA/STEP` gives. The mock provider
and the verifier of Pact take paths as they stand, so a value in a path stands there percent-encoded; where its example needs
that, the expression asks for `${order_idInPath}`, which is the fresh value, percent-encoded. Any other value is asked for by
its own name.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from saga_contracts.declare import templates
from saga_contracts.declare.saga import Request, Saga
from saga_contracts.derive.examples import example_context, generator_context, path_generator_context
from saga_contracts.errors import UsageError
from saga_contracts.exercise.served import targets
from saga_contracts.wire import bodies
from saga_contracts.wire.requests import content_type_of, in_path


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
        content_type: The media type of the body.
    """

    method: str
    path: Value
    query: tuple[tuple[str, Value], ...]
    headers: tuple[tuple[str, Value], ...]
    body: Any
    content_type: str

    @property
    def shown_body(self) -> Any:
        """The body of the example."""
        return _shown(self.body)


def expected_call(saga: Saga, step: str, request: Request) -> Expected:
    """Write out the call of a case.

    Raises:
        UsageError: when the example cannot stand in the path.
    """
    declared = saga.step(step)
    example, fresh = example_context(saga, declared), generator_context(saga, declared)

    def text(template: str) -> Value:
        return _text(template, example, fresh, bodies.as_text)

    return Expected(
        method=request.method,
        path=_path(f"{saga.saga}/{step}", request.path, example, path_generator_context(saga, declared)),
        query=tuple((name, text(value)) for name, value in request.query.items()),
        headers=tuple((name, _trimmed(text(value))) for name, value in {**request.headers, **saga.correlation.sent}.items()),
        body=None if request.body is None else _tree(request.body, example, fresh),
        content_type=content_type_of(request),
    )


def _trimmed(value: Value) -> Value:
    """Give the value of a header as it arrives: HTTP takes blanks around it away."""
    return Value(value.shown.strip(" \t"), value.expression.strip(" \t"))


def _path(where: str, template: str, example: Mapping[str, Any], fresh: Mapping[str, Any]) -> Value:
    try:
        path = _text(template, example, fresh, in_path)
    except templates.TemplateError as error:
        raise UsageError(f"The path {template} of {where} cannot be written. {error} Mend the payload's example.") from None
    folder = targets.dot_segment(path.shown)
    if folder is not None:
        raise UsageError(
            f"The path {path.shown} of {where} holds the segment {folder!r}, which HTTP libraries and Pact's verifier "
            "take for a folder and remove. Give the payload's example another value there."
        )
    return Value(targets.encoded(path.shown), targets.encoded(path.expression))


def _text(template: str, example: Mapping[str, Any], fresh: Mapping[str, Any], write: Callable[[Any], str]) -> Value:
    """Fill a text by written values; a fresh one stands in the expression as it is asked for."""
    shown, expression = {}, {}
    for name in set(templates.names_in(template)):
        value, asked = templates.look_up(name, example), templates.look_up(name, fresh)
        shown[name] = write(value)
        expression[name] = shown[name] if value == asked else str(asked)
    return Value(str(templates.fill(template, _nested(shown))), str(templates.fill(template, _nested(expression))))


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


def _tree(body: Any, example: Mapping[str, Any], fresh: Mapping[str, Any]) -> Any:
    """Fill a body, leaf by leaf; each value keeps its type."""
    if isinstance(body, Mapping):
        return {name: _tree(member, example, fresh) for name, member in body.items()}
    if isinstance(body, list | tuple):
        return [_tree(member, example, fresh) for member in body]
    return _paired(templates.fill(body, example), templates.fill(body, fresh))


def _paired(shown: Any, expression: Any) -> Any:
    """Give the leaves of a value that may be a whole object of the payload: some of its fields may be fresh."""
    if isinstance(shown, Mapping):
        return {name: _paired(member, expression[name]) for name, member in shown.items()}
    if isinstance(shown, list | tuple):
        return [_paired(*both) for both in zip(shown, expression, strict=True)]
    return Value(shown, expression)


def _shown(body: Any) -> Any:
    if isinstance(body, Value):
        return body.shown
    if isinstance(body, Mapping):
        return {name: _shown(member) for name, member in body.items()}
    return [_shown(member) for member in body] if isinstance(body, list) else body
