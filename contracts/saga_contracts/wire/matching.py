"""From a request as it came back to the values that it was made from: the reverse of `requests` (pure).

A declared request is a template; what came fits it when every literal part is there, and each name of a template has one value
wherever it stands. Fields, headers and query parameters that the template does not speak of are allowed. A participant made from
a saga file knows by this which of its calls is meant, and `lint` knows whether anybody could.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

from saga_contracts.declare import templates
from saga_contracts.declare.saga import Request
from saga_contracts.wire import bodies
from saga_contracts.wire.likeness import kind, same
from saga_contracts.wire.requests import BuiltRequest, content_type_of

Bound = dict[str, Any]
"""Values by their dotted names, such as `payload.order_id`; what an object holds stands under names of its own."""
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
    found = [(one, bound(one.request, heard, one.examples)) for one in calls]
    fitting = [(one, values) for one, values in found if values is not None and values.get("step", one.step) == one.step]
    best = max((specificity(one.request) for one, _ in fitting), default=None)
    return [(one, found) for one, found in fitting if specificity(one.request) == best]


def specificity(request: Request) -> Specificity:
    """Count what a declared request asks for: in its path, part by part; then literal values elsewhere; then values of any kind."""
    path = tuple(_rank(unquote(part)) for part in request.path.split("/"))
    leaves = [*request.query.values(), *_told_apart_by(request).values(), *_leaves(request.body)]
    literal = sum(next(templates.names_in(leaf), None) is None for leaf in leaves)
    return path, literal, len(leaves)


def bound(request: Request, heard: Heard, examples: Mapping[str, Any]) -> Bound | None:
    """Give the values from which a declared request was made, or None when what came is another one.

    Args:
        request: The declared request.
        heard: What came.
        examples: As in `Declared`.
    """
    if request.method != heard.method:
        return None
    try:
        return _bound([*_in_path(request, heard), *_in_named(request, heard), *_in_body(request, heard)], examples)
    except _MismatchError:
        return None


def bound_value(declared: Any, found: Any, examples: Mapping[str, Any]) -> Bound | None:
    """Give the values from which a JSON value was made, or None when it was made from another template."""
    try:
        return _bound(list(_pairs(declared, found)), examples)
    except _MismatchError:
        return None


def names_found(request: Request) -> set[str]:
    """Give the names whose values can be read off a request without a doubt."""
    texts = [*(unquote(part) for part in request.path.split("/")), *request.query.values(), *_told_apart_by(request).values()]
    return _names_found([*texts, *(leaf for leaf in _leaves(request.body) if isinstance(leaf, str))])


def names_found_in(value: Any) -> set[str]:
    """Give the names whose values can be read off a JSON value that was made from this one, without a doubt."""
    return _names_found([leaf for leaf in _leaves(value) if isinstance(leaf, str)])


def agree(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Have the names that both know the same values?"""
    return all(same(value, other[name]) for name, value in one.items() if name in other)


def as_context(found: Mapping[str, Any]) -> dict[str, Any]:
    """Give values by dotted names as templates look them up: nested.

    >>> as_context({"key": "k", "payload.user.id": 1})
    {'key': 'k', 'payload': {'user': {'id': 1}}}
    """
    context: dict[str, Any] = {}
    for dotted, value in found.items():
        *parents, last = dotted.split(".")
        at = context
        for part in parents:
            at = at.setdefault(part, {})
        at[last] = value
    return context


class _MismatchError(Exception):
    """What came was not made from the template (inside this module only)."""


@dataclass(frozen=True, slots=True)
class _Pair:
    """A text with templates and what stood in its place; `typed`: with its JSON type, not written out."""

    template: str
    found: Any
    typed: bool


def _in_path(request: Request, heard: Heard) -> Iterator[_Pair]:
    declared, found = request.path.split("/"), heard.path.split("/")
    if len(declared) != len(found):
        raise _MismatchError
    for template, part in zip(declared, found, strict=True):
        yield _Pair(unquote(template), unquote(part), typed=False)


def _in_named(request: Request, heard: Heard) -> Iterator[_Pair]:
    query = dict(heard.query)
    named = [(query, request.query), (heard.headers, _told_apart_by(request))]
    for found, declared in named:
        for name, template in declared.items():
            if name not in found:
                raise _MismatchError
            yield _Pair(template, found[name], typed=False)


def _told_apart_by(request: Request) -> dict[str, str]:
    named = {name.lower(): value for name, value in request.headers.items()}
    return {name: value for name, value in named.items() if name not in _FORM_OF_A_CALL}


def _in_body(request: Request, heard: Heard) -> Iterator[_Pair]:
    if request.body is None:
        return
    content_type = content_type_of(request)
    if isinstance(request.body, Mapping) and bodies.media_type(content_type) == bodies.FORM:
        text = heard.content.decode("utf-8", "replace")
        fields = dict(parse_qsl(text, keep_blank_values=True))
        for name, value in request.body.items():
            if name not in fields:
                raise _MismatchError
            yield _Pair(value if isinstance(value, str) else bodies.as_text(value), fields[name], typed=False)
    elif bodies.is_json(content_type):
        try:
            found = bodies.read_json(heard.content)
        except ValueError:
            raise _MismatchError from None
        yield from _pairs(request.body, found)
    else:
        yield _Pair(request.body, heard.content.decode("utf-8", "replace"), typed=False)


def _pairs(declared: Any, found: Any) -> Iterator[_Pair]:
    if isinstance(declared, str):
        yield _Pair(declared, found, typed=True)
    elif isinstance(declared, Mapping):
        if not isinstance(found, Mapping) or not declared.keys() <= found.keys():
            raise _MismatchError
        for name, member in declared.items():
            yield from _pairs(member, found[name])
    elif isinstance(declared, list | tuple):
        if not isinstance(found, list) or len(found) != len(declared):
            raise _MismatchError
        for member, value in zip(declared, found, strict=True):
            yield from _pairs(member, value)
    elif not same(declared, found):
        raise _MismatchError


def _bound(pairs: Sequence[_Pair], examples: Mapping[str, Any]) -> Bound:
    """Find the values: first those that stand alone with their type, then those in texts, the clearest text first."""
    typed: Bound = {}
    texts: list[tuple[str, str]] = []
    for pair in pairs:
        name = templates.whole(pair.template) if pair.typed else None
        if name is None:
            if not isinstance(pair.found, str):
                raise _MismatchError
            texts.append((pair.template, pair.found))
        elif not same(typed.setdefault(name, pair.found), pair.found):
            raise _MismatchError
    written: dict[str, str] = {}
    while texts:
        texts.sort(key=lambda one: len(_unknown(one[0], typed, written)))
        written |= _read(*texts.pop(0), typed, written)
    found = typed | {name: _value(name, text, examples) for name, text in written.items()}
    return dict(_flat(found))


def _unknown(template: str, typed: Mapping[str, Any], written: Mapping[str, str]) -> set[str]:
    return {name for name in templates.names_in(template) if name not in typed and name not in written}


def _read(template: str, text: str, typed: Mapping[str, Any], written: Mapping[str, str]) -> dict[str, str]:
    """Give the texts of the names that are not known yet."""
    pattern, groups = "", {}
    for literal, name in templates.parts(template):
        pattern += re.escape(literal)
        if not name:
            continue
        if name in written:
            pattern += re.escape(written[name])
        elif name in typed:
            ways = {bodies.as_text(typed[name]), str(typed[name])}
            pattern += f"(?:{'|'.join(re.escape(way) for way in ways)})"
        else:
            known = name in groups
            group = groups.setdefault(name, f"g{len(groups)}")
            pattern += f"(?P={group})" if known else f"(?P<{group}>.*?)"
    found = re.fullmatch(pattern, text, re.DOTALL)
    if found is None:
        raise _MismatchError
    return {name: found[group] for name, group in groups.items()}


def _value(name: str, text: str, examples: Mapping[str, Any]) -> Any:
    """Read a text as a value of the example's type; what is none stays a text."""
    try:
        example = templates.look_up(name, examples)
    except templates.TemplateError:
        return text
    if isinstance(example, str):
        return text
    by_python = {"True": True, "False": False, "None": None}
    try:
        value = by_python[text] if text in by_python else bodies.read_json(text.encode())
    except ValueError:
        return text
    return value if kind(value) == kind(example) else text


def _flat(found: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in found.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _names_found(texts: Iterable[str]) -> set[str]:
    found: set[str] = set()
    while more := {name for text in texts for name in _only({*templates.names_in(text)} - found)}:
        found |= more
    return found


def _only(names: set[str]) -> set[str]:
    return names if len(names) == 1 else set()


def _rank(part: str) -> int:
    """Rank a part of a path: a literal, a literal with a value in it, a value."""
    if next(templates.names_in(part), None) is None:
        return 2
    return 0 if templates.whole(part) is not None else 1


def _leaves(value: Any) -> list[Any]:
    if value is None:
        return []
    if isinstance(value, Mapping):
        return [leaf for member in value.values() for leaf in _leaves(member)]
    if isinstance(value, list | tuple):
        return [leaf for member in value for leaf in _leaves(member)]
    return [value]
