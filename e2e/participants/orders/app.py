"""The HTTP interface of orders: open, cancel, confirm, ask for the state of a step, count a customer's orders.

Fields of a body that this version does not know are ignored, so that a newer saga may send more.
"""

from typing import Annotated

from fastapi import FastAPI, Path
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from participants.common.declared import DeclaredStep
from participants.common.fields import Identifier, IdentifierInPath, KeyInHeader, Pieces
from participants.common.ledger import Kind
from participants.common.web import error_body, forward_reply, new_app
from participants.orders.store import NotOpenError, Order, OrderStore

OPENING = DeclaredStep("shop_order", "create_order")
CONFIRMING = DeclaredStep("shop_order", "confirm_order")
NumberInPath = Annotated[int, Path(ge=1, le=2**31 - 1)]


class OrderRequest(BaseModel, frozen=True):
    """The body of an order."""

    order_id: Identifier
    customer_id: Identifier
    sku: Identifier
    pieces: Pieces


class OfAnOrder(BaseModel, frozen=True):
    """The body of a cancellation and of a confirmation."""

    order_id: Identifier


def create_app(store: OrderStore) -> FastAPI:
    """Make the application on top of a store, whose database it closes when it ends."""
    app = new_app("orders", store.database, ledger=store.ledger)

    @app.post("/orders")
    def create(key: KeyInHeader, body: OrderRequest) -> JSONResponse:
        return forward_reply(store.open(key, Order(**body.model_dump())), "cancelled", {Kind.REFUSED: 403})

    @app.post("/orders/cancel")
    def cancel(key: KeyInHeader, body: OfAnOrder) -> dict[str, str]:  # noqa: ARG001  (the key says which order)
        store.cancel(key)
        return {"state": "cancelled"}

    @app.get("/orders/status")
    def status(key: KeyInHeader) -> Response:
        return OPENING.status(store.state_of_step(key))

    @app.post("/orders/{number}/confirm")
    def confirm(number: NumberInPath, key: KeyInHeader, body: OfAnOrder) -> JSONResponse:
        try:
            return forward_reply(store.confirm(key, number, body.order_id), statuses={Kind.DONE: 200})
        except NotOpenError:
            return JSONResponse(error_body("not_open", f"There is no open order {number} of {body.order_id}."), 404)

    @app.get("/orders/confirmations/status")
    def confirmation(key: KeyInHeader) -> Response:
        return CONFIRMING.status(store.state_of_step(key))

    @app.get("/customers/{customer_id}/orders")
    def opened(customer_id: IdentifierInPath) -> dict[str, int]:
        return {"open": store.count(customer_id, confirmed=False)}

    @app.get("/customers/{customer_id}/confirmed-orders")
    def confirmed(customer_id: IdentifierInPath) -> dict[str, int]:
        return {"confirmed": store.count(customer_id, confirmed=True)}

    return app
