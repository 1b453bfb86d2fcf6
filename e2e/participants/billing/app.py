"""Billing's HTTP interface: reserve, cancel, ask for the state of a step, look at an account. The money itself is in `store`."""

from dataclasses import asdict

from fastapi import FastAPI
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from participants.billing.store import BillingStore, Order
from participants.common.declared import DeclaredStep
from participants.common.fields import Identifier, IdentifierInPath, KeyInHeader, PositiveMoney
from participants.common.web import forward_reply, new_app, not_found

STEP = DeclaredStep("vas_purchase", "reserve_money")


class ReservationRequest(BaseModel, frozen=True):
    """The body of a reservation."""

    account_id: Identifier
    order_id: Identifier
    amount_minor: PositiveMoney


def create_app(store: BillingStore) -> FastAPI:
    """Make the application on top of a store, whose database it closes when it ends."""
    app = new_app("billing", store.database, ledger=store.ledger)

    @app.post("/reservations")
    def reserve(key: KeyInHeader, body: ReservationRequest) -> JSONResponse:
        answer = store.reserve(key, Order(**body.model_dump()))
        return forward_reply(answer, suspended="compensated")

    @app.post("/reservations/cancel")
    def cancel(key: KeyInHeader) -> dict[str, str]:
        store.cancel(key)
        return {"state": "cancelled"}

    @app.get("/reservations/status")
    def status(key: KeyInHeader) -> Response:
        return STEP.status(store.state_of_step(key))

    @app.get("/accounts/{account_id}")
    def account(account_id: IdentifierInPath) -> JSONResponse:
        balance = store.balance(account_id)
        if balance is None:
            return not_found("unknown_account", f"There is no account {account_id}.")
        return JSONResponse(asdict(balance))

    return app
