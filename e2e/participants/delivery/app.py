"""The HTTP interface of delivery: a parcel per step key, the parcels of an order. The parcels themselves are in `store`.

Fields of a body that this version does not know are ignored, so that a newer saga may send more.
"""

from typing import Annotated

from fastapi import FastAPI, Header
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from participants.common.courier import Tell
from participants.common.declared import DeclaredStep
from participants.common.fields import Correlation, HttpUrl, Identifier, IdentifierInPath, KeyInPath, Pieces
from participants.common.later import Later
from participants.common.outbox import ReplyTo
from participants.common.web import forward_reply, new_app
from participants.delivery.store import Parcel, ParcelStore

STEP = DeclaredStep("shop_order", "ship")
PARCEL_PATH = "/parcels/{key}"


class ParcelRequest(BaseModel, frozen=True):
    """The body of a parcel."""

    order_id: Identifier
    sku: Identifier
    pieces: Pieces
    callback_url: HttpUrl


def create_app(store: ParcelStore, tell: Tell, work_ms: int = 0) -> FastAPI:
    """Make the application on top of a store, whose database it closes when it ends; its workers run as long as it does."""
    later = Later("carrier", store, tell, work_ms)
    app = new_app("delivery", store.database, later.running, ledger=store.ledger)

    @app.put(PARCEL_PATH)
    def take(key: KeyInPath, body: ParcelRequest, correlation: Annotated[Correlation, Header()]) -> JSONResponse:
        reply_to = ReplyTo(body.callback_url, correlation.saga_id, correlation.saga_step)
        answer = store.take(key, Parcel(body.order_id, body.sku, body.pieces), reply_to)
        later.order_taken()
        return forward_reply(answer)

    @app.get(PARCEL_PATH)
    def status(key: KeyInPath) -> Response:
        return STEP.status(store.state_of_step(key))

    @app.get("/orders/{order_id}/parcels")
    def parcels(order_id: IdentifierInPath) -> dict[str, int]:
        return {"parcels": store.count(order_id)}

    return app
