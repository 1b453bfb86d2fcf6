"""DELIBERATE FAULTS, for measuring whoever tests participants. Switched on by name in FAULT; do not copy this file.

Each class is billing's store with one well-known mistake. The rest of billing has no branch on any of them.
"""

from collections.abc import Collection
from uuid import uuid4

from fastapi import HTTPException
from sqlalchemy import delete, select, update
from starlette.types import ASGIApp

from participants.billing.store import BillingStore, Order, accounts, reservations
from participants.common.faults import with_faults
from participants.common.ledger import Answer, Kind, StepState
from participants.common.mistakes import DropCorrelation
from participants.common.web import error_body


class NullCompensation404(BillingStore):
    """A cancellation that comes first is answered 404, and nothing is remembered."""

    def cancel(self, key: str) -> None:
        """Cancel only what is known."""
        if self.state_of_step(key) is None:
            raise HTTPException(404, "There is no such reservation.")
        super().cancel(key)


class ForgetsTombstone(BillingStore):
    """A cancellation that comes first is answered 200 but not remembered: the reservation that follows it holds money."""

    def cancel(self, key: str) -> None:
        """Cancel only what is known."""
        if self.state_of_step(key) is not None:
            super().cancel(key)


class AppliesTwice(BillingStore):
    """A repeated reservation holds the money again, behind an innocent reply."""

    def reserve(self, key: str, order: Order) -> Answer:
        """Hold the money each time."""
        answer = super().reserve(key, order)
        if answer.kind is not Kind.DONE_AGAIN:
            return answer
        with self.database.writing() as connection:
            again = self.hold(connection, f"{key[:150]}#{uuid4().hex}", order)
        return Answer(Kind.REFUSED, again.reply) if again.state is StepState.REFUSED else answer


class DoubleRefund(BillingStore):
    """A repeated cancellation gives the money back again."""

    def cancel(self, key: str) -> None:
        """Give back each time."""
        if self.state_of_step(key) is StepState.COMPENSATED:
            with self.database.writing() as connection:
                for row in connection.execute(select(reservations).where(reservations.c.step_key == key)):
                    account = update(accounts).where(accounts.c.account_id == row.account_id)
                    connection.execute(account.values(available_minor=accounts.c.available_minor + row.amount_minor))
        super().cancel(key)


class StatusLies(BillingStore):
    """A cancelled step is still said to be reserved."""

    def state_of_step(self, key: str) -> StepState | None:
        """Tell the truth only about steps that were not cancelled."""
        state = super().state_of_step(key)
        return StepState.APPLIED if state is StepState.COMPENSATED else state


class RefusesRetry(BillingStore):
    """The money is looked at before the ledger: a repetition is refused, because the first call holds the money."""

    def reserve(self, key: str, order: Order) -> Answer:
        """Look at the money first."""
        balance = self.balance(order.account_id)
        if balance is None or balance.available_minor < order.amount_minor:
            return Answer(Kind.REFUSED, error_body("insufficient_funds", "There is not enough money."))
        return super().reserve(key, order)


class RefusedKeyAppliesLater(BillingStore):
    """A refusal is not final: the same key holds the money once the account has it."""

    def reserve(self, key: str, order: Order) -> Answer:
        """Forget an earlier refusal first."""
        steps = self.ledger.steps
        with self.database.writing() as connection:
            connection.execute(delete(steps).where(steps.c.step_key == key, steps.c.state == StepState.REFUSED))
        return super().reserve(key, order)


STORES: dict[str, type[BillingStore]] = {
    "null_compensation_404": NullCompensation404,
    "forgets_tombstone": ForgetsTombstone,
    "applies_twice": AppliesTwice,
    "double_refund": DoubleRefund,
    "status_lies": StatusLies,
    "refuses_retry": RefusesRetry,
    "refused_key_applies_later": RefusedKeyAppliesLater,
}
FLAGS = frozenset(STORES) | {"drops_correlation"}


def faulty_store(flags: Collection[str]) -> type[BillingStore]:
    """Give the store with the faults that are switched on."""
    return with_faults(BillingStore, STORES, flags)


def faulty_app(app: ASGIApp, flags: Collection[str]) -> ASGIApp:
    """Give the application with the faults that are switched on."""
    return DropCorrelation(app) if "drops_correlation" in flags else app
