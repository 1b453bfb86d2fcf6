"""How an effect is read that no call of the participant's API shows: by SQL, by a program, at several addresses.

    probes:
      shop/charge:
        sql: "SELECT held FROM accounts WHERE id = :id"
        url: "sqlite:///{workdir}/db.sqlite"
        params: {id: "{payload.account}"}
      shop/notify: {command: ["{python}", "outbox.py", "{payload.account}"]}
      shop/pack:   {requests: ["/shelves/{payload.shelf}", "/parcels/{key}"]}

What is read is compared with `probe.reads` of the saga file, which alone says what must be there.
"""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints

from saga_contracts.declare.saga import Json, Request
from saga_verifier.provider_file.fields import EnvText, Word
from saga_verifier.provider_file.programs import Program

FORMS = ("sql", "command", "requests")
ONE_FORM = "Write one of `sql`, `command` and `requests`."
VALUES = ("payload", "outputs", "key", "keys", "saga_id", "step", "item", "item_index", "callback_url")
"""Roots of the values that stand for the step's own data, as in a saga file."""

BindName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


def _by_get(value: Any) -> Any:
    return {"method": "GET", "path": value} if isinstance(value, str) else value


class ProbeForm(Program):
    """One way to read an effect: exactly one of `FORMS`."""

    sql: Word | None = None
    """A statement that reads; values stand in it as `:name`."""
    url: EnvText | None = Field(default=None, repr=False)
    """The database's address as SQLAlchemy takes it; placeholders and `${NAME}` allowed."""
    container_url: EnvText | None = Field(default=None, repr=False)
    """The database's address where the participant runs as a container, such as `{database_url}`; None: `url`."""
    params: dict[BindName, Json] = Field(default={})
    """The statement's values; templates such as `{payload.account}` allowed."""
    command: Annotated[tuple[Word, ...], Field(min_length=1)] | None = None
    """Program and arguments that print JSON; placeholders and templates allowed."""
    requests: Annotated[tuple[Annotated[Request, BeforeValidator(_by_get)], ...], Field(min_length=1, max_length=20)] | None = (
        None
    )
    """Calls of the participant's API; a path alone is a GET."""


def bound_names(sql: str) -> set[str]:
    """Give the names of a statement's values; `::` is a cast, and what stands between quotes or in a comment is none.

    >>> sorted(bound_names("SELECT ':x', a::text FROM t WHERE b = :one -- :two"))
    ['one']
    """
    return {found for found in _BOUND.findall(sql) if found}


_BOUND = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/|::|:([A-Za-z_][A-Za-z0-9_]*)", re.DOTALL)
