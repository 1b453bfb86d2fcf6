"""The gateway's HTTP interface: customers place orders and look at them; the saga service tells what became of a saga."""

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from participants.common.events import add_event_routes
from participants.common.fields import Identifier, IdentifierInPath, KeyInHeader, Pieces, PositiveMoney
from participants.common.web import error_body, new_app, not_found
from participants.web_gateway.starter import Starter
from participants.web_gateway.store import EVENTS, GatewayStore, OtherOrderError


class OrderRequest(BaseModel, frozen=True):
    """The body of an order: what its saga is started with."""

    order_id: Identifier
    customer_id: Identifier
    sku: Identifier
    pieces: Pieces
    amount_minor: PositiveMoney
    card_token: Identifier


def create_app(store: GatewayStore, saga_service_url: str) -> FastAPI:
    """Make the application on top of a store, whose database it closes when it ends; sagas are started as long as it runs."""
    starter = Starter(store, saga_service_url)
    app = new_app("web_gateway", store.database, starter.running)
    add_event_routes(app, store.database, EVENTS)

    @app.post("/orders")
    def place(key: KeyInHeader, body: OrderRequest) -> JSONResponse:
        try:
            is_new = store.place(key, body.model_dump())
        except OtherOrderError:
            return JSONResponse(error_body("key_reused", "This key belongs to another order."), 422)
        starter.wake()
        return JSONResponse({"state": "placed"}, 202 if is_new else 200)

    @app.get("/orders/{request_id}")
    def order(request_id: IdentifierInPath) -> JSONResponse:
        told = store.told(request_id)
        return not_found("unknown_order", f"There is no order {request_id}.") if told is None else JSONResponse(told)

    return app
