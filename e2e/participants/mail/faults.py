"""DELIBERATE FAULTS, for measuring whoever tests participants. Switched on by name in FAULT; do not copy this file.

Each class is the store of mails with one well-known mistake. The rest of mail has no branch on any of them.
"""

from collections.abc import Collection
from uuid import uuid4

from participants.common.faults import with_faults
from participants.common.ledger import Answer, Kind
from participants.mail.store import Mail, MailStore


class SendsTwice(MailStore):
    """A repeated call queues the mail again, behind an innocent reply."""

    def queue(self, request_id: str, mail: Mail) -> Answer:
        """Queue each time."""
        answer = super().queue(request_id, mail)
        if answer.kind is Kind.DONE_AGAIN:
            with self.database.writing() as connection:
                self.write(connection, f"{request_id[:150]}#{uuid4().hex}", mail)
        return answer


STORES: dict[str, type[MailStore]] = {"sends_twice": SendsTwice}
FLAGS = frozenset(STORES)


def faulty_store(flags: Collection[str]) -> type[MailStore]:
    """Give the store with the faults that are switched on."""
    return with_faults(MailStore, STORES, flags)
