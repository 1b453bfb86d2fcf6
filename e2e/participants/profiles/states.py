"""The named states of profiles, for `POST /_states`."""

from sqlalchemy import Connection, delete

from participants.common.fields import Identifier
from participants.common.states import Params, State, put_row
from participants.profiles.store import bad_names


class NameIsAcceptable(Params, frozen=True):
    """Parameters of "a name is acceptable"."""

    name: Identifier
    acceptable: bool = True


def a_name_is_acceptable(connection: Connection, params: NameIsAcceptable) -> None:
    """Set whether the name is taken; profiles that bear it stay."""
    if params.acceptable:
        connection.execute(delete(bad_names).where(bad_names.c.name == params.name))
    else:
        put_row(connection, bad_names, {"name": params.name}, {"name": params.name})


STATES = {"a name is acceptable": State(NameIsAcceptable, a_name_is_acceptable)}
