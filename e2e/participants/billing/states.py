"""Billing's named states, for `POST /_states`."""

from sqlalchemy import Connection, insert, update

from participants.billing.store import accounts
from participants.common.fields import Identifier, Money
from participants.common.states import Params, State


class AccountHolds(Params, frozen=True):
    """Parameters of "an account holds"."""

    account_id: Identifier
    available_minor: Money


def an_account_holds(connection: Connection, params: AccountHolds) -> None:
    """Open the account if need be and set what is available; what reservations hold stays held."""
    account = update(accounts).where(accounts.c.account_id == params.account_id)
    if connection.execute(account.values(available_minor=params.available_minor)).rowcount == 0:
        connection.execute(insert(accounts).values(**params.model_dump(), held_minor=0))


STATES = {"an account holds": State(AccountHolds, an_account_holds)}
