"""From a request as it came back to the declared call and the values that it was made from: the reverse of `requests` (pure).

Fields, headers and query parameters that the declared call does not speak of are allowed. A participant made from a saga file
knows by this which of its calls is meant, and `lint` knows whether anybody could.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

from saga_contracts.declare import templates
from saga_contracts.declare.kinds import written
from saga_contracts.declare.saga import Request
from saga_contracts.wire import bodies
from saga_contracts.wire.requests import BuiltRequest, content_type_of
from saga_contracts.wire.unfilling import Bound, MismatchError, Pair, bound_pairs, leaves, pairs, readable

_FORM_OF_A_CALL = frozenset({"accept", "accept-encoding", "content-type"})
"""Headers that say how a call is written, not which call it is."""
Specificity = tuple[tuple[int, ...], int, int]


@dataclass(frozen=True, slots=True)
class Heard:
    """One request as a participant hears it.

    Attributes:
        path: Encoded as it was sent, without the query.
        query: Decoded pairs.
        headers: With names in lower case.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""


@dataclass(frozen=True, slots=True)
class Declared:
    """One declared call at a participant.

    Attributes:
        role: `forward`, `compensate`, `status` or `probe`.
        examples: Example values of the templates: what came as text is read as a value of the same type.
    """

    step: str
    role: str
    request: Request
    examples: Mapping[str, Any] = field(compare=False)


def heard_of(built: BuiltRequest) -> Heard:
    """Give a request as it is heard when it is sent as it was built, for the base URL ``""``."""
    headers = {name.lower(): value for name, value in built.headers}
    return Heard(built.method, built.url, built.query, headers, built.content or b"")


def meant(calls: Iterable[Declared], heard: Heard) -> list[tuple[Declared, Bound]]:
    """Give the declared calls that fit a request and ask for the most, each with the values found; none when none fits."""
    fitting = [(one, found) for one in calls if (found := bound(one, heard)) is not None]
    best = max((specificity(one.request) for one, _ in fitting), default=None)
    return [(one, found) for one, found in fitting if specificity(one.request) == best]


def specificity(request: Request) -> Specificity:
    """Count what a declared request asks for: in its path, part by part; then literal values elsewhere; then all values."""
    path = tuple(_rank(unquote(part)) for part in request.path.split("/"))
    asked = [*request.query.values(), *_told_apart_by(request).values(), *leaves(request.body)]
    literal = sum(next(templates.names_in(leaf), None) is None for leaf in asked)
    return path, literal, len(asked)


def bound(call: Declared, heard: Heard) -> Bound | None:
    """Give the values that a call was made from, or None when what came is another one."""
    request = call.request
    if request.method != heard.method:
        return None
    try:
        found = [*_in_path(request, heard), *_in_named(request, heard), *_in_body(request, heard)]
        return bound_pairs(found, call.examples, {"step": written(call.step)})
    except MismatchError:
        return None


def names_found(request: Request) -> set[str]:
    """Give the names whose values can be read off a request without a doubt."""
    parts = [unquote(part) for part in request.path.split("/")]
    texts = [*parts, *request.query.values(), *_told_apart_by(request).values(), *leaves(request.body)]
    return readable((text for text in texts if isinstance(text, str)), ("step",))


def _in_path(request: Request, heard: Heard) -> Iterator[Pair]:
    declared, found = request.path.split("/"), heard.path.split("/")
    if len(declared) != len(found):
        raise MismatchError
    for template, part in zip(declared, found, strict=True):
        yield Pair(unquote(template), unquote(part), typed=False)


def _in_named(request: Request, heard: Heard) -> Iterator[Pair]:
    for found, declared in ((dict(heard.query), request.query), (heard.headers, _told_apart_by(request))):
        for name, template in declared.items():
            if name not in found:
                raise MismatchError
            yield Pair(template, found[name], typed=False)


def _told_apart_by(request: Request) -> dict[str, str]:
    named = {name.lower(): value for name, value in request.headers.items()}
    return {name: value for name, value in named.items() if name not in _FORM_OF_A_CALL}


def _in_body(request: Request, heard: Heard) -> Iterator[Pair]:
    if request.body is None:
        return
    content_type, text = content_type_of(request), heard.content.decode("utf-8", "replace")
    if bodies.is_json(content_type):
        try:
            found = bodies.read_json(heard.content)
        except ValueError:
            raise MismatchError from None
        yield from pairs(request.body, found)
    elif isinstance(request.body, Mapping):
        fields = dict(parse_qsl(text, keep_blank_values=True))
        for name, value in request.body.items():
            if name not in fields:
                raise MismatchError
            yield Pair(bodies.as_text(value), fields[name], typed=False)
    else:
        yield Pair(request.body, text, typed=False)


def _rank(part: str) -> int:
    """Rank a part of a path: a literal, a literal with a value in it, a value."""
    if next(templates.names_in(part), None) is None:
        return 2
    return 0 if templates.whole(part) is not None else 1
