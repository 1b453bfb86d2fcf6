"""The HTTP interface of notifications: send a message, ask for the state of a step, count a mailbox. The rest is in `store`."""

from typing import Annotated

from fastapi import FastAPI, Path
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from participants.common.declared import DeclaredStep
from participants.common.fields import Identifier, IdentifierInPath, KeyInHeader, Text
from participants.common.ledger import Kind
from participants.common.web import error_body, forward_reply, new_app
from participants.notifications.store import MailboxStore, Message

STEP = DeclaredStep("vas_purchase", "notify")
OF_ORDERS = DeclaredStep("shop_order", "notify_customer")


ORDER_MESSAGE_PATH = "/order-messages/{order_id}"
OrderInPath = Annotated[Identifier, Path(max_length=150)]


class MessageRequest(BaseModel, frozen=True):
    """The body of a message."""

    user_id: Identifier
    text: Text


def key_of_order(order_id: str) -> str:
    """Give the key under which the one message of an order is kept: no step key has a blank."""
    return f"order {order_id}"


def create_app(store: MailboxStore) -> FastAPI:
    """Make the application on top of a store, whose database it closes when it ends."""
    app = new_app("notifications", store.database, ledger=store.ledger)

    @app.post("/messages")
    def send(key: KeyInHeader, body: MessageRequest) -> JSONResponse:
        answer = store.send(key, Message(**body.model_dump()))
        return forward_reply(answer, suspended="compensated")

    @app.get("/messages/status")
    def status(key: KeyInHeader) -> Response:
        return STEP.status(store.state_of_step(key))

    @app.put(ORDER_MESSAGE_PATH)
    def send_of_order(order_id: OrderInPath, body: MessageRequest) -> JSONResponse:
        answer = store.send(key_of_order(order_id), Message(**body.model_dump()))
        if answer.kind is Kind.MISUSED:  # there is no key to be used again
            return JSONResponse(error_body("other_message", f"The message of order {order_id} is another one."), 422)
        return forward_reply(answer)

    @app.get(ORDER_MESSAGE_PATH)
    def status_of_order(order_id: OrderInPath) -> Response:
        return OF_ORDERS.status(store.state_of_step(key_of_order(order_id)))

    @app.get("/users/{user_id}/messages")
    def mailbox(user_id: IdentifierInPath) -> dict[str, int]:
        return {"count": store.count(user_id)}

    return app
