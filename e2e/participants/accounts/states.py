"""The named states of accounts, for `POST /_states`."""

from uuid import uuid4

from sqlalchemy import Connection, update

from participants.accounts.store import accounts
from participants.common.fields import Identifier
from participants.common.states import Params, State, put_row


class OfAnAddress(Params, frozen=True):
    """Parameters of both states."""

    email: Identifier


def an_address_is_free(connection: Connection, params: OfAnAddress) -> None:
    """Remove the account that stands for the address, if any; the step keys that opened it stay known."""
    connection.execute(update(accounts).where(accounts.c.address == params.email).values(address=None))


def an_address_is_taken(connection: Connection, params: OfAnAddress) -> None:
    """Let somebody else have an account with the address, if nobody has one."""
    first = {"account_id": uuid4().hex}
    put_row(connection, accounts, {"address": params.email}, {"email": params.email}, first=first)


STATES = {
    "an address is free": State(OfAnAddress, an_address_is_free),
    "an address is taken": State(OfAnAddress, an_address_is_taken),
}
