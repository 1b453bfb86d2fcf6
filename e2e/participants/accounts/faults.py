"""DELIBERATE FAULTS, for measuring whoever tests participants. Switched on by name in FAULT; do not copy this file.

Each class is the store of accounts with one well-known mistake. The rest of accounts has no branch on any of them.
"""

from collections.abc import Collection
from uuid import uuid4

from sqlalchemy import Connection, select, update

from participants.accounts.store import AccountStore, Opening, accounts
from participants.common.faults import with_faults
from participants.common.ledger import Answer, Kind


class OtherIdAgain(AccountStore):
    """A repeated call is answered with another account id than the first one."""

    def open(self, key: str, opening: Opening) -> Answer:
        """Make up an id."""
        answer = super().open(key, opening)
        return answer if answer.kind is not Kind.DONE_AGAIN else Answer(answer.kind, {**answer.reply, "account_id": uuid4().hex})


class RemovesByAddress(AccountStore):
    """A refused account that is removed takes the other account with the address away."""

    def remove(self, key: str) -> None:
        """Remove by the address that was asked for, whoever has it."""
        super().remove(key)
        with self.database.writing() as connection:
            self.strike_address(connection, key)

    def open(self, key: str, opening: Opening) -> Answer:
        """Write down for which address a key has asked."""
        answer = super().open(key, opening)
        if answer.kind is Kind.REFUSED:
            with self.database.writing() as connection:
                taken = accounts.c.address == opening.email
                connection.execute(update(accounts).where(taken, accounts.c.step_key.is_(None)).values(step_key=key))
        return answer

    def strike_address(self, connection: Connection, key: str) -> None:
        """Remove whatever stands for the address of a key."""
        address = select(accounts.c.address).where(accounts.c.step_key == key).scalar_subquery()
        connection.execute(update(accounts).where(accounts.c.address == address).values(address=None))


STORES: dict[str, type[AccountStore]] = {"other_id_again": OtherIdAgain, "removes_by_address": RemovesByAddress}
FLAGS = frozenset(STORES)


def faulty_store(flags: Collection[str]) -> type[AccountStore]:
    """Give the store with the faults that are switched on."""
    return with_faults(AccountStore, STORES, flags)
