"""Gathers what the gate of a saga judges: which version runs where, and what was verified with what.

The saga versions in question are those that the executing pacticipants carry which are live once the candidates are deployed:
of every pacticipant that executes any published version, so that a branch which names another one hides nothing.
"""

import json
from collections.abc import Iterator, Sequence

from sqlalchemy import Connection

from saga_broker.acts.candidates import LiveVersions
from saga_broker.gate.run import contracts, files
from saga_broker.gate.run.contracts import Held, Messages
from saga_broker.gate.run.files import SagaFile
from saga_broker.gate.run.model import Case, Failed, Run, StepAt
from saga_broker.pact import interaction_results
from saga_broker.rows import Environment, Publication
from saga_broker.store import deck_results as deck_store
from saga_broker.store import pacts as pact_store
from saga_broker.store import sagas as saga_store
from saga_broker.store import verifications as verification_store
from saga_broker.store import versions as version_store
from saga_broker.store.deck_results import DeckResult
from saga_broker.store.pacts import Which
from saga_broker.store.sagas import SagaStep, SagaVersion
from saga_contracts.wire import exact


def cases(connection: Connection, saga: str, environment: Environment, candidates: Sequence[tuple[str, str]]) -> list[Case]:
    """Gather one case for each version of a saga that is live in an environment, or would be with the candidates.

    Args:
        connection: The database.
        saga: A saga that is known.
        environment: Where it shall run.
        candidates: Name, and version or `VERSION@INSTANCE`, of each.

    Raises:
        RefusedError: With 404, a candidate is not known, or the saga does not name it.
    """
    live = LiveVersions(connection, environment, candidates)
    carried = {name: _carried(connection, saga, name, live) for name in saga_store.executing(connection, saga)}
    in_question = [version for found in carried.values() for version in found.values() if version is not None]
    live.refuse_strangers(saga, saga_store.named(connection, saga, [version.id for version in in_question]))
    gathered = _Gathered(connection, environment, live)
    cases_ = []
    for name, found in carried.items():
        if in_question and not any(found.values()):
            continue  # it executes no version that is in question
        cases_ += [gathered.case(saga, name, number, version) for number, version in found.items()]
    return cases_ or [Case(saga, environment.name, None, name, None, 1, ()) for name in carried]


def _carried(connection: Connection, saga: str, executor: str, live: LiveVersions) -> dict[str, SagaVersion | None]:
    """Give each live version of an executing pacticipant, with the saga version that it carries."""
    numbers = live.versions(executor)
    found = saga_store.executed_by(connection, saga, executor, numbers)
    return {number: found.get(number) for number in numbers}


class _Gathered:
    """What is read for one question."""

    def __init__(self, connection: Connection, environment: Environment, live: LiveVersions) -> None:
        self._connection, self._environment, self._live = connection, environment, live
        self._contents: dict[int, Held] = {}

    def case(self, saga: str, executor: str, number: str, version: SagaVersion | None) -> Case:
        if version is None:
            return Case(saga, self._environment.name, None, executor, number, 1, ())
        file = files.read(f"{saga}.yaml", version.content)
        rows = saga_store.steps_of(self._connection, [version.id]).get(version.id, [])
        steps: list[StepAt] = []
        for step in rows:
            at: Sequence[str | None] = self._live.versions(step.participant) or [None]
            steps += [self._step(version, step, file, one) for one in at]
        names = (saga, self._environment.name, version.number, executor, number)
        messages = tuple(self._messages(version, file))
        return Case(*names, version.level, tuple(steps), messages, file.fault or _otherwise(file, rows))

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
