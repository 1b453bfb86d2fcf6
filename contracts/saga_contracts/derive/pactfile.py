"""Pact files as values: merging the parts of a run, canonical form, keys, slices (pure; no Pact library needed).

Each test writes a pact of one interaction. `merge` puts them together: sorted by key, byte-identical from run to run, and a
conflict or a missing key is an error, where a Pact library would silently keep one of the two.
"""

import hashlib
import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from pydantic import ValidationError

from saga_contracts.declare.saga import Saga
from saga_contracts.derive.slices import StepSlice, step_slice
from saga_contracts.errors import SagapactError, UsageError
from saga_contracts.wire import exact

SPECIFICATION = "4.0"
MAX_STEM = 180
"""The longest name without its ending that every file system takes, with room for a mark."""
MARK = 16
"""Hexadecimal digits that tell two pairs apart whose names would be one."""


def merge(parts: Iterable[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    """Put one-interaction pacts together.

    Args:
        parts: Pact documents.

    Returns:
        One pact document for each pair of consumer and provider.

    Raises:
        SagapactError: when an interaction has no key, or two differ under one key.
    """
    found: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
    for part in parts:
        pair = (part["consumer"]["name"], part["provider"]["name"])
        for interaction in part["interactions"]:
            _add(found.setdefault(pair, {}), interaction, pair)
    return {pair: _document(*pair, found[pair]) for pair in sorted(found)}


def canonical(pact: dict[str, Any]) -> bytes:
    """Give a pact's bytes: sorted keys, two spaces, one line break at the end; numbers as `exact.loads` read them."""
    return (exact.dumps(pact, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def file_name(consumer: str, provider: str) -> str:
    """Give the usual file name of a pact, safe for every file system; two pairs may have one, such as `a-b`, `c` and `a`, `b-c`.

    >>> file_name("shop", "my bank")
    'shop-my%20bank.json'
    """
    stem = _stem(consumer, provider)
    return f"{stem}.json" if len(stem) <= MAX_STEM else unmistakable_name(consumer, provider)


def unmistakable_name(consumer: str, provider: str) -> str:
    """Give a file name that no other pair has, whatever hyphens and capital letters the names hold.

    >>> unmistakable_name("shop", "my bank")
    'shop-my%20bank.901aade28fa87365.json'
    """
    mark = hashlib.sha256(json.dumps([consumer, provider]).encode()).hexdigest()[:MARK]
    return f"{_stem(consumer, provider)[:MAX_STEM]}.{mark}.json"


def slices(pact: dict[str, Any]) -> list[StepSlice]:
    """Give the step slices that a pact carries, in the order of its interactions; none when it is an ordinary pact.

    Raises:
        UsageError: when a slice cannot be read.
    """
    found = []
    for interaction in pact.get("interactions") or ():
        comments = interaction.get("comments") if isinstance(interaction, dict) else None
        raw = comments.get("sagapact") if isinstance(comments, dict) else None
        if raw is None:
            continue
        try:
            found.append(StepSlice.model_validate(raw))
        except ValidationError as error:
            name = interaction.get("key") or interaction.get("description")
            raise UsageError(
                f"Cannot derive a deck: the interaction {name!r} carries a slice of a saga that this version cannot read "
                f"({error.error_count()} faults, first: {error.errors()[0]['msg']}). Use the sagapact that published it."
            ) from None
    return found


def made_from_another(pact: dict[str, Any], saga: Saga) -> tuple[str, ...]:
    """Give the steps whose part of a pact was made from another version of a saga file; other sagas' parts do not matter.

    Raises:
        UsageError: when a slice cannot be read.
    """
    found = dict.fromkeys(
        slice_.step.step for slice_ in slices(pact) if slice_.saga == saga.saga and slice_.sha != _sha_of(saga, slice_.step.step)
    )
    return tuple(found)


def _sha_of(saga: Saga, step: str) -> str:
    """Give the sha of a step's slice; empty when the saga has no such step."""
    return step_slice(saga, step).sha if any(one.step == step for one in saga.steps) else ""


def _add(known: dict[str, dict[str, Any]], interaction: dict[str, Any], pair: tuple[str, str]) -> None:
    key = interaction.get("key")
    if not key:
        what = interaction.get("description", "an interaction")
        raise SagapactError(
            f"Cannot merge the pact between {pair[0]} and {pair[1]}: {what!r} has no key. Give each interaction a key of its own."
        )
    if known.setdefault(key, interaction) != interaction:
        raise SagapactError(
            f"Cannot merge the pact between {pair[0]} and {pair[1]}: two different interactions bear the key {key!r}. "
            "Remove one of the tests, or give each matcher a fixed example so that the pact does not change between runs."
        )


def _document(consumer: str, provider: str, interactions: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {
        "consumer": {"name": consumer},
        "provider": {"name": provider},
        "interactions": [interactions[key] for key in sorted(interactions)],
        "metadata": {"pactSpecification": {"version": SPECIFICATION}},
    }


def _stem(consumer: str, provider: str) -> str:
    """Give both names, with all but ASCII letters, digits, `.`, `_` and `-` percent-encoded."""
    return "-".join(quote(name, safe="").replace("~", "%7E") for name in (consumer, provider))
