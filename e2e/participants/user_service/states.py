"""The user service's named states, for `POST /_states`."""

from sqlalchemy import Connection

from participants.common.fields import Identifier
from participants.common.states import Params, State, put_row
from participants.user_service.store import users


class UserExists(Params, frozen=True):
    """Parameters of "a user exists"."""

    user_id: Identifier
    blocked: bool = False


def a_user_exists(connection: Connection, params: UserExists) -> None:
    """Make the user if need be and set whether they are blocked; what is switched on for them stays on."""
    put_row(connection, users, {"user_id": params.user_id}, {"blocked": params.blocked})


STATES = {"a user exists": State(UserExists, a_user_exists)}
