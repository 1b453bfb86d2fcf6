"""The owner's named states, for `POST /_states`."""

from sqlalchemy import Connection, delete

from participants.common.fields import Identifier
from participants.common.states import Params, State
from participants.vas_owner.store import saga_events


class NothingIsKnown(Params, frozen=True):
    """Parameters of "nothing was told about a saga"."""

    saga_id: Identifier


def nothing_was_told(connection: Connection, params: NothingIsKnown) -> None:
    """Forget what was told about the saga."""
    connection.execute(delete(saga_events).where(saga_events.c.saga_id == params.saga_id))


STATES = {"nothing was told about a saga": State(NothingIsKnown, nothing_was_told)}
