"""Figures about the stored data."""

import json
from typing import Annotated

from fastapi import APIRouter, Response

from saga_broker.api.reading.call import Call, Hal, calling, respond
from saga_broker.http.media import TEXT
from saga_broker.store import pacts as pact_store
from saga_broker.store.pacts import Which
from saga_broker.store.questions import metrics as store

router = APIRouter(tags=["index"])
PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"
PrometheusCall = Annotated[Call, calling(offers=(TEXT,))]


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


@router.get("/metrics/prometheus")
def show_for_prometheus(call: PrometheusCall) -> Response:
    """Show the figures of this process as Prometheus reads them.

    They have an address of their own: `/metrics` is the Pact Broker's, and counts the whole database each time.
    """
    return Response(call.request.app.state.measures.text(), media_type=PROMETHEUS)


def _length(document: object, name: str) -> int:
    items = document.get(name) if isinstance(document, dict) else None
    return len(items) if isinstance(items, list) else 0
