"""DELIBERATE FAULTS, for measuring whoever tests participants. Switched on by name in FAULT; do not copy this file.

Each class is the store of payments with one well-known mistake. The rest of payments has no branch on any of them.
"""

from collections.abc import Collection

from sqlalchemy import delete, select, update

from participants.common.faults import with_faults
from participants.common.ledger import Answer, Kind
from participants.common.web import error_body
from participants.payments.store import BankIsBusyError, Charge, PaymentStore, cards


class ChargesTwice(PaymentStore):
    """A repeated payment charges the card again, behind an innocent reply, whatever the card may still pay."""

    def pay(self, key: str, charge: Charge) -> Answer:
        """Charge each time."""
        answer = super().pay(key, charge)
        if answer.kind is Kind.DONE_AGAIN:
            with self.database.writing() as connection:
                card = update(cards).where(cards.c.card_token == charge.card_token)
                connection.execute(card.values(charged_minor=cards.c.charged_minor + charge.amount_minor))
        return answer


class AsksTheCardFirst(PaymentStore):
    """The card is looked at before the key: a repetition is declined, because the first call has used up the limit."""

    def pay(self, key: str, charge: Charge) -> Answer:
        """Look at the card first."""
        with self.database.reading() as connection:
            limit = connection.execute(
                select(cards.c.limit_minor).where(cards.c.card_token == charge.card_token)
            ).scalar_one_or_none()
        if limit is None or limit < charge.amount_minor:
            return Answer(Kind.REFUSED, error_body("declined", "The card may not pay so much."))
        return super().pay(key, charge)


class RefusesWhatMayPass(PaymentStore):
    """A bank that is busy is told as a refusal, and the refusal is not kept."""

    def pay(self, key: str, charge: Charge) -> Answer:
        """Decline for want of an answer."""
        try:
            return super().pay(key, charge)
        except BankIsBusyError:
            return Answer(Kind.REFUSED, error_body("declined", "The card was declined."))


class StatusForgetsRefusals(PaymentStore):
    """A refused payment is not known to the status call."""

    def pay(self, key: str, charge: Charge) -> Answer:
        """Forget a refusal at once."""
        answer = super().pay(key, charge)
        if answer.kind is Kind.REFUSED:
            steps = self.ledger.steps
            with self.database.writing() as connection:
                connection.execute(delete(steps).where(steps.c.step_key == key))
        return answer


STORES: dict[str, type[PaymentStore]] = {
    "charges_twice": ChargesTwice,
    "asks_the_card_first": AsksTheCardFirst,
    "refuses_what_may_pass": RefusesWhatMayPass,
    "status_forgets_refusals": StatusForgetsRefusals,
}
FLAGS = frozenset(STORES)


def faulty_store(flags: Collection[str]) -> type[PaymentStore]:
    """Give the store with the faults that are switched on."""
    return with_faults(PaymentStore, STORES, flags)
