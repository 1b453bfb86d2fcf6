"""The owner's HTTP interface: take an event about a saga, list a saga's events."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import FastAPI, Query
from pydantic import BaseModel

from participants.common.fields import Identifier
from participants.common.web import new_app
from participants.vas_owner.store import EventStore, SagaEvent


class EventRequest(BaseModel, frozen=True):
    """The body of an event."""

    saga_id: Identifier
    saga: Identifier
    step: Identifier
    event: Identifier


def create_app(store: EventStore) -> FastAPI:
    """Make the application on top of a store, whose database it closes when it ends."""
    app = new_app("vas_owner", store.database)

    @app.post("/saga-events", status_code=204)
    def take(body: EventRequest) -> None:
        store.take(SagaEvent(**body.model_dump()))

    @app.get("/saga-events")
    def events(saga_id: Annotated[Identifier, Query()]) -> dict[str, list[dict[str, Any]]]:
        return {"events": [asdict(event) for event in store.events_of(saga_id)]}

    return app
