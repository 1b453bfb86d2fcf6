"""Reads what the matrix is asked from query parameters, and says what is wrong with the question."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from saga_broker.gate.model import Question, Selector, Target
from saga_broker.http.errors import InvalidError
from saga_broker.http.rack import Params
from saga_broker.store import environments as environment_store
from saga_broker.store import pacticipants as pacticipant_store

GROUPINGS = ("cvpv", "cvp", "cp")
MAX_SELECTORS = 200
MAX_LIMIT = 2**31 - 1


def matrix_question(connection: Connection, params: Params) -> Question:
    """Read the question of `/matrix`.

    Raises:
        InvalidError: With a list of sentences.
    """
    selectors = [_selector(item) for item in _items(params.get("q"))]
    ignored = [_selector(item) for item in _items(params.get("ignore"))]
    target = Target(
        latest=_is_true(params.get("latest")),
        tag=_text(params.get("tag")),
        environment=_text(params.get("environment")),
        main_branch=_is_true(params.get("mainBranch")),
    )
    faults = [
        *_selector_faults(connection, selectors),
        *("Please specify the pacticipant name to ignore" for one in ignored if not one.pacticipant),
        *_target_faults(connection, target),
        *_limit_faults(params.get("limit")),
        *_grouping_faults(params.get("latestby")),
    ]
    if faults:
        raise InvalidError(faults)
    return Question(
        selectors=tuple(selectors),
        target=target,
        ignored=tuple(ignored),
        latestby=_text(params.get("latestby")),
        success=_outcomes(params),
        limit=int(params["limit"]) if _text(params.get("limit")) else None,
    )


def ignored_of(params: Params) -> tuple[Selector, ...]:
    """Read what shall be ignored in `/can-i-deploy`; an empty name is one that nobody has."""
    items = params.get("ignore")
    found = []
    for item in items if isinstance(items, list) else []:
        selector = Selector(item) if isinstance(item, str) else _selector(item)
        if selector.pacticipant or isinstance(item, str):
            found.append(selector)
    return tuple(found)


def _items(value: Any) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise InvalidError(["Please specify the pacticipant name"])
    if len(value) > MAX_SELECTORS:
        raise InvalidError([f"Please provide no more than {MAX_SELECTORS} selectors."])
    return value


def _selector(item: Any) -> Selector:
    if not isinstance(item, dict):
        return Selector("")
    return Selector(
        pacticipant=_text(item.get("pacticipant")) or "",
        version=_text(item.get("version")),
        latest=_is_true(item.get("latest")),
        tag=_text(item.get("tag")),
        branch=_text(item.get("branch")),
        environment=_text(item.get("environment")),
        main_branch=_is_true(item.get("mainBranch")),
    )


def _selector_faults(connection: Connection, selectors: Sequence[Selector]) -> list[str]:
    faults = []
    for one in selectors:
        if not one.pacticipant:
            faults.append("Please specify the pacticipant name")
        elif one.version and one.latest:
            faults.append(f"A version number and latest flag cannot both be specified for {one.pacticipant}")
    names = dict.fromkeys(one.pacticipant for one in selectors if one.pacticipant)
    faults += [f"Pacticipant {name} not found" for name in names if pacticipant_store.find(connection, name) is None]
    if not selectors:
        faults.append("Please provide 1 or more version selectors.")
    return faults


def _target_faults(connection: Connection, target: Target) -> list[str]:
    faults = []
    if sum(bool(value) for value in (target.tag, target.environment, target.main_branch)) > 1:
        faults.append("Cannot specify more than one of tag, environment and mainBranch.")
    if target.latest and target.environment:
        faults.append("Cannot specify both latest=true and an environment.")
    if target.environment and environment_store.find_by_name(connection, target.environment) is None:
        faults.append(f"Environment with name '{target.environment}' does not exist")
    return faults


def _limit_faults(value: Any) -> list[str]:
    if value in (None, ""):
        return []
    is_right = isinstance(value, str) and value.isdecimal() and 1 <= int(value[:12]) <= MAX_LIMIT
    return [] if is_right else ["The limit must be 1 or greater."]


def _grouping_faults(value: Any) -> list[str]:
    if value in (None, "", *GROUPINGS):
        return []
    return [f"The value of latestby must be one of: {', '.join(GROUPINGS)}."]


def _outcomes(params: Params) -> frozenset[bool | None] | None:
    value = params.get("success")
    if value is None:
        return None
    words = {"true": True, "false": False}
    return frozenset(words.get(item) for item in (value if isinstance(value, list) else [value]) if isinstance(item, str))


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _is_true(value: Any) -> bool:
    return bool(value == "true")
