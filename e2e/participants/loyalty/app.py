"""The HTTP interface of loyalty: grant a bonus, revoke it, ask what became of it. How many were granted shows its database only.

Fields of a body that this version does not know are ignored, so that a newer saga may send more.
"""

from fastapi import FastAPI
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from participants.common.declared import DeclaredStep
from participants.common.fields import Identifier, Key
from participants.common.ledger import Kind
from participants.common.web import error_body, forward_reply, new_app
from participants.loyalty.store import Bonus, BonusStore

STEP = DeclaredStep("user_registration", "grant_bonus")


class BonusRequest(BaseModel, frozen=True):
    """The body of a bonus."""

    reference: Key
    account_id: Identifier
    campaign: Identifier


class OfAReference(BaseModel, frozen=True):
    """The body of a revocation, and of a question for a state."""

    reference: Key


def create_app(store: BonusStore) -> FastAPI:
    """Make the application on top of a store, whose database it closes when it ends."""
    app = new_app("loyalty", store.database, ledger=store.ledger)

    @app.post("/bonuses")
    def grant(body: BonusRequest) -> JSONResponse:
        answer = store.grant(body.reference, Bonus(body.account_id, body.campaign))
        if answer.kind is Kind.MISUSED:
            return JSONResponse(error_body("reference_reused", "This reference belongs to another bonus."), 409)
        return forward_reply(answer, "no_campaign", {Kind.SUSPENDED: 422})

    @app.post("/bonuses/revoke")
    def revoke(body: OfAReference) -> dict[str, str]:
        store.revoke(body.reference)
        return {"state": "revoked"}

    @app.post("/bonuses/state")
    def status(body: OfAReference) -> Response:
        return STEP.status(store.state_of_step(body.reference))

    return app
