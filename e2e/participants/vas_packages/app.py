"""The HTTP interface of packages: an order per step key, the packages of a user. The work itself is in `store` and `workers`."""

from typing import Annotated

from fastapi import FastAPI, Header
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from participants.common.fields import CorrelationId, HttpUrl, Identifier, IdentifierInPath, KeyInPath
from participants.common.ledger import StepState
from participants.common.web import forward_reply, new_app
from participants.vas_packages.store import PackageStore
from participants.vas_packages.tables import PackageOrder, ReplyTo
from participants.vas_packages.workers import Workers

STATE_IN_WORDS = {
    None: "absent",
    StepState.IN_PROGRESS: "in_progress",
    StepState.APPLIED: "on",
    StepState.REFUSED: "refused",
    StepState.COMPENSATED: "off",
}
ORDER_PATH = "/package-orders/{key}"


class OrderRequest(BaseModel, frozen=True):
    """The body of an order."""

    user_id: Identifier
    package: Identifier
    callback_url: HttpUrl


class Correlation(BaseModel, frozen=True):
    """The correlation headers of an order; its callback carries them too."""

    saga_id: CorrelationId | None = None
    saga_step: CorrelationId | None = None


def create_app(store: PackageStore, work_ms: int = 0) -> FastAPI:
    """Make the application on top of a store, whose database it closes when it ends; its workers run as long as it does."""
    workers = Workers(store, work_ms)
    app = new_app("vas_packages", store.database, workers.running)

    @app.put(ORDER_PATH)
    def order(key: KeyInPath, body: OrderRequest, correlation: Annotated[Correlation, Header()]) -> JSONResponse:
        reply_to = ReplyTo(body.callback_url, correlation.saga_id, correlation.saga_step)
        answer = store.take_order(key, PackageOrder(body.user_id, body.package), reply_to)
        workers.order_taken()
        return forward_reply(answer, suspended="off")

    @app.delete(ORDER_PATH)
    def cancel(key: KeyInPath) -> dict[str, str]:
        store.cancel(key)
        return {"state": "off"}

    @app.get(ORDER_PATH)
    def status(key: KeyInPath) -> dict[str, str]:
        return {"state": STATE_IN_WORDS[store.state_of_step(key)]}

    @app.get("/users/{user_id}/packages")
    def packages(user_id: IdentifierInPath) -> dict[str, list[str]]:
        return {"packages": store.packages_of(user_id)}

    return app
