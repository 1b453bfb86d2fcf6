"""The status pages: all sagas, and one saga as it stands (pure but for reading their own templates).

A page needs nothing from outside and has no script, and its policy allows none. What participants and owners said is escaped;
payloads and outputs are not shown.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from saga_contracts.client import Saga
from saga_service.kept.listing import Listed, Wanted
from saga_service.records import SagaState, StepState
from saga_service.seen.drawing import Stand, drawing

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_AT_AN_END = (SagaState.COMMITTED, SagaState.COMPENSATED, SagaState.ESCALATED)


def list_page(
    sagas: Sequence[Listed],
    wanted: Wanted,
    counts: Mapping[str, int],
    names: Sequence[str],
    participants: Mapping[str, Mapping[str, Any]],
) -> str:
    """Give the page of all sagas.

    Args:
        sagas: Those that are shown.
        wanted: Which ones those are.
        counts: The number of sagas in each state.
        names: The sagas that are known.
        participants: How the participants are whose health is asked for.
    """
    older = ""
    if len(sagas) == wanted.limit:
        query = {"saga": wanted.saga, "state": wanted.state, "limit": wanted.limit, "before": repr(sagas[-1].created_at)}
        older = f"?{urlencode(query)}"
    states = [(str(state), counts.get(state, 0)) for state in SagaState]
    return _render(
        "list.html.j2",
        sagas=sagas,
        wanted=wanted,
        states=states,
        names=names,
        participants=participants,
        older=older,
        refresh=0,
    )


def saga_page(told: Mapping[str, Any], saga: Saga) -> str:
    """Give the page of one saga.

    Args:
        told: All that is known of it, as `GET /sagas/{saga_id}` tells.
        saga: Its definition, a step for each element of a list parted.
    """
    stands = {name: Stand(StepState(step["state"]), step["tries"], step["compensations"]) for name, step in told["steps"].items()}
    state = SagaState(told["state"])
    picture = Markup(drawing(saga, state, stands))  # noqa: S704  (made by us, every text in it escaped)
    participants = {step.step: step.participant for step in saga.steps}
    refresh = 0 if state in _AT_AN_END else 2
    return _render("saga.html.j2", told=told, picture=picture, participants=participants, refresh=refresh)


def _render(name: str, **values: object) -> str:
    return _environment().get_template(name).render(values)


@cache
def _environment() -> Environment:
    found = Environment(
        loader=PackageLoader("saga_service.seen"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["time"] = _time
    found.filters["words"] = lambda text: str(text).replace("_", " ")
    return found


def _time(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%d %H:%M:%S")
