"""The interactions of a pact document, as far as a replay needs to know them.

Reads Pact V1 to V4, and V3 message pacts. What an interaction demands is judged by Pact's own verifier. An interaction is known
by its number in the document: keys and descriptions may be missing, null, or the same for several.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from saga_verifier.replay.results import ReplayError

_NAME = re.compile(r"\$\{([^}]+)\}")
_SPECIFICATIONS = ("1", "2", "3", "4")
_PARTS = ("interactions", "messages")
_NOT_AUTHENTICATED = 401
WRITTEN = "Publish the file that the consumer's tests wrote."


@dataclass(frozen=True, slots=True)
class Interaction:
    """One interaction, with a pact document that holds it alone.

    Attributes:
        number: Its place in the pact, from 1 on.
        name: What it is called to people, unlike every other one: its key or description, with its number where needed.
        key: Its key, or None when it has none.
        description: Its description; empty when it has none.
        interaction_id: The broker's id, or None when the pact does not come from a broker.
        is_message: Is the provider's part a message?
        is_pending: Does the pact say that a failure of it shall not count yet?
        states: Names of its provider states.
        names: Names of the values that its request takes from provider states.
        document: The pact with this interaction only.
    """

    number: int
    name: str
    key: str | None
    description: str
    interaction_id: str | None
    is_message: bool
    is_pending: bool
    states: tuple[str, ...]
    names: frozenset[str]
    document: Mapping[str, Any]


def without_headers(one: Interaction, names: Collection[str]) -> Interaction:
    """Give an interaction whose request does not say these headers (in lower case), nor where their values come from.

    One that expects 401 shows what becomes of a call without live credentials, and stays as it is.
    """
    if not wants_credentials(one) or not names:
        return one
    (part,) = [part for part in _PARTS if part in one.document]
    (member,) = one.document[part]
    request = {
        name: _without(value, names) if name in ("headers", "matchingRules", "generators") else value
        for name, value in (member.get("request") or {}).items()
    }
    document = {**one.document, part: [{**member, "request": request}]}
    return replace(one, document=document, names=frozenset(_names_of_values(request)))


def wants_credentials(one: Interaction) -> bool:
    """Is it a call that is made with live credentials where there are any?"""
    if one.is_message:
        return False
    members = [member for part in _PARTS for member in one.document.get(part, ())]
    return all((member.get("response") or {}).get("status") != _NOT_AUTHENTICATED for member in members)


def _without(value: Any, names: Collection[str]) -> Any:
    """Take headers out of `headers`, and out of rules and generators: `{"header": {NAME: …}}`, `{"$.headers.NAME": …}`."""
    if not isinstance(value, Mapping):
        return value
    kept = {name: one for name, one in value.items() if name.lower().rpartition("$.headers.")[2] not in names}
    return {name: _without(one, names) if name in ("header", "headers") else one for name, one in kept.items()}


def parties(document: Any) -> tuple[str, str]:
    """Give the names of a pact's consumer and provider.

    Raises:
        ReplayError: when it is no pact.
    """
    if not isinstance(document, Mapping):
        raise ReplayError(f"It is no pact: it is not a JSON object. {WRITTEN}")
    return _party(document, "consumer"), _party(document, "provider")


def read_pact(document: Any, provider: str) -> tuple[Interaction, ...]:
    """Give the interactions of a pact.

    Raises:
        ReplayError: when it is no pact of this provider, or has no interaction.
    """
    consumer, named = parties(document)
    if named != provider:
        raise ReplayError(
            f"The pact of {consumer} is with {named}, not with {provider}: its replay would prove nothing. "
            f"Verify {named}, or take the pact with {provider}."
        )
    _check_specification(document)
    members = [(part, one) for part in _PARTS for one in _members(document, part)]
    if not members:
        raise ReplayError(
            f"The pact between {consumer} and {named} has no interaction, so nothing would be checked. Publish one that has."
        )
    names = _names([one for _, one in members])
    return tuple(
        _interaction(document, part, one, number, names[number - 1]) for number, (part, one) in enumerate(members, start=1)
    )


def _party(document: Mapping[str, Any], role: str) -> str:
    party = document.get(role)
    name = party.get("name") if isinstance(party, Mapping) else None
    if not isinstance(name, str) or not name.strip():
        raise ReplayError(f"It is no pact: it does not name its {role}. {WRITTEN}")
    return name


def _check_specification(document: Mapping[str, Any]) -> None:
    metadata = document.get("metadata")
    known = metadata if isinstance(metadata, Mapping) else {}
    parts = [known.get("pactSpecification"), known.get("pact-specification"), {"version": known.get("pactSpecificationVersion")}]
    for part in parts:
        version = part.get("version") if isinstance(part, Mapping) else None
        if version is not None and str(version).split(".")[0] not in _SPECIFICATIONS:
            raise ReplayError(
                f"The pact is written in version {str(version)[:40]!r} of the Pact specification, which is not known: nothing "
                "about it can be verified. Publish it in one of the versions 1 to 4, or upgrade sagapact."
            )


def _members(document: Mapping[str, Any], part: str) -> list[Mapping[str, Any]]:
    members = document.get(part) or []
    if not isinstance(members, list) or not all(isinstance(one, Mapping) for one in members):
        raise ReplayError(f"The pact's `{part}` is not a list of objects. {WRITTEN}")
    return members


def _names(members: Sequence[Mapping[str, Any]]) -> list[str]:
    """Give each interaction a name of its own."""
    bare = [_text(one.get("key")) or _text(one.get("description")) for one in members]
    often = Counter(bare)
    return [
        name if name and often[name] == 1 else f"{name or 'without a description'} (interaction {number})"
        for number, name in enumerate(bare, start=1)
    ]


def _interaction(document: Mapping[str, Any], part: str, one: Mapping[str, Any], number: int, name: str) -> Interaction:
    rest = {key: value for key, value in document.items() if key not in _PARTS}
    identity = one.get("_id") or one.get("interactionId")
    return Interaction(
        number=number,
        name=name,
        key=_text(one.get("key")) or None,
        description=_text(one.get("description")),
        interaction_id=None if identity is None else str(identity),
        is_message=part == "messages" or "Messages" in str(one.get("type", "")),
        is_pending=one.get("pending") is True,
        states=tuple(_states(one)),
        names=frozenset(_names_of_values(one.get("request"))),
        document={**rest, part: [{**one, "description": _text(one.get("description")) or name}]},
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _states(one: Mapping[str, Any]) -> Iterator[str]:
    old_style = one.get("providerState")
    if isinstance(old_style, str):
        yield old_style
    several = one.get("providerStates")
    for state in several if isinstance(several, list) else ():
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
