"""Orders and packages: taking an order, making its package, cancelling it. Telling the outcome is left to the outbox.

Each public method is one transaction; the step ledger makes it safe to repeat. Whoever changes a step locks its row in the ledger
first, so that the worker and a cancellation that meet at an order take turns.
"""

from dataclasses import asdict

from sqlalchemy import Connection, delete, insert, select

from participants.common.database import Database
from participants.common.ledger import Answer, Effect, Kind, StepState
from participants.common.outbox import ReplyTo
from participants.common.web import error_body
from participants.vas_packages.tables import LEDGER, OUTBOX, PackageOrder, offers, orders, packages
from saga_contracts.client import Outcome


class PackageStore:
    """Everything that is done to the database of packages."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.ledger = LEDGER
        self.outbox = OUTBOX

    def take_order(self, key: str, order: PackageOrder, reply_to: ReplyTo) -> Answer:
        """Queue the order, unless this key has been answered before. A repetition may bring another address to call back."""
        with self.database.writing() as connection:
            answer = self.ledger.forward(connection, key, asdict(order), lambda: self.queue(connection, key, order, reply_to))
            if answer.kind not in (Kind.SUSPENDED, Kind.MISUSED):
                self.outbox.move(connection, key, reply_to)
            return answer

    def cancel(self, key: str) -> None:
        """Undo this key's order, made or not; forbid it when it has not come yet."""
        with self.database.writing() as connection:
            self.ledger.compensate(connection, key, lambda: self.withdraw(connection, key))

    def state_of_step(self, key: str) -> StepState | None:
        """Tell what became of a key; None when it is unknown."""
        with self.database.reading() as connection:
            return self.ledger.state_of(connection, key)

    def packages_of(self, user_id: str) -> list[str]:
        """Tell the packages that were made for a user, by name."""
        rows = select(packages.c.package).where(packages.c.user_id == user_id).order_by(packages.c.package)
        with self.database.reading() as connection:
            return list(connection.execute(rows).scalars())

    def waiting_orders(self, most: int) -> list[str]:
        """Give the keys of the oldest orders that are still to be made."""
        steps = self.ledger.steps
        rows = select(orders.c.step_key).join(steps, steps.c.step_key == orders.c.step_key)
        rows = rows.where(steps.c.state == StepState.IN_PROGRESS).order_by(orders.c.id).limit(most)
        with self.database.reading() as connection:
            return list(connection.execute(rows).scalars())

    def make(self, key: str) -> None:
        """Make an order's package, or find that it is not on sale; nothing when the order was cancelled or is made by another."""
        with self.database.writing() as connection:
            if self.ledger.lock_if_in_progress(connection, key):
                effect = self.create(connection, key)
                self.ledger.save(connection, key, effect)
                self.outbox.promise(connection, key, Outcome.DONE if effect.state is StepState.APPLIED else Outcome.REFUSED)

    def queue(self, connection: Connection, key: str, order: PackageOrder, reply_to: ReplyTo) -> Effect:
        """Keep the order for the worker."""
        connection.execute(insert(orders).values(step_key=key, **asdict(order)))
        self.outbox.expect(connection, key, reply_to)
        return Effect(StepState.IN_PROGRESS, {"state": "in_progress"})

    def create(self, connection: Connection, key: str) -> Effect:
        """Make the package if it is on sale to the user."""
        order = connection.execute(select(orders).where(orders.c.step_key == key)).one()
        offer = select(offers.c.on_sale).where(offers.c.user_id == order.user_id, offers.c.package == order.package)
        if not connection.execute(offer.with_for_update()).scalar_one_or_none():
            message = f"Package {order.package} is not on sale to user {order.user_id}."
            return Effect(StepState.REFUSED, error_body("not_on_sale", message))
        connection.execute(insert(packages).values(step_key=key, user_id=order.user_id, package=order.package))
        return Effect(StepState.APPLIED, {"state": "on"})

    def withdraw(self, connection: Connection, key: str) -> None:
        """Take away what this order has made, and no other; nobody waits for its outcome any more."""
        connection.execute(delete(packages).where(packages.c.step_key == key))
        self.outbox.drop(connection, key)
