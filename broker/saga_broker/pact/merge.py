"""Merges the interactions of one pact into another. Pure."""

from typing import Any

_COMPARED = ("method", "path", "query", "body", "headers")


class MergeConflictError(Exception):
    """The pacts describe one interaction with two different requests, or hold something that cannot be merged."""


def merged(original: Any, added: Any) -> Any:
    """Merge a pact into another.

    An interaction with the description and provider state of an existing one replaces it, any other is appended.

    Args:
        original: The stored pact.
        added: The pact that comes in.

    Returns:
        The original with the interactions of both.

    Raises:
        MergeConflictError: They cannot be merged.
    """
    interactions = [_interactions(pact) for pact in (original, added)]
    result = list(interactions[0])
    for new in interactions[1]:
        place = next((index for index, old in enumerate(result) if _identity(old) == _identity(new)), None)
        if place is None:
            result.append(new)
        elif _request(result[place]) != _request(new):
            raise MergeConflictError
        else:
            result[place] = new
    return {**original, "interactions": result}


def _interactions(pact: Any) -> list[Any]:
    found = pact.get("interactions") if isinstance(pact, dict) else None
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise MergeConflictError
    return found


def _identity(interaction: dict[str, Any]) -> tuple[Any, Any]:
    states = (interaction.get(name) for name in ("provider_state", "providerState", "providerStates"))
    return interaction.get("description"), next((state for state in states if state is not None), None)


def _request(interaction: dict[str, Any]) -> dict[str, Any]:
    request = interaction.get("request")
    return {name: request.get(name) for name in _COMPARED} if isinstance(request, dict) else {}
