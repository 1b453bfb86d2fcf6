"""Reads what the gate is asked: an environment by its name, versions that come or go, and with how many faults."""

from typing import Any

from sqlalchemy import Connection

from saga_broker.api.reading.call import Call
from saga_broker.gate.run.reasons import USUAL_FAULTS
from saga_broker.http.errors import InvalidError, RefusedError
from saga_broker.rows import Environment
from saga_broker.store import environments as environment_store
from saga_contracts.derive.decks import MAX_FAULTS

MAX_CANDIDATES = 200


def existing_environment(connection: Connection, name: str) -> Environment:
    """Give the environment of this name.

    Raises:
        RefusedError: With 404, there is none.
    """
    found = environment_store.find_by_name(connection, name)
    if found is None:
        raise RefusedError(404, f"No environment with name '{name}' found")
    return found


def environment_name(call: Call) -> str:
    """Give the name of the environment that is asked about.

    Raises:
        InvalidError: None is named.
    """
    found = call.text("environment")
    if not found:
        raise InvalidError({"environment": ["is missing"]}, parameters=True)
    return found


def versions(call: Call, field: str) -> list[tuple[str, str]]:
    """Give the entries of a list like `with[]=PACTICIPANT:VERSION`.

    Raises:
        InvalidError: An entry is something else, or there are too many.
    """
    found = []
    for item in _items(call, field, "PACTICIPANT:VERSION"):
        name, _, version = item.partition(":") if isinstance(item, str) else ("", "", "")
        if not (name and version):
            raise InvalidError({field: [f"must be like PACTICIPANT:VERSION, not {item!r}"]}, parameters=True)
        found.append((name, version))
    return found


def removals(call: Call, field: str) -> list[tuple[str, str | None]]:
    """Give the entries of a list like `removed[]=PACTICIPANT` or `removed[]=PACTICIPANT:VERSION`; None for every version.

    Raises:
        InvalidError: As for `versions`.
    """
    found: list[tuple[str, str | None]] = []
    for item in _items(call, field, "PACTICIPANT[:VERSION]"):
        name, _, version = item.partition(":") if isinstance(item, str) else ("", "", "")
        if not name:
            raise InvalidError({field: [f"must be like PACTICIPANT or PACTICIPANT:VERSION, not {item!r}"]}, parameters=True)
        found.append((name, version or None))
    return found


def faults(call: Call) -> int:
    """Give the most faults in one history for which decks must be kept.

    Raises:
        InvalidError: It is no such number.
    """
    value = call.text("faults")
    if value is None:
        return USUAL_FAULTS
    if value not in {str(number) for number in range(MAX_FAULTS + 1)}:
        raise InvalidError({"faults": [f"must be a whole number from 0 to {MAX_FAULTS}"]}, parameters=True)
    return int(value)


def _items(call: Call, field: str, form: str) -> list[Any]:
    items = call.query.get(field)
    if items is None:
        return []
    if not isinstance(items, list) or len(items) > MAX_CANDIDATES:
        raise InvalidError({field: [f"must be a list of at most {MAX_CANDIDATES} entries, {field}[]={form}"]})
    return items
