"""Published contracts as they are held against calls: the interactions of pacts, and whether a call is one of them (pure)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, unquote

from saga_contracts.wire import bodies
from saga_e2e.judge.traffic.values import Bound, Rules, differs, rules_of
from saga_e2e.proxy.shapes import Incoming
from saga_e2e.proxy.trace import Answered
from saga_verifier.replay.pact import Interaction, parties, read_pact

_LIBRARY = "library"


@dataclass(frozen=True, eq=False)
class Contract:
    """One interaction of a published pact.

    Attributes:
        name: Unlike every other one of its pact.
        source: What exercised it: `library`, `native`, or empty when the pact does not say.
        parts: Its members, as the pact says them.
        is_message: Does the provider send it, such as a callback?
    """

    consumer: str
    provider: str
    name: str
    source: str
    parts: Mapping[str, Any]
    is_message: bool

    @property
    def by_library(self) -> bool:
        """Was it only the library's own client that met it?"""
        return self.source == _LIBRARY

    def place_fits(self, sent: Incoming) -> bool:
        """Are method and path those of the contract, whatever else differs?"""
        return self._path_differs(sent, Bound()) is None

    def request_differs(self, sent: Incoming) -> str | None:
        """Say where a call differs from the contract; None when it is its request."""
        bound, request, rules = Bound(), self._request, self._rules
        found = self._path_differs(sent, bound) or _headers_differ(request, sent, rules["header"], bound)
        found = found or _query_differs(request, sent, rules["query"], bound)
        return found or _body_differs(request, sent.body, rules["body"], bound, extra=False)

    def message_differs(self, body: Any) -> str | None:
        """Say where a message's body differs from the contract; None when it is its message."""
        part = {**self.parts, "body": self.parts.get("contents")}
        return _body_differs(part, body, self._answer_rules, Bound(), extra=True)

    def answer_differs(self, answered: Answered) -> str | None:
        """Say where an answer differs from the contract's; None when it is that."""
        response = self._response
        if response.get("status", 200) != answered.status:
            return f"the status is {answered.status}, not {response.get('status', 200)}"
        return _body_differs(response, answered.body, self._answer_rules, Bound(), extra=True)

    @cached_property
    def _request(self) -> Mapping[str, Any]:
        return self._part("request")

    @cached_property
    def _response(self) -> Mapping[str, Any]:
        return self._part("response")

    @cached_property
    def _rules(self) -> Mapping[str, Rules]:
        parts = {part: rules_of(self._request, part) for part in ("path", "header", "query", "body")}
        return parts | {"path": _decoding(parts["path"])}

    @cached_property
    def _answer_rules(self) -> Rules:
        return rules_of(self.parts if self.is_message else self._response, "body")

    def _part(self, name: str) -> Mapping[str, Any]:
        part = self.parts.get(name)
        if isinstance(part, list):
            part = part[0] if part else {}
        return part if isinstance(part, Mapping) else {}

    def _path_differs(self, sent: Incoming, bound: Bound) -> str | None:
        method, path = str(self._request.get("method", "GET")).upper(), _plain(self._request.get("path"))
        if method != sent.method.upper():
            return f"the method is {sent.method}, not {method}"
        return differs(_decoded(path), _decoded(sent.path), self._rules["path"], bound, extra=False)


def contracts_of(pacts: Iterable[Any]) -> tuple[Contract, ...]:
    """Read the interactions of pact documents.

    Raises:
        ReplayError: when one is no pact, or of an unknown version.
    """
    return tuple(one for pact in pacts for one in _of(pact))


def _of(pact: Any) -> list[Contract]:
    consumer, provider = parties(pact)
    metadata = pact.get("metadata") if isinstance(pact, Mapping) else None
    ours = metadata.get("sagapact") if isinstance(metadata, Mapping) else None
    sources = ours.get("source") if isinstance(ours, Mapping) else None
    return [_contract(consumer, provider, one, sources or {}) for one in read_pact(pact, provider)]


def _contract(consumer: str, provider: str, one: Interaction, sources: Mapping[str, str]) -> Contract:
    (members,) = (one.document[part] for part in ("interactions", "messages") if part in one.document)
    return Contract(consumer, provider, one.name, sources.get(one.key or "", ""), members[0], one.is_message)


def _headers_differ(request: Mapping[str, Any], sent: Incoming, rules: Rules, bound: Bound) -> str | None:
    headers = request.get("headers")
    found = {name.lower(): value for name, value in sent.headers.items()}
    for name, value in headers.items() if isinstance(headers, Mapping) else ():
        key, expected = name.lower(), ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        if key not in found:
            return f"the header {name} is missing"
        if key == "content-type" and bodies.media_type(expected) == bodies.media_type(found[key]):
            continue
        inside = differs(expected, found[key], rules, bound, extra=False, place=(key,))
        if inside is not None:
            return f"the header {inside}"
    return None


def _query_differs(request: Mapping[str, Any], sent: Incoming, rules: Rules, bound: Bound) -> str | None:
    written = request.get("query")
    pairs = parse_qsl(written, keep_blank_values=True) if isinstance(written, str) else _pairs(written)
    expected: dict[str, list[str]] = {}
    found: dict[str, list[str]] = {}
    for told, into in ((pairs, expected), (sent.query, found)):
        for name, value in told:
            into.setdefault(name, []).append(value)
    if expected.keys() != found.keys():
        return f"the query has {', '.join(sorted(found)) or 'nothing'}, not {', '.join(sorted(expected)) or 'nothing'}"
    inside = (differs(expected[name][0], found[name][0], rules, bound, extra=False, place=(name,)) for name in expected)
    return next((f"the query {one}" for one in inside if one is not None), None)


def _body_differs(part: Mapping[str, Any], found: Any, rules: Rules, bound: Bound, *, extra: bool) -> str | None:
    if "body" not in part or part["body"] is None:
        return None
    return differs(_content(part["body"]), found, rules, bound, extra=extra)


def _content(body: Any) -> Any:
    """Give a body as it is compared: version 4 writes its kind beside its content."""
    if isinstance(body, Mapping) and "content" in body and {"contentType", "encoded"} & set(body):
        return body["content"]
    return body


def _plain(path: Any) -> str:
    return str(path.get("value", "")) if isinstance(path, Mapping) else str(path or "/")


def _decoded(path: str) -> str:
    return "/".join(unquote(part) for part in path.partition("?")[0].split("/"))


def _decoding(rules: Rules) -> Rules:
    return Rules(rules.matchers, {place: _decoded(told) for place, told in rules.variables.items()})


def _pairs(written: Any) -> list[tuple[str, str]]:
    if not isinstance(written, Mapping):
        return []
    return [(name, str(one)) for name, value in written.items() for one in (value if isinstance(value, list) else [value])]
