"""DELIBERATE FAULTS, for measuring whoever tests participants. Switched on by name in FAULT; do not copy this file.

Each class is the store of bonuses with one well-known mistake. The rest of loyalty has no branch on any of them.
"""

from collections.abc import Collection
from uuid import uuid4

from sqlalchemy import Connection, delete, select

from participants.common.faults import with_faults
from participants.common.ledger import Answer, Kind
from participants.loyalty.store import Bonus, BonusStore, bonuses


class GrantsTwice(BonusStore):
    """A repeated call grants the bonus again, behind an innocent reply."""

    def grant(self, reference: str, bonus: Bonus) -> Answer:
        """Grant each time."""
        answer = super().grant(reference, bonus)
        if answer.kind is Kind.DONE_AGAIN:
            with self.database.writing() as connection:
                self.write(connection, f"{reference[:150]}#{uuid4().hex}", bonus)
        return answer


class RevokesByCampaign(BonusStore):
    """A revocation takes back every bonus of the campaign."""

    def strike(self, connection: Connection, reference: str) -> None:
        """Take back more than this reference's own bonus."""
        campaign = select(bonuses.c.campaign).where(bonuses.c.reference == reference).scalar_subquery()
        connection.execute(delete(bonuses).where(bonuses.c.campaign == campaign))


STORES: dict[str, type[BonusStore]] = {"grants_twice": GrantsTwice, "revokes_by_campaign": RevokesByCampaign}
FLAGS = frozenset(STORES)


def faulty_store(flags: Collection[str]) -> type[BonusStore]:
    """Give the store with the faults that are switched on."""
    return with_faults(BonusStore, STORES, flags)
