"""Reads and checks consumer version selectors."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection

from saga_broker.api.fields import Faults, array, filled, one_of, text
from saga_broker.gate.selection import PactSelector
from saga_broker.store import environments as environment_store

MAX_SELECTORS = 500
NOTHING = (
    "must specify a value for environment or tag or branch, or specify mainBranch=true, matchingBranch=true, latest=true, "
    "deployed=true, released=true or deployedOrReleased=true"
)
Raw = Mapping[str, Any]
Rule = tuple[Callable[[Raw], Any], str]

_TEXTS = ("consumer", "environment", "tag", "branch", "fallbackTag", "fallbackBranch")
_TRUE_ONLY = ("mainBranch", "matchingBranch", "deployed", "released", "deployedOrReleased")
_NAMING = ("mainBranch", "tag", "branch", "environment", "matchingBranch", "deployed", "released", "deployedOrReleased")


def read_selectors(body: Raw, faults: Faults, connection: Connection, branch: str | None) -> list[PactSelector]:
    """Read the selectors of a request.

    Args:
        body: The request's body.
        faults: Gets what is wrong.
        connection: The database, for the names of environments.
        branch: The provider version's branch, needed for `matchingBranch`.
    """
    items = faults.check(body, "consumerVersionSelectors", array)
    if not isinstance(items, list):
        return []
    if len(items) > MAX_SELECTORS:
        faults.add("consumerVersionSelectors", f"cannot have more than {MAX_SELECTORS} selectors")
        return []
    found = []
    for index, item in enumerate(items):
        texts = ["must be a hash"] if not isinstance(item, dict) else _faults(item, connection, branch)
        if texts:
            faults.add("consumerVersionSelectors", *(f"{one} (at index {index})" for one in texts))
        else:
            found.append(_selector(item))
    return found


def _faults(item: Raw, connection: Connection, branch: str | None) -> list[str]:
    own = Faults()
    for name in _TRUE_ONLY:
        own.check(item, name, one_of(True))
    for name in _TEXTS:
        if not (name == "branch" and item.get("branch") is True):
            own.check(item, name, text, filled)
    own.check(item, "latest", one_of(True, False))
    texts = [f"{name} {fault}" for name, found in own.by_field.items() for fault in found]
    if texts:
        return texts
    texts = [sentence for applies, sentence in _RULES if applies(item)] + _never_together(item)
    if item.get("matchingBranch") and not branch:
        texts.append("the providerVersionBranch must be specified when the selector matchingBranch=true is used")
    environment = item.get("environment")
    if environment is not None and environment_store.find_by_name(connection, environment) is None:
        texts.append(f"environment with name '{environment}' does not exist")
    return texts


def _selector(item: Raw) -> PactSelector:
    return PactSelector(
        consumer=item.get("consumer"),
        latest=item.get("latest"),
        tag=item.get("tag"),
        branch=item.get("branch"),
        main_branch=bool(item.get("mainBranch")),
        matching_branch=bool(item.get("matchingBranch")),
        environment=item.get("environment"),
        deployed=bool(item.get("deployed")),
        released=bool(item.get("released")),
        deployed_or_released=bool(item.get("deployedOrReleased")),
        fallback_tag=item.get("fallbackTag"),
        fallback_branch=item.get("fallbackBranch"),
    )


def _names_nothing(item: Raw) -> bool:
    return not any(item.get(name) for name in _NAMING) and item.get("latest") is not True


def _others(item: Raw, *allowed: str) -> list[str]:
    known = {*_TEXTS, *_TRUE_ONLY, "latest"}
    return [name for name in item if name in known and name not in allowed and item[name] is not None]


def _both(*pair: str) -> Rule:
    return (lambda item: all(item.get(name) for name in pair), f"cannot specify both {pair[0]}=true and {pair[1]}=true")


def _never_together(item: Raw) -> list[str]:
    """Tell which names of versions stand beside names of environments."""
    places = [name for name in ("environment", "deployed", "released", "deployedOrReleased") if item.get(name)]
    names = [name for name in ("tag", "branch", "mainBranch") if item.get(name)]
    return [f"cannot specify the field {name} with the field {place}" for name in names for place in places]


_RULES: tuple[Rule, ...] = (
    (_names_nothing, NOTHING),
    (
        lambda item: item.get("mainBranch") and _others(item, "mainBranch", "consumer", "latest"),
        "cannot specify mainBranch=true with any other criteria apart from consumer",
    ),
    (
        lambda item: item.get("mainBranch") and item.get("latest") is False,
        "cannot specify mainBranch=true with latest=false",
    ),
    (
        lambda item: item.get("matchingBranch") and _others(item, "matchingBranch", "consumer"),
        "cannot specify matchingBranch=true with any other criteria apart from consumer",
    ),
    (
        lambda item: item.get("tag") and item.get("branch") and not item.get("mainBranch"),
        "cannot specify both a tag and a branch",
    ),
    (lambda item: item.get("fallbackTag") and not item.get("latest"), "fallbackTag can only be set if latest is true"),
    (lambda item: item.get("fallbackTag") and not item.get("tag"), "a tag must be specified when a fallbackTag is specified"),
    (
        lambda item: item.get("fallbackBranch") and not item.get("branch"),
        "a branch must be specified when a fallbackBranch is specified",
    ),
    (lambda item: item.get("branch") and item.get("latest") is False, "cannot specify a branch with latest=false"),
    _both("deployed", "released"),
    _both("deployed", "deployedOrReleased"),
    _both("released", "deployedOrReleased"),
)
