"""The shards behind one front: every question finds the database that its saga is in, and nobody outside sees the shards.

A saga's id begins with the number of its shard, in two hexadecimal digits; which one that is follows from the saga's name and the
request id, so that the same request finds the same saga. The number of shards stays as it is: each database remembers it.
"""

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from saga_service.intake import Intake, NewSaga, RefusedError
from saga_service.kept.checks import Checks
from saga_service.records import SagaRecord
from saga_service.store import Store
from saga_service.watch.checker import Checker, Look
from saga_service.work.service import Service

SAGA_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Shard:
    """One database, with all that works on it."""

    store: Store
    service: Service
    intake: Intake
    checks: Checks
    checker: Checker


class Front:
    """Takes what comes in and gives it to the shard that it belongs to.

    Args:
        shards: In the order of their numbers.
    """

    def __init__(self, shards: Sequence[Shard]) -> None:
        self.shards = shards

    async def check(self) -> None:
        """Return when every database answers, raise the error of one that does not."""
        await asyncio.gather(*(shard.intake.check() for shard in self.shards))

    async def put_definition(self, name: str, document: Any) -> bool:
        """Make a definition the current one in every shard; was it another one before in any?"""
        return any([await shard.intake.put_definition(name, document) for shard in self.shards])

    async def create(self, new: NewSaga) -> tuple[SagaRecord, bool]:
        """Store and start a saga, or find the one of the same request id; as `Intake.create`."""
        return await self.shards[number_of(new.saga, new.request_id, len(self.shards))].intake.create(new)

    async def take_callback(self, key: str, body: Any) -> None:
        """Record a callback; as `Intake.take_callback`."""
        await self.of(key.partition(":")[0]).intake.take_callback(key, body)

    async def describe(self, saga_id: str) -> dict[str, Any]:
        """Give everything that is known of a saga."""
        shard = self.of(saga_id)
        told = await shard.intake.describe(saga_id)
        found = await asyncio.to_thread(shard.checks.found, saga_id)
        return told | {
            "findings": [
                {
                    "step": one.step,
                    "state": one.state,
                    "finding": one.finding,
                    "told": one.told,
                    "action": one.action,
                    "at": one.at,
                }
                for one in found
            ],
            "check": await asyncio.to_thread(shard.checks.last, saga_id),
        }

    async def look(self, saga_id: str) -> Look:
        """Let the checker look at a saga now.

        Raises:
            RefusedError: when there is no such saga.
        """
        try:
            return await self.of(saga_id).checker.look(saga_id)
        except KeyError:
            raise no_saga(saga_id) from None

    def of(self, saga_id: str) -> Shard:
        """Give the shard of a saga.

        Raises:
            RefusedError: when no saga has such an id.
        """
        if not SAGA_ID.fullmatch(saga_id):
            raise no_saga(saga_id)
        return self.shards[shard_of(saga_id, len(self.shards))]


def shared_work(services: Sequence[Service]) -> Callable[[str], Awaitable[str]]:
    """Give the work on a saga, done in the shard that it is in; the work on each shard comes in the order of their numbers."""

    async def work(saga_id: str) -> str:
        return await services[shard_of(saga_id, len(services))].work(saga_id)

    return work


def number_of(saga: str, request_id: str, shards: int) -> int:
    """Give the number of the shard that the sagas of a request are in."""
    digest = hashlib.sha256(f"{saga}\n{request_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % shards


def shard_of(saga_id: str, shards: int) -> int:
    """Give the number of the shard that a saga is in; of an id that no saga has, any."""
    return int(saga_id[:2], 16) % shards


def no_saga(saga_id: str) -> RefusedError:
    """Say that there is no such saga."""
    return RefusedError(404, f"There is no saga {saga_id}.")
