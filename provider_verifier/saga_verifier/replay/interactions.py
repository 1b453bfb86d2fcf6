"""The interactions of a pact document, as far as a replay needs to know them.

Reads Pact V2 to V4, and V3 message pacts. What an interaction demands is judged by Pact's own verifier.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from saga_verifier.replay.results import ReplayError

_NAME = re.compile(r"\$\{([^}]+)\}")


@dataclass(frozen=True, slots=True)
class Interaction:
    """One interaction, with a pact document that holds it alone.

    Attributes:
        key: Its key, or None when it has none.
        description: Its description.
        interaction_id: The broker's id, or None when the pact does not come from a broker.
        is_message: Is the provider's part a message?
        states: Names of its provider states.
        names: Names of the values that its request takes from provider states.
        document: The pact with this interaction only.
    """

    key: str | None
    description: str
    interaction_id: str | None
    is_message: bool
    states: tuple[str, ...]
    names: frozenset[str]
    document: Mapping[str, Any]


def read_pact(pact: bytes | Mapping[str, Any], provider_name: str) -> tuple[str, list[Interaction]]:
    """Give the consumer's name and the interactions of a pact.

    Raises:
        ReplayError: when it is no pact of this provider, or has no interaction.
    """
    document = _document(pact)
    consumer, provider = _name(document, "consumer"), _name(document, "provider")
    if provider != provider_name:
        raise ReplayError(
            f"The pact of {consumer} is with {provider}, not with {provider_name}: its replay would prove nothing. "
            f"Verify {provider}, or take the pact with {provider_name}."
        )
    found = [_interaction(document, part, one) for part in ("interactions", "messages") for one in _members(document, part)]
    if not found:
        raise ReplayError(
            f"The pact between {consumer} and {provider} has no interaction, so nothing would be checked. Publish one that has."
        )
    return consumer, found


def _document(pact: bytes | Mapping[str, Any]) -> Mapping[str, Any]:
    if isinstance(pact, Mapping):
        return pact
    try:
        document = json.loads(pact)
    except ValueError as error:
        raise ReplayError(f"The pact is not JSON ({error}). Publish the file that the consumer's tests wrote.") from None
    if not isinstance(document, Mapping):
        raise ReplayError("The pact is not a JSON object. Publish the file that the consumer's tests wrote.")
    return document


def _name(document: Mapping[str, Any], role: str) -> str:
    party = document.get(role)
    name = party.get("name") if isinstance(party, Mapping) else None
    if not isinstance(name, str):
        raise ReplayError(f"The pact does not name its {role}. Publish the file that the consumer's tests wrote.")
    return name


def _members(document: Mapping[str, Any], part: str) -> list[Mapping[str, Any]]:
    members = document.get(part) or []
    if not isinstance(members, list) or not all(isinstance(one, Mapping) for one in members):
        raise ReplayError(f"The pact's `{part}` is not a list of objects. Publish the file that the consumer's tests wrote.")
    return members


def _interaction(document: Mapping[str, Any], part: str, one: Mapping[str, Any]) -> Interaction:
    rest = {name: value for name, value in document.items() if name not in ("interactions", "messages")}
    identity = one.get("_id") or one.get("interactionId")
    return Interaction(
        key=one.get("key") or None,
        description=str(one.get("description", "")),
        interaction_id=None if identity is None else str(identity),
        is_message=part == "messages" or "Messages" in str(one.get("type", "")),
        states=tuple(_states(one)),
        names=frozenset(_names_of_values(one.get("request"))),
        document={**rest, part: [one]},
    )


def _states(one: Mapping[str, Any]) -> Iterator[str]:
    old_style = one.get("providerState")
    if isinstance(old_style, str):
        yield old_style
    for state in one.get("providerStates") or []:
        yield str(state.get("name") if isinstance(state, Mapping) else state)


def _names_of_values(request: Any) -> Iterator[str]:
    """Give the names in the expressions of the request's ProviderState generators (a name without `${}` is one as well)."""
    for generator in _objects(request.get("generators") if isinstance(request, Mapping) else None):
        expression = generator.get("expression")
        if generator.get("type") == "ProviderState" and isinstance(expression, str):
            yield from _NAME.findall(expression) or [expression]


def _objects(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        yield value
        for member in value.values():
            yield from _objects(member)
