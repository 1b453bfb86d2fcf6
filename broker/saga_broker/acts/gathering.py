"""Gathers what the gate of a saga judges: which version runs where, and what was verified with what.

The saga versions in question are those that the executing pacticipants carry which are live once the candidates are deployed:
of every pacticipant that executes any published version, so that a branch which names another one hides nothing.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from saga_broker.acts.candidates import LiveVersions
from saga_broker.gate.run import contracts, files, in_flight
from saga_broker.gate.run.contracts import Held, Messages
from saga_broker.gate.run.files import SagaFile
from saga_broker.gate.run.in_flight import Ended
from saga_broker.gate.run.model import Case, Failed, InFlight, Run, StepAt
from saga_broker.pact import interaction_results
from saga_broker.rows import Publication
from saga_broker.store import deck_results as deck_store
from saga_broker.store import pacts as pact_store
from saga_broker.store import sagas as saga_store
from saga_broker.store import verifications as verification_store
from saga_broker.store import versions as version_store
from saga_broker.store.deck_results import DeckResult
from saga_broker.store.pacts import Which
from saga_broker.store.sagas import SagaStep, SagaVersion
from saga_contracts.derive.lasting import MOST_MS
from saga_contracts.wire import exact

MOST_ENDED = 500
"""So many of the versions that were taken away last are looked at for sagas in flight."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """What is judged of one saga.

    Attributes:
        cases: One for each version of the saga that is live, would be, or may have sagas in flight.
        named: The pacticipants that these versions name.
        is_there: Whether any of them is there at all; else the cases say what is missing.
    """

    cases: tuple[Case, ...]
    named: frozenset[str]
    is_there: bool


def gather(connection: Connection, saga: str, live: LiveVersions, now: datetime, *, whole: bool = False) -> Gathered:
    """Gather one case for each version of a saga that is live, or would be with the candidates, or whose sagas are in flight.

    Args:
        connection: The database.
        saga: A saga that is known.
        live: What is live with the candidates.
        now: The moment of the question.
        whole: Judge what is in flight with everything that is live, also where candidates are named.

    Raises:
        RefusedError: With 404, a candidate is not known.
    """
    carried = {name: _carried(connection, saga, name, live) for name in saga_store.executing(connection, saga)}
    standing = [version for found in carried.values() for version in found.values() if version is not None]
    gathered = _Gathered(connection, live)
    flying = list(gathered.in_flight(saga, standing, list(carried), now))
    cases_ = []
    for name, found in carried.items():
        if standing and not any(found.values()):
            continue  # it executes no version that is in question
        cases_ += [gathered.case(saga, name, number, version) for number, version in found.items()]
    cases_ = cases_ or [Case(saga, live.environment.name, None, name, None, 1, ()) for name in carried]
    cases_ += [case for version, flight in flying if (case := gathered.flying(version, flight, whole=whole)) is not None]
    in_question = [*standing, *(version for version, _ in flying)]
    named = saga_store.named(connection, saga, [version.id for version in in_question])
    return Gathered(tuple(cases_), frozenset(named), bool(in_question))


def _carried(connection: Connection, saga: str, executor: str, live: LiveVersions) -> dict[str, SagaVersion | None]:
    """Give each live version of an executing pacticipant, with the saga version that it carries."""
    numbers = live.versions(executor)
    found = saga_store.executed_by(connection, saga, executor, numbers)
    return {number: found.get(number) for number in numbers}


class _Gathered:
    """What is read for one question."""

    def __init__(self, connection: Connection, live: LiveVersions) -> None:
        self._connection, self._environment, self._live = connection, live.environment, live
        self._contents: dict[int, Held] = {}

    def in_flight(
        self, saga: str, standing: Sequence[SagaVersion], executors: Sequence[str], now: datetime
    ) -> Iterator[tuple[SagaVersion, InFlight]]:
        """Give the versions whose sagas may still be on their way; of those that ask the same, the one that does so longest."""
        found: dict[tuple[object, ...], tuple[SagaVersion, InFlight]] = {}
        known = {self._asks(version) for version in standing}
        for version, ended in self._ended(saga, executors, now):
            flight = in_flight.counts(ended, files.read(f"{saga}.yaml", version.content).lasts, now)
            if flight is None or version in standing or self._asks(version) in known:
                continue
            other = found.get(self._asks(version))
            if other is None or in_flight.longer(flight, other[1]) is flight:
                found[self._asks(version)] = (version, flight)
        yield from found.values()

    def _ended(self, saga: str, executors: Sequence[str], now: datetime) -> Iterator[tuple[SagaVersion, Ended]]:
        for name in executors:
            for version in saga_store.executed_by(self._connection, saga, name, self._live.leaving(name)).values():
                yield version, Ended(version.number, None)
        since = now - timedelta(milliseconds=MOST_MS)
        for version, at in saga_store.ended_in(self._connection, saga, self._environment.id, since, MOST_ENDED):
            yield version, Ended(version.number, at)

    def _asks(self, version: SagaVersion) -> tuple[object, ...]:
        """Give what a saga version asks of its participants, but for its number: file, and contents of its pacts."""
        names = sorted({step.participant for step in self._steps(version)})
        pacts = [pact_store.newest(self._connection, Which(version.executor, name, version.number)) for name in names]
        return (version.executor, version.sha, *(None if pact is None else pact.content_id for pact in pacts))

    def _steps(self, version: SagaVersion) -> list[SagaStep]:
        return saga_store.steps_of(self._connection, [version.id]).get(version.id, [])

    def flying(self, version: SagaVersion, flight: InFlight, *, whole: bool) -> Case | None:
        """Give the case of a version whose sagas are in flight; None when nothing of it is asked."""
        case = self.case(version.saga, version.executor, version.number, version)
        steps = case.steps
        if not whole and self._live.names:
            steps = tuple(at for at in steps if at.version in self._live.candidates(at.participant))
        if not steps and not case.events:
            return None
        return replace(case, steps=steps, messages=(), in_flight=flight)

    def case(self, saga: str, executor: str, number: str, version: SagaVersion | None) -> Case:
        if version is None:
            return Case(saga, self._environment.name, None, executor, number, 1, ())
        file = files.read(f"{saga}.yaml", version.content)
        rows = self._steps(version)
        steps: list[StepAt] = []
        for step in rows:
            at: Sequence[str | None] = self._live.versions(step.participant) or [None]
            steps += [self._step(version, step, file, one) for one in at]
        names = (saga, self._environment.name, version.number, executor, number)
        messages = tuple(self._messages(version, file))
        found = Case(*names, version.level, tuple(steps), messages, file.fault or _otherwise(file, rows), order=version.id)
        if file.saga is None:
            return found
        reactions = tuple(one.reaction for one in file.saga.reactions)
        return replace(found, reactions=reactions, events=file.saga.events)

    def _step(self, saga: SagaVersion, step: SagaStep, file: SagaFile, number: str | None) -> StepAt:
        if number is None:
            return StepAt(step.step, step.participant, None)
        pact = pact_store.newest(self._connection, Which(saga.executor, step.participant, saga.number))
        version = version_store.find(self._connection, step.participant, number)
        verified: bool | None = None
        failed: tuple[Failed, ...] = ()
        runs: list[DeckResult] = []
        if version is not None:
            if pact is not None:
                verified = verification_store.last_outcome(self._connection, pact.content_id, version.id)
                failed = self._failed(pact.content_id, version.id) if verified is False else ()
            runs = deck_store.of_slice(self._connection, step.step, step.sha, version.id)
        cases_ = tuple(case for case in file.cases if case.step == step.step)
        about = (step.step, step.participant, number, verified, self._held(pact, saga.saga), failed)
        return StepAt(*about, file.slices.get(step.step), cases_, tuple(map(_run, runs)))

    def _failed(self, content_id: int, version_id: int) -> tuple[Failed, ...]:
        """Give the interactions that the last verification says have failed."""
        told = verification_store.last_test_results(self._connection, content_id, version_id)
        pact = exact.loads(pact_store.content(self._connection, content_id))
        found = interaction_results.read(None if told is None else exact.loads(told), pact)
        return tuple(
            Failed(one.description, one.problems[0].text if one.problems else "")
            for one in found
            if one.success is False and one.description
        )

    def _messages(self, saga: SagaVersion, file: SagaFile) -> Iterator[Messages]:
        """Give what is known of each pact that has to hold messages, at every live version of who receives them."""
        pairs: dict[tuple[str, str], list[str]] = {}
        for case in file.messages:
            pairs.setdefault((case.consumer or saga.executor, case.participant), []).append(case.name)
        for (consumer, provider), names in pairs.items():
            for number in self._versions_of(saga, consumer):
                pact = None if number is None else pact_store.newest(self._connection, Which(consumer, provider, number))
                broken_by = self._broken_by(saga, provider, pact)
                yield Messages(consumer, number, provider, tuple(names), self._held(pact, saga.saga), broken_by)

    def _versions_of(self, saga: SagaVersion, name: str) -> Sequence[str | None]:
        """Give the versions of who sends or receives messages: the executing one; else those live, or that of the saga file."""
        if name == saga.executor:
            return [saga.number]
        return self._live.versions(name) or [saga.number if name == saga.owner else None]

    def _broken_by(self, saga: SagaVersion, provider: str, pact: Publication | None) -> tuple[str, ...]:
        if pact is None:
            return ()
        numbers = [number for number in self._versions_of(saga, provider) if number is not None]
        versions = [version_store.find(self._connection, provider, number) for number in numbers]
        outcomes = [
            (version.number, verification_store.last_outcome(self._connection, pact.content_id, version.id))
            for version in versions
            if version is not None
        ]
        return tuple(number for number, outcome in outcomes if outcome is False)

    def _held(self, pact: Publication | None, saga: str) -> Held | None:
        if pact is None:
            return None
        if pact.content_id not in self._contents:
            document = json.loads(pact_store.content(self._connection, pact.content_id))
            self._contents[pact.content_id] = contracts.read(document, saga)
        return self._contents[pact.content_id]


def _otherwise(file: SagaFile, rows: Sequence[SagaStep]) -> str:
    """Tell when a file reads otherwise than when it was published: results are filed under the steps as they were then."""
    now = {name: slice_.sha for name, slice_ in file.slices.items()}
    changed = [row.step for row in rows if now.get(row.step) != row.sha]
    return f"its step {changed[0]} reads otherwise than when it was published." if changed else ""


def _run(row: DeckResult) -> Run:
    told = json.loads(row.obligations), json.loads(row.histories)
    return Run(row.id, row.created_at, row.derivation, row.faults, row.verdict, *told)
