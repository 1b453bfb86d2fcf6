"""The owner's tables, states and HTTP interface: take an event about a saga, list a saga's events."""

from collections.abc import Collection

from fastapi import FastAPI
from sqlalchemy import MetaData

from participants.common.database import Database
from participants.common.events import SagaEvents, add_event_routes
from participants.common.web import new_app

METADATA = MetaData()
EVENTS = SagaEvents(METADATA)


def create_app(database: Database, _flags: Collection[str]) -> FastAPI:
    """Make the application on a database, which it closes when it ends."""
    app = new_app("vas_owner", database)
    add_event_routes(app, database, EVENTS)
    return app
