"""The user service's named states, for `POST /_states`."""

from sqlalchemy import Connection, insert, update

from participants.common.fields import Identifier
from participants.common.states import Params, State
from participants.user_service.store import users


class UserExists(Params, frozen=True):
    """Parameters of "a user exists"."""

    user_id: Identifier
    blocked: bool = False


def a_user_exists(connection: Connection, params: UserExists) -> None:
    """Make the user if need be and set whether they are blocked; what is switched on for them stays on."""
    user = update(users).where(users.c.user_id == params.user_id)
    if connection.execute(user.values(blocked=params.blocked)).rowcount == 0:
        connection.execute(insert(users).values(**params.model_dump()))


STATES = {"a user exists": State(UserExists, a_user_exists)}
