"""What people have to see to, as data."""

from fastapi import APIRouter, Response

from saga_broker.acts import attention as act
from saga_broker.api.reading.call import respond
from saga_broker.api.saga.sagas import SagaCall
from saga_broker.views import attention as views

router = APIRouter(tags=["sagas"])


@router.get("/attention")
def show(call: SagaCall) -> Response:
    """Show sagas that cannot run where they are live, waivers that end, and jobs and calls of webhooks that failed."""
    with call.read() as connection:
        found = act.attention(connection, call.now)
    return respond(views.attention(call.links, found, call.today), media_type=call.media_type)
