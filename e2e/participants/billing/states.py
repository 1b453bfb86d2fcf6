"""Billing's named states, for `POST /_states`."""

from sqlalchemy import Connection

from participants.billing.store import accounts
from participants.common.fields import Identifier, Money
from participants.common.states import Params, State, put_row


class AccountHolds(Params, frozen=True):
    """Parameters of "an account holds"."""

    account_id: Identifier
    available_minor: Money


def an_account_holds(connection: Connection, params: AccountHolds) -> None:
    """Open the account if need be and set what is available; what reservations hold stays held."""
    key, values = {"account_id": params.account_id}, {"available_minor": params.available_minor}
    put_row(connection, accounts, key, values, first={"held_minor": 0})


STATES = {"an account holds": State(AccountHolds, an_account_holds)}
