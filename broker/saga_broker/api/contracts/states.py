"""The provider states that the consumers of a provider ask for."""

from collections.abc import Iterable
from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy import Connection

from saga_broker.api.parties.pacticipants import existing
from saga_broker.api.reading.call import Hal, respond
from saga_broker.rows import Publication
from saga_broker.store import environments as environment_store
from saga_broker.store import pacts as store
from saga_broker.store.pacts import Which
from saga_contracts.wire import exact

router = APIRouter(tags=["pacts"])
PATH = "/pacts/provider/{provider:seg}/provider-states"


@router.get(PATH)
def list_states(provider: str, call: Hal) -> Response:
    """List the states that the latest pacts on main branches ask for."""
    with call.read() as connection:
        existing(connection, provider, "provider")
        return _answered(connection, store.newest_of_each_pair(connection, Which(provider=provider, main_branch=True)))


@router.get(PATH + "/branch/{branch:seg}")
def list_on_branch(provider: str, branch: str, call: Hal) -> Response:
    """List the states that the latest pacts on a branch ask for."""
    with call.read() as connection:
        existing(connection, provider, "provider")
        return _answered(connection, store.newest_of_each_pair(connection, Which(provider=provider, branch=branch)))


@router.get(PATH + "/environment/{environment:seg}")
def list_in_environment(provider: str, environment: str, call: Hal) -> Response:
    """List the states that the pacts of the versions in an environment ask for."""
    with call.read() as connection:
        existing(connection, provider, "provider")
        place = environment_store.find_by_name(connection, environment)
        pacts = [] if place is None else store.listing(connection, Which(provider=provider, environment_id=place.id))
        return _answered(connection, pacts)


def _answered(connection: Connection, pacts: Iterable[Publication]) -> Response:
    consumers: dict[str, set[str]] = {}
    states: dict[str, dict[str, Any]] = {}
    for pact in pacts:
        for state in _states(exact.loads(store.content(connection, pact.content_id))):
            key = exact.dumps(state, sort_keys=True)
            states[key] = state
            consumers.setdefault(key, set()).add(pact.consumer)
    shown = [{**states[key], "consumers": sorted(consumers[key])} for key in sorted(states, key=_by_name(states))]
    return respond({"providerStates": shown})


def _by_name(states: dict[str, dict[str, Any]]) -> Any:
    return lambda key: (str(states[key]["name"]), key)


def _states(pact: Any) -> Iterable[dict[str, Any]]:
    if not isinstance(pact, dict):
        return
    for name in ("interactions", "messages"):
        items = pact.get(name)
        for item in items if isinstance(items, list) else ():
            if isinstance(item, dict):
                yield from _of_interaction(item)


def _of_interaction(item: dict[str, Any]) -> Iterable[dict[str, Any]]:
    states = item.get("providerStates")
    for state in states if isinstance(states, list) else ():
        if isinstance(state, dict) and isinstance(state.get("name"), str):
            params = {"params": state["params"]} if state.get("params") else {}
            yield {"name": state["name"], **params}
    old = item.get("providerState", item.get("provider_state"))
    if isinstance(old, str):
        yield {"name": old}
