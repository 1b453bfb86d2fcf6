"""The end of a job: its results are stored in one transaction with the job's own end, so that none is lost or doubled."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from saga_broker.acts.events.announcing import announce_result
from saga_broker.acts.metadata import Metadata
from saga_broker.jobs.job import State
from saga_broker.rows import Version
from saga_broker.settings import Settings
from saga_broker.store import deck_results as deck_store
from saga_broker.store import pacts as pact_store
from saga_broker.store import sagas as saga_store
from saga_broker.store import verifications as verification_store
from saga_broker.store import versions as version_store
from saga_broker.store.database.types import now
from saga_broker.store.jobs import jobs
from saga_broker.store.jobs.jobs import Job
from saga_broker.store.pacts import Which
from saga_broker.store.verifications import NewVerification

COULD_NOT_FIND_OUT = "could not find out"
OPEN = (State.QUEUED, State.RUNNING)
"""A job may be in the queue again while its first worker, which was only slow, still brings the result."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a worker found out.

    Attributes:
        worker: Who.
        verdict: In one word; `could not find out` makes the job fail.
        text: Why it could not be found out, or what is to be known besides.
        verification: The pact's result; None when nobody knows yes or no.
        decks: What was played; `saga`, `step`, `sha` and the fields of a deck result.
    """

    worker: str
    verdict: str
    text: str
    verification: NewVerification | None
    decks: Sequence[dict[str, Any]]


def finish(connection: Connection, settings: Settings, base_url: str, job: Job, finding: Finding) -> bool:
    """End an open job and store what was found.

    Args:
        connection: A transaction that writes.
        settings: For the webhooks that follow.
        base_url: What links begin with.
        job: The job, as it is in this transaction.
        finding: What was found.

    Returns:
        Whether this was the first result; a later one changes nothing.
    """
    failed = finding.verdict == COULD_NOT_FIND_OUT
    ended = {"state": State.FAILED if failed else State.DONE, "verdict": finding.verdict, "text": finding.text or None}
    if not jobs.move(connection, job, OPEN, worker=finding.worker, is_offered=False, ended_at=now(), **ended):
        return False
    version = version_store.find_by_ids(connection, [job.provider_version_id])[job.provider_version_id]
    for deck in finding.decks:
        _store_deck(connection, version, deck)
    pact = pact_store.newest(connection, Which(job.consumer, job.provider, sha=job.sha))
    if finding.verification is not None and pact is not None:
        result = verification_store.record(connection, pact, version, finding.verification)
        pact_store.touch_integrations(connection, [(pact.consumer_id, pact.provider_id)])
        announce_result(connection, settings, base_url, pact, result, Metadata())
        jobs.note_verification(connection, job, result.id)
    return True


def _store_deck(connection: Connection, version: Version, deck: dict[str, Any]) -> None:
    """Store a deck's result, where a saga file that is stored has the step as the pact has it; else nothing could count it."""
    if saga_store.is_known_slice(connection, deck["saga"], deck["step"], deck["sha"]) == version.pacticipant:
        deck_store.record(connection, version, **deck)
