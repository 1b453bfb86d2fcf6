"""What a played service answers: read off the provider file, or off a pact of which the participant is the consumer (pure)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from saga_contracts.errors import SagapactError
from saga_verifier.provider_file.depends import Depended, DependedReply


class Answers:
    """The replies of one service, those that come first before the others.

    Args:
        name: Of the service.
        routes: Each with the pattern of its path.
    """

    def __init__(self, name: str, routes: Sequence[tuple[re.Pattern[str], DependedReply]]) -> None:
        self.name = name
        self._routes = routes

    def of(self, method: str, path: str) -> Iterator[DependedReply]:
        """Give the replies that a call may be given."""
        yield from (reply for pattern, reply in self._routes if reply.method == method and pattern.fullmatch(path))


def declared(service: Depended) -> Answers:
    """Give the answers of a service whose replies stand in the provider file."""
    return Answers(service.name, [(_pattern(one.path), one) for one in service.replies or ()])


def of_pact(service: Depended, pact: Any) -> Answers:
    """Give the answers of a service as a pact tells them.

    Raises:
        SagapactError: when it has no HTTP interaction.
    """
    interactions = pact.get("interactions") if isinstance(pact, Mapping) else None
    routes = [_route(one) for one in interactions or () if isinstance(one, Mapping) and isinstance(one.get("request"), Mapping)]
    if not routes:
        raise SagapactError(f"The pact {service.pact} of {service.name} has no HTTP interaction. Name one that has.")
    return Answers(service.name, routes)


def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"\{[A-Za-z0-9_]+\}", path)
    return re.compile("[^/]+".join(map(re.escape, parts)))


def _route(interaction: Mapping[str, Any]) -> tuple[re.Pattern[str], DependedReply]:
    request, response = interaction["request"], interaction.get("response") or {}
    method, path = str(request.get("method", "GET")).upper(), str(request.get("path", "/"))
    headers = {name: _text(value) for name, value in (response.get("headers") or {}).items()}
    body = response.get("body")
    if isinstance(body, Mapping) and "content" in body and "contentType" in body:  # as of Pact's format 4
        body = body["content"]
    reply = DependedReply(method=method, path=path, status=int(response.get("status", 200)), headers=headers, body=body)
    return _path_rule(request.get("matchingRules") or {}, path), reply


def _path_rule(rules: Mapping[str, Any], path: str) -> re.Pattern[str]:
    """Give what the path must match, whichever of Pact's formats says so."""
    rule = rules.get("path") or rules.get("$.path")
    if not isinstance(rule, Mapping):
        return re.compile(re.escape(path))
    matchers = rule.get("matchers") or [rule]
    regex = next((one.get("regex") for one in matchers if isinstance(one, Mapping) and one.get("regex")), None)
    try:
        return re.compile(str(regex)) if regex else re.compile("[^/]+".join("/" * path.count("/")) + "[^/]*")
    except re.error:
        return re.compile(re.escape(path))


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
