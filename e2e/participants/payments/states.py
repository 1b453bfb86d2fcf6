"""The named states of payments, for `POST /_states`."""

from sqlalchemy import Connection

from participants.common.fields import Identifier, Money
from participants.common.states import Params, State, put_row
from participants.payments.store import cards


class CardCanPay(Params, frozen=True):
    """Parameters of "a card can pay"."""

    card_token: Identifier
    limit_minor: Money


class BankIsBusy(Params, frozen=True):
    """Parameters of "the bank is busy"."""

    card_token: Identifier


def a_card_can_pay(connection: Connection, params: CardCanPay) -> None:
    """Make the card if need be and set what it may pay; what was charged stays charged."""
    values = {"limit_minor": params.limit_minor, "busy": False}
    put_row(connection, cards, {"card_token": params.card_token}, values, first={"charged_minor": 0})


def the_bank_is_busy(connection: Connection, params: BankIsBusy) -> None:
    """Let the card's bank answer nothing until the card can pay again."""
    first = {"limit_minor": 0, "charged_minor": 0}
    put_row(connection, cards, {"card_token": params.card_token}, {"busy": True}, first=first)


STATES = {"a card can pay": State(CardCanPay, a_card_can_pay), "the bank is busy": State(BankIsBusy, the_bank_is_busy)}
