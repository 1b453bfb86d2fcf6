"""Reads and checks consumer version selectors."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from saga_broker.api.reading.fields import Faults, array, filled, not_blank, one_of, text
from saga_broker.gate.selection import PactSelector
from saga_broker.store import environments as environment_store

MAX_SELECTORS = 500
NOTHING = (
    "must specify a value for environment or tag or branch, or specify mainBranch=true, matchingBranch=true, latest=true, "
    "deployed=true, released=true or deployedOrReleased=true"
)
Raw = Mapping[str, Any]

_TEXTS = ("consumer", "environment", "tag", "branch", "fallbackTag", "fallbackBranch")
_TRUE_ONLY = ("mainBranch", "matchingBranch", "deployed", "released", "deployedOrReleased")
_NAMING = ("mainBranch", "tag", "branch", "environment", "matchingBranch", "deployed", "released", "deployedOrReleased")
_PLACES = ("environment", "deployed", "released", "deployedOrReleased")
_ALL = (*_TEXTS, *_TRUE_ONLY, "latest")


def read_selectors(body: Raw, faults: Faults, connection: Connection, branch: str | None) -> list[PactSelector]:
    """Read the selectors of a request.

    Args:
        body: The request's body.
        faults: Gets what is wrong.
        connection: The database, for the names of environments.
        branch: The provider version's branch, needed for `matchingBranch`.
    """
    items = faults.check(body, "consumerVersionSelectors", array, null=False)
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
    """Name what is wrong with a selector; a rule is not looked at when one of its fields is faulty itself."""
    own = Faults()
    for name in _TRUE_ONLY:
        own.check(item, name, filled, one_of(True), null=False)
    for name in _TEXTS:
        own.check(item, name, filled, _name_or_true if name == "branch" else text, null=False)
    own.check(item, "latest", filled, one_of(True, False), null=False)
    faulty = set(own.by_field)
    if "consumer" not in faulty:
        own.check(item, "consumer", not_blank)
    texts = [f"{name} {fault}" for name, found in own.by_field.items() for fault in found]
    for rule in _RULES:
        if faulty.isdisjoint(rule.fields):
            sentence = rule.fault(item, branch)
            texts += [sentence] if sentence else []
    environment = item.get("environment")
    known = "environment" in faulty or environment is None or environment_store.find_by_name(connection, environment)
    return texts if known else [*texts, f"environment with name '{environment}' does not exist"]


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


def _name_or_true(value: Any) -> str | None:
    if value is True:
        return None
    return text(value) if isinstance(value, str) else "must be a string or must be equal to true"


@dataclass(frozen=True, slots=True)
class _Rule:
    """A rule about several fields.

    Attributes:
        fields: Those that it looks at.
        fault: Gives a sentence, or nothing; is given the selector and the provider version's branch.
    """

    fields: tuple[str, ...]
    fault: Callable[[Raw, str | None], str | None]


def _nothing_named(item: Raw, _branch: str | None) -> str | None:
    named = any(item.get(name) for name in _NAMING) or item.get("latest") is True
    return None if named else NOTHING


def _alone(name: str, *allowed: str) -> _Rule:
    def fault(item: Raw, _branch: str | None) -> str | None:
        others = [other for other in item if other in _ALL and other not in (name, "consumer", *allowed)]
        return f"cannot specify {name}=true with any other criteria apart from consumer" if item.get(name) and others else None

    return _Rule(_ALL, fault)


def _matching_needs_branch(item: Raw, branch: str | None) -> str | None:
    if item.get("matchingBranch") and not branch:
        return "the providerVersionBranch must be specified when the selector matchingBranch=true is used"
    return None


def _two_kinds(item: Raw, _branch: str | None) -> str | None:
    """Tell which fields about versions stand beside fields about environments."""
    places = sorted(name for name in item if name in _PLACES)
    others = sorted(name for name in item if name in _ALL and name not in (*_PLACES, "consumer"))
    if not places or not others:
        return None
    return f"cannot specify the {_fields(others)} with the {_fields(places)}"


def _fields(names: list[str]) -> str:
    return f"field{'s' if len(names) > 1 else ''} {'/'.join(names)}"


def _never(sentence: str, applies: Callable[[Raw], Any], *fields: str) -> _Rule:
    return _Rule(fields, lambda item, _branch: sentence if applies(item) else None)


def _not_both(*pair: str) -> _Rule:
    sentence = f"cannot specify both {pair[0]}=true and {pair[1]}=true"
    return _never(sentence, lambda item: all(item.get(name) for name in pair), "deployed", "released", "deployedOrReleased")


_RULES: tuple[_Rule, ...] = (
    _Rule(_ALL, _nothing_named),
    _alone("mainBranch", "latest"),
    _never(
        "cannot specify mainBranch=true with latest=false",
        lambda item: item.get("mainBranch") and item.get("latest") is False,
        *("mainBranch", "latest"),
    ),
    _alone("matchingBranch"),
    _Rule(_ALL, _matching_needs_branch),
    _never("cannot specify both a tag and a branch", lambda item: item.get("tag") and item.get("branch"), "tag", "branch"),
    _Rule(_ALL, _two_kinds),
    _never(
        "fallbackTag can only be set if latest is true",
        lambda item: item.get("fallbackTag") and not item.get("latest"),
        *("fallbackTag", "tag", "latest"),
    ),
    _never(
        "a tag must be specified when a fallbackTag is specified",
        lambda item: item.get("fallbackTag") and not item.get("tag"),
        *("fallbackTag", "tag", "latest"),
    ),
    _never(
        "a branch must be specified when a fallbackBranch is specified",
        lambda item: item.get("fallbackBranch") and not item.get("branch"),
        *("fallbackBranch", "branch", "latest"),
    ),
    _never(
        "cannot specify a branch with latest=false",
        lambda item: item.get("branch") and item.get("latest") is False,
        *("branch", "latest"),
    ),
    _not_both("deployed", "released"),
    _not_both("deployed", "deployedOrReleased"),
    _not_both("released", "deployedOrReleased"),
)
