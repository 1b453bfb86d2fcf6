"""The named states of notifications, for `POST /_states`."""

from sqlalchemy import Connection, delete

from participants.common.fields import Identifier
from participants.common.states import Params, State
from participants.notifications.store import messages


class MailboxIsEmpty(Params, frozen=True):
    """Parameters of "a mailbox is empty"."""

    user_id: Identifier


def a_mailbox_is_empty(connection: Connection, params: MailboxIsEmpty) -> None:
    """Throw the user's messages away; the step keys that sent them stay known."""
    connection.execute(delete(messages).where(messages.c.user_id == params.user_id))


STATES = {"a mailbox is empty": State(MailboxIsEmpty, a_mailbox_is_empty)}
