"""The user service's HTTP interface: an operation per step key, under its user. What an operation does is in `store`."""

from fastapi import FastAPI
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from participants.common.declared import DeclaredStep
from participants.common.fields import Identifier, IdentifierInPath, KeyInPath
from participants.common.web import error_body, forward_reply, new_app, not_found
from participants.user_service.store import Operation, OtherUsersOperationError, UserStore

STEP = DeclaredStep("vas_purchase", "apply_vas")
OPERATION_PATH = "/users/{user_id}/vas-operations/{key}"


class OperationRequest(BaseModel, frozen=True):
    """The body of an operation."""

    package: Identifier
    order_id: Identifier


def create_app(store: UserStore) -> FastAPI:
    """Make the application on top of a store, whose database it closes when it ends."""
    app = new_app("user_service", store.database, ledger=store.ledger)

    @app.put(OPERATION_PATH)
    def apply(user_id: IdentifierInPath, key: KeyInPath, body: OperationRequest) -> JSONResponse:
        answer = store.apply(key, Operation(user_id=user_id, **body.model_dump()))
        return forward_reply(answer, suspended="cancelled")

    @app.delete(OPERATION_PATH)
    def cancel(user_id: IdentifierInPath, key: KeyInPath) -> JSONResponse:
        try:
            store.cancel(key, user_id)
        except OtherUsersOperationError:
            return JSONResponse(error_body("key_reused", f"This key's operation is not one of user {user_id}."), 422)
        return JSONResponse({"state": "cancelled"})

    @app.get(OPERATION_PATH)
    def status(user_id: IdentifierInPath, key: KeyInPath) -> Response:  # noqa: ARG001  (a part of the path)
        return STEP.status(store.state_of_step(key))

    @app.get("/users/{user_id}")
    def user(user_id: IdentifierInPath) -> JSONResponse:
        services = store.services_of(user_id)
        if services is None:
            return not_found("unknown_user", f"There is no user {user_id}.")
        return JSONResponse({"services": services})

    return app
