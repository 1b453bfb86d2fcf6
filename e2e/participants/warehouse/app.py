"""The warehouse's HTTP interface: a reservation per step key, the stock of a kind. The pieces themselves are in `store`.

Fields of a body that this version does not know are ignored, so that a newer saga may send more.
"""

from dataclasses import asdict

from fastapi import FastAPI
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from participants.common.declared import DeclaredStep
from participants.common.fields import Identifier, IdentifierInPath, KeyInPath, Pieces
from participants.common.ledger import Kind
from participants.common.web import forward_reply, new_app, not_found
from participants.warehouse.store import Reservation, StockStore

STEP = DeclaredStep("shop_order", "reserve_goods")
RESERVATION_PATH = "/reservations/{key}"
STATUSES = {Kind.REFUSED: 409, Kind.SUSPENDED: 410}


class ReservationRequest(BaseModel, frozen=True):
    """The body of a reservation."""

    sku: Identifier
    pieces: Pieces
    order_number: int


def create_app(store: StockStore) -> FastAPI:
    """Make the application on top of a store, whose database it closes when it ends."""
    app = new_app("warehouse", store.database, ledger=store.ledger)

    @app.put(RESERVATION_PATH)
    def reserve(key: KeyInPath, body: ReservationRequest) -> JSONResponse:
        return forward_reply(store.reserve(key, Reservation(**body.model_dump())), "released", STATUSES)

    @app.delete(RESERVATION_PATH)
    def release(key: KeyInPath) -> Response:
        if store.release(key):
            return Response(status_code=204)
        return not_found("unknown_reservation", "There was no such reservation; it will not be made any more.")

    @app.get(RESERVATION_PATH)
    def status(key: KeyInPath) -> Response:
        return STEP.status(store.state_of_step(key))

    @app.get("/stock/{sku}")
    def stock(sku: IdentifierInPath) -> JSONResponse:
        level = store.level(sku)
        return not_found("unknown_sku", f"There is no {sku}.") if level is None else JSONResponse(asdict(level))

    return app
