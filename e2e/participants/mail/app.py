"""The HTTP interface of mail: take a mail, ask what became of it. How many it has taken shows its database only.

Fields of a body that this version does not know are ignored, so that a newer saga may send more.
"""

from typing import Annotated

from fastapi import FastAPI, Header, Query
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from participants.common.declared import DeclaredStep
from participants.common.fields import Identifier, Key, Text
from participants.common.ledger import Kind
from participants.common.web import forward_reply, new_app
from participants.mail.store import Mail, MailStore

STEP = DeclaredStep("user_registration", "welcome")
RequestId = Annotated[Key, Header(alias="X-Request-Id")]


class MailRequest(BaseModel, frozen=True):
    """The body of a mail."""

    to: Identifier
    text: Text


def create_app(store: MailStore) -> FastAPI:
    """Make the application on top of a store, whose database it closes when it ends."""
    app = new_app("mail", store.database, ledger=store.ledger)

    @app.post("/mails")
    def take(body: MailRequest, key: RequestId, campaign: Annotated[Identifier, Query()]) -> JSONResponse:
        answer = store.queue(key, Mail(body.to, campaign, body.text))
        return forward_reply(answer, statuses={Kind.DONE: 202, Kind.DONE_AGAIN: 202})

    @app.get("/mails/state")
    def status(key: RequestId) -> Response:
        return STEP.status(store.state_of_step(key))

    return app
