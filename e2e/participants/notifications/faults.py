"""DELIBERATE FAULTS, for measuring whoever tests participants. Switched on by name in FAULT; do not copy this file.

Each class is the store of notifications with one well-known mistake. The rest of notifications has no branch on any of them.
"""

from collections.abc import Collection
from uuid import uuid4

from participants.common.faults import with_faults
from participants.common.ledger import Answer, Kind
from participants.notifications.store import MailboxStore, Message


class AppliesTwice(MailboxStore):
    """A repeated call sends the message again, behind an innocent reply."""

    def send(self, key: str, message: Message) -> Answer:
        """Send each time."""
        answer = super().send(key, message)
        if answer.kind is Kind.DONE_AGAIN:
            with self.database.writing() as connection:
                self.put(connection, f"{key[:150]}#{uuid4().hex}", message)
        return answer


STORES: dict[str, type[MailboxStore]] = {"applies_twice": AppliesTwice}
FLAGS = frozenset(STORES)


def faulty_store(flags: Collection[str]) -> type[MailboxStore]:
    """Give the store with the faults that are switched on."""
    return with_faults(MailboxStore, STORES, flags)
