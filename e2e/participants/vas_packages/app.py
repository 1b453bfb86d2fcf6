"""The HTTP interface of packages: an order per step key, the packages of a user. The packages themselves are in `store`."""

from typing import Annotated

from fastapi import FastAPI, Header
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from participants.common.courier import Tell
from participants.common.declared import DeclaredStep
from participants.common.fields import Correlation, HttpUrl, Identifier, IdentifierInPath, KeyInPath
from participants.common.later import Later
from participants.common.outbox import ReplyTo
from participants.common.web import forward_reply, new_app
from participants.vas_packages.store import PackageStore
from participants.vas_packages.tables import PackageOrder

STEP = DeclaredStep("vas_purchase", "create_packages")
ORDER_PATH = "/package-orders/{key}"


class OrderRequest(BaseModel, frozen=True):
    """The body of an order."""

    user_id: Identifier
    package: Identifier
    callback_url: HttpUrl


def create_app(store: PackageStore, tell: Tell, work_ms: int = 0) -> FastAPI:
    """Make the application on top of a store, whose database it closes when it ends; its workers run as long as it does."""
    later = Later("package maker", store, tell, work_ms)
    app = new_app("vas_packages", store.database, later.running, ledger=store.ledger)

    @app.put(ORDER_PATH)
    def order(key: KeyInPath, body: OrderRequest, correlation: Annotated[Correlation, Header()]) -> JSONResponse:
        reply_to = ReplyTo(body.callback_url, correlation.saga_id, correlation.saga_step)
        answer = store.take_order(key, PackageOrder(body.user_id, body.package), reply_to)
        later.order_taken()
        return forward_reply(answer, suspended="off")

    @app.delete(ORDER_PATH)
    def cancel(key: KeyInPath) -> dict[str, str]:
        store.cancel(key)
        return {"state": "off"}

    @app.get(ORDER_PATH)
    def status(key: KeyInPath) -> Response:
        return STEP.status(store.state_of_step(key))

    @app.get("/users/{user_id}/packages")
    def packages(user_id: IdentifierInPath) -> dict[str, list[str]]:
        return {"packages": store.packages_of(user_id)}

    return app
