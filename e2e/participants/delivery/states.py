"""The named states of delivery, for `POST /_states`."""

from sqlalchemy import Connection, delete

from participants.common.fields import Identifier
from participants.common.states import Params, State
from participants.delivery.store import parcels


class NoParcelIsUnderWay(Params, frozen=True):
    """Parameters of "no parcel is under way"."""

    order_id: Identifier


def no_parcel_is_under_way(connection: Connection, params: NoParcelIsUnderWay) -> None:
    """Throw the order's parcels away; the step keys that asked for them stay known."""
    connection.execute(delete(parcels).where(parcels.c.order_id == params.order_id))


STATES = {"no parcel is under way": State(NoParcelIsUnderWay, no_parcel_is_under_way)}
