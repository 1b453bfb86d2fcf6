"""The HTTP interface of notifications: send a message, ask for the state of a step, count a mailbox. The rest is in `store`."""

from fastapi import FastAPI
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from participants.common.declared import DeclaredStep
from participants.common.fields import Identifier, IdentifierInPath, KeyInHeader, Text
from participants.common.web import forward_reply, new_app
from participants.notifications.store import MailboxStore, Message

STEP = DeclaredStep("vas_purchase", "notify")


class MessageRequest(BaseModel, frozen=True):
    """The body of a message."""

    user_id: Identifier
    text: Text


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

    @app.get("/users/{user_id}/messages")
    def mailbox(user_id: IdentifierInPath) -> dict[str, int]:
        return {"count": store.count(user_id)}

    return app
