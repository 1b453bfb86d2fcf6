"""Reads pact files of any language (version 1 to 4): request and answer of each interaction, its matchers and its states.

A value under a matcher may be any of its type, one without is literal. The provider's states become the preconditions.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

from pydantic import BaseModel, Field, ValidationError, field_validator

from saga_contracts.declare.templates import LIKE
from saga_contracts.errors import UsageError
from saga_contracts.start.formats.exchanges import Exchange
from saga_contracts.start.told import Answer, literals, small


class _Party(BaseModel):
    name: str


class _State(BaseModel):
    name: str
    params: dict[str, Any] | None = None


class _Message(BaseModel):
    """What a request and a response have in common; a body of version 4 says its kind beside its content."""

    headers: dict[str, Any] | None = None
    body: Any = None
    matching: dict[str, Any] | None = Field(default=None, alias="matchingRules")


class _Request(_Message):
    method: str
    path: str
    query: Any = None

    @field_validator("path", mode="before")
    @classmethod
    def _plain(cls, value: Any) -> Any:
        return value.get("value", value) if isinstance(value, dict) else value


class _Response(_Message):
    status: int


class _Interaction(BaseModel):
    type: str = "Synchronous/HTTP"
    description: str = ""
    states: list[_State] | None = Field(default=None, alias="providerStates")
    state: str | None = Field(default=None, alias="providerState")
    old_state: str | None = Field(default=None, alias="provider_state")
    request: _Request | None = None
    response: _Response | None = None


class _Pact(BaseModel):
    consumer: _Party
    provider: _Party
    interactions: list[_Interaction] = []
    messages: list[Any] = []


def consumer_of(content: dict[str, Any], source: str) -> str:
    """Give who makes the calls.

    Raises:
        UsageError: when it is no pact file.
    """
    return _read(content, source).consumer.name


def exchanges(content: dict[str, Any], source: str) -> list[Exchange]:
    """Give the interactions over HTTP; those of messages are no calls.

    Raises:
        UsageError: when it is no pact file.
    """
    pact = _read(content, source)
    return list(_of(pact))


def _of(pact: _Pact) -> Iterator[Exchange]:
    for one in pact.interactions:
        if one.request is None or one.response is None or one.type != "Synchronous/HTTP":
            continue
        plain, left = _content(one.response)
        asked, not_read = _content(one.request)
        reply = _declared(plain, _rules(one.response.matching or {}))
        answer = Answer(one.response.status, reply, one.description, _states(one))
        yield Exchange(
            pact.provider.name,
            one.request.method.upper(),
            one.request.path,
            _query(one.request.query),
            _headers(one.request.headers),
            asked,
            answer,
            plain,
            one.description,
            [*left, *not_read],
        )


def _read(content: dict[str, Any], source: str) -> _Pact:
    try:
        return _Pact.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"{source} is no pact file: {where}: {first['msg']}. Name a pact in JSON.") from None


def _states(one: _Interaction) -> tuple[tuple[str, dict[str, Any]], ...] | None:
    single = one.state or one.old_state
    found = one.states or ([_State(name=single)] if single else [])
    return tuple((state.name, literals(state.params or {})) for state in found) or None


def _content(message: _Message) -> tuple[Any, list[str]]:
    body = message.body
    if not isinstance(body, dict) or "content" not in body or not {"contentType", "encoded"} & set(body):
        return body, []
    if body.get("encoded"):
        return None, [f"A body of the kind {str(body.get('contentType'))[:60]} is not read"]
    return body["content"], []


def _rules(matching: dict[str, Any]) -> set[str]:
    """Give the paths in the body that have a matcher, as `$.a.b`, in both ways that pact files write them."""
    rules = matching.get("body", matching)
    plain = [str(path) for path in rules] if isinstance(rules, dict) else []
    return {
        path.replace("$.body", "$").replace("['", ".").replace("']", "").replace("[*]", "").replace("[0]", "") for path in plain
    }


def _declared(body: Any, rules: set[str]) -> Any:
    """Give a body as a reply declares it: what a matcher is about, or holds, may have any value of its type."""
    if not isinstance(body, dict):
        return None if body is None else {LIKE: literals(small(body))}
    if not body:
        return None
    found = {}
    for name, value in body.items():
        near = any(rule == "$" or _under(f"$.{name}", rule) or _under(rule, f"$.{name}") for rule in rules)
        found[name] = {LIKE: literals(small(value))} if near else literals(value)
    return {name: value for name, value in found.items() if not name.startswith("$")}


def _under(path: str, above: str) -> bool:
    return path == above or path.startswith((f"{above}.", f"{above}["))


def _query(query: Any) -> dict[str, str]:
    if isinstance(query, str):
        return dict(parse_qsl(query, keep_blank_values=True))
    found = query if isinstance(query, dict) else {}
    return {str(name): str(value[0] if isinstance(value, list) and value else value) for name, value in found.items()}


def _headers(headers: dict[str, Any] | None) -> dict[str, str]:
    return {
        name: ", ".join(map(str, value)) if isinstance(value, list) else str(value) for name, value in (headers or {}).items()
    }
