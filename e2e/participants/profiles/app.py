"""The HTTP interface of profiles: one per step key, and how many bear a name.

Fields of a body that this version does not know are ignored, so that a newer saga may send more.
"""

from fastapi import FastAPI
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from participants.common.declared import DeclaredStep
from participants.common.fields import Identifier, IdentifierInPath, KeyInPath
from participants.common.ledger import Kind
from participants.common.web import forward_reply, new_app, not_found
from participants.profiles.store import Profile, ProfileStore

STEP = DeclaredStep("user_registration", "create_profile")
PROFILE_PATH = "/profiles/{key}"
STATUSES = {Kind.DONE: 200, Kind.REFUSED: 400, Kind.SUSPENDED: 410}


class ProfileRequest(BaseModel, frozen=True):
    """The body of a profile."""

    account_id: Identifier
    name: Identifier


def create_app(store: ProfileStore) -> FastAPI:
    """Make the application on top of a store, whose database it closes when it ends."""
    app = new_app("profiles", store.database, ledger=store.ledger)

    @app.put(PROFILE_PATH)
    def put(key: KeyInPath, body: ProfileRequest) -> JSONResponse:
        return forward_reply(store.put(key, Profile(body.account_id, body.name)), "removed", STATUSES)

    @app.delete(PROFILE_PATH)
    def remove(key: KeyInPath) -> Response:
        if store.remove(key):
            return Response(status_code=204)
        return not_found("unknown_profile", "There was no such profile; it will not be stored any more.")

    @app.get(PROFILE_PATH)
    def status(key: KeyInPath) -> Response:
        return STEP.status(store.state_of_step(key))

    @app.get("/names/{name}")
    def names(name: IdentifierInPath) -> dict[str, int]:
        return {"profiles": store.count(name)}

    return app
