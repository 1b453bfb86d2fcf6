"""The shards behind one front: every question finds the database that its saga is in, and nobody outside sees the shards.

A saga's id begins with the number of its shard, in two hexadecimal digits; which one that is follows from the saga's name and the
request id, so that the same request finds the same saga. The number of shards stays as it is: each database remembers it.
"""

import asyncio
import dataclasses
import hashlib
import heapq
import itertools
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from saga_service.intake import Intake, NewSaga, RefusedError
from saga_service.kept import figures
from saga_service.kept.checks import Checks
from saga_service.kept.definitions import Definitions, Version, together
from saga_service.kept.listing import Listed, Listing, Wanted
from saga_service.records import SagaRecord, SagaState
from saga_service.seen import metrics, pages
from saga_service.seen.metrics import Seen
from saga_service.store import Store
from saga_service.watch.checker import Checker, Look
from saga_service.watch.escalating import Escalating
from saga_service.watch.health import Health
from saga_service.watch.parking import Parking
from saga_service.work.jobs import Jobs
from saga_service.work.service import Service

SAGA_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Shard:
    """One database, with all that works on it."""

    store: Store
    jobs: Jobs
    listing: Listing
    service: Service
    intake: Intake
    definitions: Definitions
    checks: Checks
    checker: Checker
    parking: Parking
    escalating: Escalating


class Front:
    """Takes what comes in and gives it to the shard that it belongs to.

    Args:
        shards: In the order of their numbers.
        health: Knows how the participants are.
    """

    def __init__(self, shards: Sequence[Shard], health: Health) -> None:
        self.shards, self.health = shards, health

    async def check(self) -> None:
        """Return when every database answers, raise the error of one that does not."""
        await asyncio.gather(*(shard.intake.check() for shard in self.shards))

    async def put_definition(self, name: str, document: Any) -> bool:
        """Make a definition the current one in every shard; was it another one before in any?"""
        return any([await shard.intake.put_definition(name, document) for shard in self.shards])

    async def definitions(self) -> dict[str, int]:
        """Give the number of the current version of each saga's definition."""
        return await asyncio.to_thread(self.shards[0].definitions.names)

    async def versions(self, saga: str) -> list[Version]:
        """Give the versions of a saga's definition, the first one first.

        Raises:
            RefusedError: when there is none.
        """
        found = await asyncio.gather(*(asyncio.to_thread(shard.definitions.versions, saga) for shard in self.shards))
        if not any(found):
            raise RefusedError(404, f"There is no saga {saga}.")
        return together(found)

    async def version(self, saga: str, number: int) -> str:
        """Give one version of a saga's definition, as JSON.

        Raises:
            RefusedError: when there is none.
        """
        content = await asyncio.to_thread(self.shards[0].definitions.content, saga, number)
        if content is None:
            raise RefusedError(404, f"There is no version {number} of the saga {saga}.")
        return content

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
        waits_for = await shard.parking.waits_for(saga_id) if told["state"] == SagaState.PARKED else []
        return told | {
            "definition_version": await asyncio.to_thread(shard.definitions.number, told.pop("definition_id")),
            "waits_for": waits_for,
            "findings": [dataclasses.asdict(one) for one in found],
            "acts": [dataclasses.asdict(one) for one in await asyncio.to_thread(shard.escalating.kept.acts, saga_id)],
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

    async def escalations(self, limit: int, *, after: float, settled: bool) -> list[dict[str, Any]]:
        """List escalated sagas of all shards, the longest escalated first."""
        kept = [shard.escalating.kept for shard in self.shards]
        found = await asyncio.gather(*(asyncio.to_thread(one.listed, limit, after=after, settled=settled) for one in kept))
        return heapq.nsmallest(limit, itertools.chain(*found), key=lambda one: one["since"])

    async def resume(self, saga_id: str, person: str, note: str) -> None:
        """Let an escalated saga go on.

        Raises:
            RefusedError: when there is no such saga, or it cannot go on.
        """
        shard = await self._known(saga_id)
        why_not = await shard.escalating.resume(saga_id, person, note)
        if why_not is not None:
            raise RefusedError(409, why_not)

    async def settle(self, saga_id: str, person: str, note: str) -> None:
        """Record that a person has settled an escalated saga by hand.

        Raises:
            RefusedError: when there is no such saga, or it is not escalated, or settled already.
        """
        shard = await self._known(saga_id)
        if not await asyncio.to_thread(shard.escalating.kept.settle, saga_id, person, note):
            raise RefusedError(409, "It is not escalated, or somebody has settled it already.")

    async def sagas(self, wanted: Wanted) -> list[Listed]:
        """List sagas of all shards, the newest first."""
        found = await asyncio.gather(*(asyncio.to_thread(shard.listing.sagas, wanted) for shard in self.shards))
        return heapq.nlargest(wanted.limit, itertools.chain(*found), key=lambda one: one.created_at)

    async def list_page(self, wanted: Wanted) -> str:
        """Give the page of all sagas."""
        counted = await asyncio.gather(*(asyncio.to_thread(shard.listing.counts) for shard in self.shards))
        counts = sum((Counter(one) for one in counted), Counter[str]())
        names = list(await self.definitions())
        return pages.list_page(await self.sagas(wanted), wanted, counts, names, self.participants())

    async def saga_page(self, saga_id: str) -> str:
        """Give the page of one saga.

        Raises:
            RefusedError: when there is no such saga.
        """
        told = await self.describe(saga_id)
        return pages.saga_page(told, (await self.of(saga_id).jobs.job(saga_id)).saga)

    async def metrics(self) -> bytes:
        """Give the figures for Prometheus."""
        found, escalations = await asyncio.gather(
            asyncio.gather(*(asyncio.to_thread(figures.read, shard.store.reading) for shard in self.shards)),
            asyncio.gather(*(asyncio.to_thread(shard.escalating.kept.count) for shard in self.shards)),
        )
        up = {name: not self.health.down([name]) for name in self.health.known}
        return metrics.exposition(Seen(figures.together(found), sum(escalations), up))

    def participants(self) -> dict[str, Any]:
        """Tell how each participant is whose health is asked for."""
        return {
            name: {"is_up": not self.health.down([name]), "since": one.since, "failures": one.failures, "trouble": one.trouble}
            for name, one in self.health.known.items()
        }

    async def _known(self, saga_id: str) -> Shard:
        shard = self.of(saga_id)
        if await asyncio.to_thread(shard.store.saga, saga_id) is None:
            raise no_saga(saga_id)
        return shard

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
