"""Gathers what the gate of a saga judges: which version runs where, and what was verified with what."""

import json
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from saga_broker.gate.run import files
from saga_broker.gate.run.files import SagaFile
from saga_broker.gate.run.model import Case, Run, StepAt
from saga_broker.rows import Environment
from saga_broker.store import deck_results as deck_store
from saga_broker.store import deployments as deployment_store
from saga_broker.store import pacts as pact_store
from saga_broker.store import sagas as saga_store
from saga_broker.store import verifications as verification_store
from saga_broker.store import versions as version_store
from saga_broker.store.deck_results import DeckResult
from saga_broker.store.pacts import Which
from saga_broker.store.sagas import SagaStep, SagaVersion

Candidates = Mapping[str, Sequence[str]]


def cases(connection: Connection, saga: str, environment: Environment, candidates: Candidates) -> list[Case]:
    """Gather one case for each version of a saga that is live in an environment, or would be with the candidates.

    Args:
        connection: The database.
        saga: A saga that is known.
        environment: Where it shall run.
        candidates: Versions by pacticipant; they stand in the place of what is live.
    """
    known = saga_store.last(connection, saga)
    assert known is not None  # noqa: S101  (the caller asked before)
    if known.executor in candidates:
        numbers = list(candidates[known.executor])
        found = [(number, saga_store.executed_by(connection, saga, known.executor, number)) for number in numbers]
    else:
        live = saga_store.live_in(connection, environment.id, saga=saga)
        found = [(_number(connection, one), one) for one in live]
        carried = {number for number, _ in found}
        others = live_numbers(connection, known.executor, environment)
        found += [(number, None) for number in others if number not in carried]
    if not found:
        return [Case(saga, environment.name, None, known.executor, None, 1, ())]
    return [_case(connection, environment, known, number, version, candidates) for number, version in found]


def live_numbers(connection: Connection, pacticipant: str, environment: Environment) -> list[str]:
    """Give the numbers of the versions of a pacticipant that are deployed or released now."""
    deployed = deployment_store.deployments(connection, environment.id, pacticipant=pacticipant)
    released = deployment_store.releases(connection, environment.id, pacticipant=pacticipant)
    return list(dict.fromkeys([*(one.number for one in deployed), *(one.number for one in released)]))


def _number(connection: Connection, saga: SagaVersion) -> str:
    return version_store.find_by_ids(connection, [saga.executor_version_id])[saga.executor_version_id].number


def _case(
    connection: Connection,
    environment: Environment,
    known: SagaVersion,
    number: str,
    version: SagaVersion | None,
    candidates: Candidates,
) -> Case:
    if version is None:
        return Case(known.saga, environment.name, None, known.executor, number, 1, ())
    file = files.read(f"{version.saga}.yaml", version.content)
    rows = saga_store.steps_of(connection, [version.id]).get(version.id, [])
    steps: list[StepAt] = []
    for step in rows:
        numbers = candidates.get(step.participant) or live_numbers(connection, step.participant, environment)
        at: Sequence[str | None] = numbers or [None]
        steps += [_step_at(connection, version, number, step, file, one) for one in at]
    names = (known.saga, environment.name, version.number, version.executor, number)
    return Case(*names, version.level, tuple(steps), file.fault or _otherwise(file, rows))


def _otherwise(file: SagaFile, rows: Sequence[SagaStep]) -> str:
    """Tell when a file reads otherwise than when it was published: results are filed under the steps as they were then."""
    now = {name: slice_.sha for name, slice_ in file.slices.items()}
    changed = [row.step for row in rows if now.get(row.step) != row.sha]
    return f"its step {changed[0]} reads otherwise than when it was published." if changed else ""


def _step_at(
    connection: Connection, saga: SagaVersion, executor_number: str, step: SagaStep, file: SagaFile, number: str | None
) -> StepAt:
    if number is None:
        return StepAt(step.step, step.participant, None)
    pact = pact_store.newest(connection, Which(saga.executor, step.participant, executor_number))
    version = version_store.find(connection, step.participant, number)
    verified: bool | None = None
    runs: list[DeckResult] = []
    if version is not None:
        if pact is not None:
            verified = verification_store.last_outcome(connection, pact.content_id, version.id)
        runs = deck_store.of_slice(connection, step.step, step.sha, version.id)
    return StepAt(
        step.step, step.participant, number, verified, pact is not None, file.slices.get(step.step), tuple(map(_run, runs))
    )


def _run(row: DeckResult) -> Run:
    told = json.loads(row.obligations), json.loads(row.histories)
    return Run(row.id, row.created_at, row.derivation, row.faults, row.verdict, *told)
