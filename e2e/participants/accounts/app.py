"""The HTTP interface of accounts: open, remove, ask for the state of a step, count those of an address.

Fields of a body that this version does not know are ignored, so that a newer saga may send more.
"""

from fastapi import FastAPI
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from participants.accounts.store import AccountStore, Opening
from participants.common.declared import DeclaredStep
from participants.common.fields import Identifier, IdentifierInPath, KeyInHeader
from participants.common.ledger import Kind
from participants.common.web import forward_reply, new_app

STEP = DeclaredStep("user_registration", "create_account")


class AccountRequest(BaseModel, frozen=True):
    """The body of an account."""

    email: Identifier


def create_app(store: AccountStore) -> FastAPI:
    """Make the application on top of a store, whose database it closes when it ends."""
    app = new_app("accounts", store.database, ledger=store.ledger)

    @app.post("/accounts")
    def create(key: KeyInHeader, body: AccountRequest) -> JSONResponse:
        answer = store.open(key, Opening(body.email))
        return forward_reply(answer, "removed", {Kind.REFUSED: 409, Kind.SUSPENDED: 410})

    @app.post("/accounts/remove")
    def remove(key: KeyInHeader) -> dict[str, str]:
        store.remove(key)
        return {"state": "removed"}

    @app.get("/accounts/status")
    def status(key: KeyInHeader) -> Response:
        return STEP.status(store.state_of_step(key))

    @app.get("/addresses/{email}")
    def address(email: IdentifierInPath) -> dict[str, int]:
        return {"accounts": store.count(email)}

    return app
