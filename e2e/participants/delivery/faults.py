"""DELIBERATE FAULTS, for measuring whoever tests participants. Switched on by name in FAULT; do not copy this file.

Each is one well-known mistake. The rest of delivery has no branch on any.
"""

from collections.abc import Collection

import httpx
from sqlalchemy import Connection, insert, select

from participants.common.courier import Tell, as_declared
from participants.common.database import Database
from participants.common.faults import with_faults
from participants.common.mistakes import PromisesNothing, told_under_other_names
from participants.common.outbox import Callback
from participants.delivery.app import STEP
from participants.delivery.store import ParcelStore, parcels
from saga_contracts.client.participant import Delivery


class CallbackNever(ParcelStore):
    """That a parcel was handed over is never told."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.outbox = PromisesNothing(self.outbox)


class HandsOverTwice(ParcelStore):
    """Two parcels are handed over for one order."""

    def hand_over(self, connection: Connection, key: str) -> str:
        """Hand over one more."""
        tracking = super().hand_over(connection, key)
        columns = [column for column in parcels.c if column.name not in ("id", "step_key")]
        row = connection.execute(select(*columns).where(parcels.c.step_key == key)).mappings().one()
        connection.execute(insert(parcels).values({**row, "step_key": f"{key[:190]}#again"}))
        return tracking


def told_once(callback: Callback, http: httpx.Client) -> Delivery:
    """Tell a callback, and take any answer, and none, for a yes."""
    as_declared(STEP)(callback, http)
    return Delivery(taken=True, reached=True, text="was told")


STORES: dict[str, type[ParcelStore]] = {"callback_never": CallbackNever, "hands_over_twice": HandsOverTwice}
TELLS: dict[str, Tell] = {"callback_body_changed": told_under_other_names, "callback_once": told_once}
FLAGS = frozenset(STORES) | frozenset(TELLS)


def faulty_store(flags: Collection[str]) -> type[ParcelStore]:
    """Give the store with the faults that are switched on."""
    return with_faults(ParcelStore, STORES, flags)


def faulty_tell(flags: Collection[str]) -> Tell:
    """Give what tells callbacks, with the fault that is switched on."""
    return next((TELLS[flag] for flag in sorted(flags) if flag in TELLS), as_declared(STEP))
