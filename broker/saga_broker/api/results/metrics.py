"""Figures about the stored data."""

import json

from fastapi import APIRouter, Response

from saga_broker.api.reading.call import Hal, respond
from saga_broker.store import pacts as pact_store
from saga_broker.store.pacts import Which
from saga_broker.store.questions import metrics as store

router = APIRouter(tags=["index"])


@router.get("/metrics")
def show(call: Hal) -> Response:
    """Show how much is stored."""
    with call.read() as connection:
        figures = store.figures(connection)
        latest = pact_store.newest_of_each_pair(connection, Which())
        documents = [json.loads(pact_store.content(connection, pact.content_id)) for pact in latest]
    counts = [sum(_length(document, name) for document in documents) for name in ("interactions", "messages")]
    interactions = {
        "latestInteractionsCount": counts[0],
        "latestMessagesCount": counts[1],
        "latestInteractionsAndMessagesCount": sum(counts),
    }
    return respond({"interactions": interactions, **figures})


def _length(document: object, name: str) -> int:
    items = document.get(name) if isinstance(document, dict) else None
    return len(items) if isinstance(items, list) else 0
