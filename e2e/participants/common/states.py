"""The state-change endpoint, in the manner of Pact: `POST /_states` puts the participant's own data into a named state.

Mounted only when the settings allow it, for tests. States are business preconditions ("an account holds …"); that a step was
applied is no state: whoever needs it calls the participant's own interface.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, ValidationError
from sqlalchemy import Connection, Table, insert, update
from sqlalchemy.exc import IntegrityError

from participants.common.database import Database
from participants.common.web import error_body


class Params(BaseModel, frozen=True):
    """The parameters of a state; each state has its own kind."""


@dataclass(frozen=True, slots=True)
class State:
    """One named state: the kind of its parameters, and what writes it into the database and may tell what came of it."""

    params: type[Params]
    set_up: Callable[[Connection, Any], Mapping[str, Any] | None]


class StateChange(BaseModel, frozen=True):
    """The body of `POST /_states`."""

    state: Annotated[str, Field(max_length=200)]
    params: dict[str, Any] = {}
    action: Literal["setup", "teardown"] = "setup"


def mount_states(app: FastAPI, database: Database, states: Mapping[str, State]) -> None:
    """Add `POST /_states`. It answers 200 and what came of it, or 400 when it does not know state or parameters."""

    @app.post("/_states")
    def change_state(change: StateChange) -> JSONResponse:
        state = states.get(change.state)
        if state is None:
            known = ", ".join(f"'{name}'" for name in states)
            return JSONResponse(error_body("unknown_state", f"There is no state '{change.state}'. Known: {known}."), 400)
        if change.action == "teardown":
            return JSONResponse({})  # every run brings its own accounts and users; nothing is in the next one's way
        try:
            params = state.params.model_validate(change.params)
        except ValidationError as failure:
            return JSONResponse(error_body("invalid_params", f"State '{change.state}': {_in_words(failure)}."), 400)
        with database.writing() as connection:
            told = state.set_up(connection, params)
        return JSONResponse(dict(told or {}))  # whoever asks would call with what is told here, in the place of its own values


def put_row(
    connection: Connection,
    table: Table,
    key: Mapping[str, Any],
    values: Mapping[str, Any],
    first: Mapping[str, Any] | None = None,
) -> None:
    """Change a row, or make it when it is not there; also when another call does the same at this moment.

    Args:
        connection: A writing transaction.
        table: Where the row stands.
        key: By name, the columns that tell it from all others.
        values: What is to stand in it.
        first: More columns of a row that is made now.
    """
    change = update(table).values(values).where(*(table.c[name] == value for name, value in key.items()))
    if connection.execute(change).rowcount > 0:
        return
    try:
        with connection.begin_nested():
            connection.execute(insert(table).values({**key, **values, **(first or {})}))
    except IntegrityError:  # now it is there
        connection.execute(change)


def _in_words(failure: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in failure.errors())
