"""Reads what a verifier told about each interaction of a pact, in whatever form it told it. Pure.

Three forms of `testResults` are known:

* a list, of libpact_ffi and its languages and of pact-jvm: one object for each interaction, found again by the interaction's id
  (without one: by a description that is used once), with `mismatches` and `exceptions`;
* an object with `tests`, of the old Ruby verifier: one entry for each RSpec example, several for one interaction, found again by
  the interaction's description and provider state, with `differences` or an `exception`;
* an object with `examples`, as RSpec's own JSON formatter writes it: they name no interaction, so they stand by themselves.

What cannot be read is left out; the verbatim `testResults` are always there beside it.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from saga_broker.pact.content import with_ids

PASSED = "passed"
Key = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that was not as expected.

    Attributes:
        text: In words; empty when the verifier gave none.
        kind: `mismatch`, or `exception` when it could not be compared at all.
        attribute: The part of the answer: `status`, `header`, `body`…; None when not told.
        identifier: The place inside that part, a header's name or a path in the body; None when not told.
    """

    text: str
    kind: str = "mismatch"
    attribute: str | None = None
    identifier: str | None = None


@dataclass(frozen=True, slots=True)
class InteractionResult:
    """How the verification of one interaction ended.

    Attributes:
        interaction_id: The id that brokers give to interactions; None for a result that belongs to none of the pact.
        description: The interaction's description, else the verifier's.
        states: The names of its provider states.
        success: None when the verifier told nothing about it.
        problems: Why it failed.
    """

    interaction_id: str | None
    description: str | None
    states: tuple[str, ...]
    success: bool | None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class _Told:
    """One entry of the verifier's: for which interaction, and how it ended; `state` counts only when `has_state`."""

    interaction_id: str | None
    description: str | None
    success: bool | None
    problems: tuple[Problem, ...]
    state: str | None = None
    has_state: bool = False


def read(test_results: Any, pact: Any) -> list[InteractionResult]:
    """Tell about each interaction of a pact how its verification ended.

    Args:
        test_results: What the verifier sent, any JSON; None for nothing.
        pact: The pact as parsed JSON.

    Returns:
        The interactions in the order of the pact, then results that belong to none of them.
    """
    interactions = _interactions(pact)
    places = _places(interactions)
    own: list[list[_Told]] = [[] for _ in interactions]
    alone = []
    for told in _told(test_results):
        found = places.get(_key(told), [])
        if not found or (len(found) > 1 and told.interaction_id is None and not told.has_state):
            alone.append(InteractionResult(None, told.description, (), told.success, told.problems))
            continue
        for place in found:
            own[place].append(told)
    return [_result(*pair) for pair in zip(interactions, own, strict=True)] + alone


def _places(interactions: list[InteractionResult]) -> dict[Key, list[int]]:
    """Tell where the interactions of each key are: by their id, by their description, and by that with the state."""
    found: defaultdict[Key, list[int]] = defaultdict(list)
    for place, one in enumerate(interactions):
        state = one.states[0] if one.states else None
        for key in (("id", one.interaction_id), ("text", one.description), ("text and state", one.description, state)):
            found[key].append(place)
    return found


def _key(told: _Told) -> Key:
    if told.interaction_id is not None:
        return ("id", told.interaction_id)
    if told.has_state:
        return ("text and state", told.description, told.state)
    return ("text", told.description)


def _interactions(pact: Any) -> list[InteractionResult]:
    """List a pact's interactions and messages, without a result."""
    document = with_ids(pact)
    if not isinstance(document, dict):
        return []
    items = [item for key in ("interactions", "messages") for item in _objects(document.get(key))]
    return [InteractionResult(item["_id"], _word(item.get("description")), _states(item), None) for item in items]


def _states(interaction: dict[str, Any]) -> tuple[str, ...]:
    """Give the names of the provider states, however the specification's versions spell them."""
    for key in ("providerStates", "providerState", "provider_state"):
        value = interaction.get(key)
        if isinstance(value, str):
            return (value,)
        if isinstance(value, list):
            return tuple(name for state in _objects(value) if (name := _word(state.get("name"))) is not None)
    return ()


def _result(interaction: InteractionResult, told: list[_Told]) -> InteractionResult:
    known = [one.success for one in told if one.success is not None]
    return InteractionResult(
        interaction.interaction_id,
        interaction.description,
        interaction.states,
        all(known) if known else None,
        tuple(problem for one in told for problem in one.problems),
    )


def _told(test_results: Any) -> list[_Told]:
    if isinstance(test_results, list):
        return [_of_interaction(entry) for entry in _objects(test_results)]
    if isinstance(test_results, dict):
        for key in ("tests", "examples"):
            if isinstance(test_results.get(key), list):
                return [_of_example(entry) for entry in _objects(test_results[key])]
    return []


def _of_interaction(entry: dict[str, Any]) -> _Told:
    """Read an entry of libpact_ffi or pact-jvm."""
    success = entry.get("success")
    problems = [_problem(mismatch) for mismatch in _objects(entry.get("mismatches"))]
    problems += [Problem(_word(error.get("message")) or "", "exception") for error in _objects(entry.get("exceptions"))]
    return _Told(
        interaction_id=_word(entry.get("interactionId")) or None,
        description=_word(entry.get("interactionDescription")),
        success=success if isinstance(success, bool) else None,
        problems=tuple(problems),
    )


def _problem(mismatch: dict[str, Any]) -> Problem:
    text = _word(mismatch.get("description")) or _word(mismatch.get("mismatch")) or ""
    return Problem(text, "mismatch", _word(mismatch.get("attribute")), _word(mismatch.get("identifier")))


def _of_example(entry: dict[str, Any]) -> _Told:
    """Read an RSpec example; anything but `passed` is a failure, as the Ruby verifier itself counts."""
    described = _word(entry.get("interactionDescription"))
    own_words = _word(entry.get("testFullDescription")) or _word(entry.get("full_description"))
    status = _word(entry.get("status"))
    differences = entry.get("differences", entry.get("mismatches"))
    texts = [_word(one.get("description")) if isinstance(one, dict) else _word(one) for one in _listed(differences)]
    problems = [Problem(text) for text in texts if text is not None]
    error = entry.get("exception")
    if not problems and isinstance(error, dict):
        problems = [Problem(_word(error.get("message")) or "", "exception")]
    return _Told(
        interaction_id=None,
        description=described if described is not None else own_words,
        success=None if status is None else status == PASSED,
        problems=tuple(problems),
        state=_word(entry.get("interactionProviderState")),
        has_state=described is not None and "interactionProviderState" in entry,
    )


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in _listed(value) if isinstance(item, dict)]


def _listed(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else ()


def _word(value: Any) -> str | None:
    return value if isinstance(value, str) else None
