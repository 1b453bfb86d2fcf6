"""What needs attention: sagas that cannot run, waivers that end, jobs and calls of webhooks that failed."""

from fastapi import APIRouter, Response

from saga_broker.acts import attention as act
from saga_broker.pages.frame.asking import Html
from saga_broker.pages.frame.writing import Crumb, page
from saga_broker.pages.sagas.states import of_running
from saga_broker.pages.work.states import CALLS, JOBS
from saga_broker.views.attention import ending

router = APIRouter(tags=["pages"])


@router.get("/attention")
def show(call: Html) -> Response:
    """Show what needs attention."""
    with call.read() as connection:
        found = act.attention(connection, call.now)
    return page(
        call.request,
        "sagas/attention.html",
        "What needs attention",
        [Crumb("Attention")],
        found=found,
        waivers=ending(found, call.today),
        state=of_running,
        jobs=JOBS,
        calls=CALLS,
    )
