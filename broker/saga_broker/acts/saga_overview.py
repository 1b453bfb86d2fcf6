"""Gathers what there is to show of one saga: its newest version, how it stands in each environment, and the last results."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from saga_broker.acts.running import Running, running
from saga_broker.gate.run import files
from saga_broker.gate.run.files import SagaFile
from saga_broker.rows import Environment, Page
from saga_broker.store import deck_results as deck_store
from saga_broker.store import environments as environment_store
from saga_broker.store import sagas as saga_store
from saga_broker.store.deck_results import Told
from saga_broker.store.sagas import SagaStep, SagaVersion

RECENT = 12
"""So many of the last results are shown of a step."""


@dataclass(frozen=True, slots=True)
class SagaOverview:
    """What there is to show of a saga.

    Attributes:
        newest: The version that was published last.
        steps: Its steps.
        file: Its file, as it is read today.
        places: How it stands in each environment.
        live: The versions of it that are live anywhere, by number, and the newest.
        results: The last results of each of its steps, the newest first; of the slices that the live versions have.
        versions: A page of its versions, the newest first.
        total: How many versions there are.
    """

    newest: SagaVersion
    steps: Sequence[SagaStep]
    file: SagaFile
    places: Sequence[Running]
    live: Mapping[str, SagaVersion]
    results: Mapping[str, Sequence[Told]]
    versions: Sequence[SagaVersion]
    total: int

    def file_of(self, number: str | None) -> SagaFile | None:
        """Give the file of a live version as it is read today."""
        found = self.live.get(number or "")
        return None if found is None else read(found)


def overview(connection: Connection, saga: str, page: Page, now: datetime) -> SagaOverview | None:
    """Gather what there is to show of a saga; None when none of this name is known."""
    newest, _ = saga_store.versions_of(connection, saga, Page(1, 1))
    if not newest:
        return None
    places = running_everywhere(connection, saga, now)
    numbers = {part.saga_version for place in places for part in place.parts if part.saga_version is not None}
    live = {one.number: one for one in saga_store.named_by(connection, {(saga, number) for number in numbers}).values()}
    live[newest[0].number] = newest[0]
    steps = saga_store.steps_of(connection, [one.id for one in live.values()])
    versions, total = saga_store.versions_of(connection, saga, page)
    results = {name: deck_store.recent(connection, name, shas, RECENT) for name, shas in _slices(steps).items()}
    own = steps.get(newest[0].id, [])
    return SagaOverview(newest[0], own, read(newest[0]), places, live, results, versions, total)


def running_everywhere(connection: Connection, saga: str, now: datetime) -> list[Running]:
    """Give how a saga stands in each environment, production first."""
    environments = ordered(environment_store.listing(connection))
    found = running(connection, [saga], environments, now)
    return [found[saga, place.name] for place in environments]


def ordered(environments: Sequence[Environment]) -> list[Environment]:
    """Order environments as people ask for them: production first."""
    return sorted(environments, key=lambda place: not place.production)


def read(version: SagaVersion) -> SagaFile:
    """Read the file of a saga version."""
    return files.read(f"{version.saga}.yaml", version.content)


def _slices(steps: Mapping[int, Sequence[SagaStep]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for listed in steps.values():
        for step in listed:
            found.setdefault(step.step, set()).add(step.sha)
    return found
