"""The HTTP interface of payments: charge a card, ask for the state of a step, look at a card. The money itself is in `store`.

Fields of a body that this version does not know are ignored, so that a newer saga may send more.
"""

from fastapi import FastAPI
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from participants.common.declared import DeclaredStep
from participants.common.fields import Identifier, IdentifierInPath, Key, PositiveMoney
from participants.common.ledger import Kind
from participants.common.web import error_body, forward_reply, new_app, not_found
from participants.payments.store import BankIsBusyError, Charge, PaymentStore

STEP = DeclaredStep("shop_order", "pay")


class PaymentRequest(BaseModel, frozen=True):
    """The body of a payment."""

    key: Key
    card_token: Identifier
    amount_minor: PositiveMoney


class StatusRequest(BaseModel, frozen=True):
    """The body of a question for the state of a step."""

    key: Key


def create_app(store: PaymentStore) -> FastAPI:
    """Make the application on top of a store, whose database it closes when it ends."""
    app = new_app("payments", store.database, ledger=store.ledger)

    @app.post("/payments")
    def pay(body: PaymentRequest) -> JSONResponse:
        try:
            answer = store.pay(body.key, Charge(body.card_token, body.amount_minor))
        except BankIsBusyError:
            return JSONResponse(error_body("bank_is_busy", "The card's bank does not answer. Try again."), 409)
        return forward_reply(answer, statuses={Kind.REFUSED: 402})

    @app.post("/payments/status")
    def status(body: StatusRequest) -> Response:
        return STEP.status(store.state_of_step(body.key))

    @app.get("/cards/{card_token}")
    def card(card_token: IdentifierInPath) -> JSONResponse:
        charged = store.charged_minor(card_token)
        return (
            not_found("unknown_card", "There is no such card.") if charged is None else JSONResponse({"charged_minor": charged})
        )

    return app
