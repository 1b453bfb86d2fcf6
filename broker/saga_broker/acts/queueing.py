"""Making verification jobs: which ones follow from what happened, and which are dropped for something newer."""

from collections.abc import Collection

from sqlalchemy import Connection

from saga_broker.gate.selection import PactSelector, merged
from saga_broker.jobs.job import OPEN, WAITING, Priority, State, key_of
from saga_broker.rows import Version
from saga_broker.store import branches as branch_store
from saga_broker.store import pacticipants as pacticipant_store
from saga_broker.store import pacts as pact_store
from saga_broker.store import sagas as saga_store
from saga_broker.store import versions as version_store
from saga_broker.store.jobs import announcements, jobs, standing
from saga_broker.store.jobs.standing import Content
from saga_broker.store.pacts import Which
from saga_broker.store.questions import selection
from saga_broker.store.questions.verified import Verifier
from saga_contracts.derive.model import DERIVATION

_DROPPED = frozenset({State.SUPERSEDED})
_UNDONE = frozenset({State.SUPERSEDED, State.FAILED})
_OVER = frozenset(State) - OPEN
BLOCKED_TEXT = (
    "Nobody said how {provider} {number} is started, so that it cannot be verified by itself. Announce it: "
    "sagapact announce provider.yaml --version {number}; or verify it in its own CI with sagapact verify."
)


def content_published(connection: Connection, consumer: str, provider: str, sha: str) -> int:
    """Make jobs for a content: at each version of the provider that matters and has no result for it.

    Returns:
        How many were made.
    """
    owner, content = pacticipant_store.find(connection, provider), standing.content(connection, consumer, provider, sha)
    if owner is None or content is None:
        return 0
    made = 0
    for version_id, _, _ in standing.versions_that_matter(connection, owner.id):
        if not standing.has_result(connection, content.id, version_id):
            version = version_store.find_by_ids(connection, [version_id])[version_id]
            made += ask_for(connection, version, content, f"the contract of {consumer} has a content that is new for it")
    drop_superseded(connection, owner.id)
    return made


def version_to_verify(connection: Connection, provider: str, number: str, reason: str, *, again: bool = False) -> int:
    """Make jobs for a version of a provider that was announced or deployed: for each contract that it has no result for.

    Args:
        connection: The database.
        provider: The provider.
        number: Its version.
        reason: Why, for people.
        again: What failed before is tried again, since it may be started in another way now.

    Returns:
        How many were made.
    """
    version = version_store.find(connection, provider, number)
    if version is None:
        return 0
    made = 0
    for content in contents_of(connection, version):
        if not standing.has_result(connection, content.id, version.id):
            made += ask_for(connection, version, content, reason, redo=_UNDONE if again else _DROPPED)
    drop_superseded(connection, version.pacticipant_id)
    return made


def offer_anew(connection: Connection, version: Version) -> None:
    """Let the jobs of a version that no worker has be offered as it is announced now: its labels may lead to other workers."""
    for job in jobs.waiting_of(connection, version.pacticipant_id):
        if job.provider_version_id == version.id and job.state == State.QUEUED:
            jobs.offer_again(connection, job, [State.QUEUED])


def saga_published(connection: Connection, saga: str, number: str) -> int:
    """Make jobs for the steps of a saga version whose decks nobody has played at a version that matters."""
    found = saga_store.find(connection, saga, number)
    made = 0
    for step in [] if found is None else saga_store.steps_of(connection, [found.id]).get(found.id, []):
        owner = pacticipant_store.find(connection, step.participant)
        pact = pact_store.newest(connection, Which(found.executor, step.participant, found.number)) if found else None
        if owner is None or pact is None:
            continue
        for version_id, _, _ in standing.versions_that_matter(connection, owner.id):
            if not standing.has_deck_result(connection, step.step, step.sha, version_id, DERIVATION):
                version = version_store.find_by_ids(connection, [version_id])[version_id]
                content = Content(pact.content_id, pact.consumer, pact.sha)
                reason = f"the saga {saga} was published, and the deck of its step {step.step} was not played"
                made += ask_for(connection, version, content, reason, redo=_OVER - {State.CANCELLED})
    return made


def by_hand(connection: Connection, version: Version, consumer: str | None) -> list[str]:
    """Make jobs that somebody asks for, even where there are results; gives the keys of all that are open then."""
    found = [one for one in contents_of(connection, version) if consumer in (None, one.consumer)]
    for content in found:
        ask_for(connection, version, content, "it was asked for by hand", redo=_OVER, hand=True)
    return [key_of(version.pacticipant, version.number, one.consumer, one.sha, DERIVATION) for one in found]


def contents_of(connection: Connection, version: Version) -> list[Content]:
    """Give the contents that a version has to keep: main branches, what is deployed or released, branches of the same name."""
    branches = branch_store.of_versions(connection, [version.id]).get(version.id, [])
    verifier = Verifier(version.pacticipant_id, version.pacticipant, branches[-1].name if branches else None, ())
    found = selection.select_pacts(connection, verifier, [])
    for branch in branches:
        found += selection.select_pacts(connection, verifier, [PactSelector(branch=branch.name)])
    return [Content(entry.pact.content_id, entry.pact.consumer, entry.pact.sha) for entry in merged(found)]


def ask_for(
    connection: Connection,
    version: Version,
    content: Content,
    reason: str,
    *,
    redo: Collection[str] = _DROPPED,
    hand: bool = False,
) -> int:
    """Make the job of a version and a content, or open it again; one that is open already stays as it is.

    Args:
        connection: The database.
        version: The provider's version.
        content: The content.
        reason: Why, for people.
        redo: A job that ended in one of these states is opened again.
        hand: Somebody asked for it: it comes first, and is not dropped when something newer comes.

    Returns:
        1 when there is a job now that was not there before, else 0.
    """
    key = key_of(version.pacticipant, version.number, content.consumer, content.sha, DERIVATION)
    announced = announcements.find(connection, version.id) is not None
    text = None if announced else BLOCKED_TEXT.format(provider=version.pacticipant, number=version.number)
    state = State.QUEUED if announced else State.BLOCKED
    priority = Priority.MAIN if hand else standing.standing(connection, version.id).priority
    values = {"state": state, "priority": priority, "reason": reason, "by_hand": hand, "text": text}
    existing = jobs.find(connection, key)
    if existing is None:
        owned = {"provider_id": version.pacticipant_id, "provider_version_id": version.id, "content_id": content.id}
        jobs.make(connection, key=key, derivation=DERIVATION, **owned, **values)
        return 1
    if existing.state in redo:
        ended = {"attempts": 0, "verdict": None, "verification_id": None, "started_at": None, "ended_at": None}
        return int(jobs.offer_again(connection, existing, [existing.state], **ended, **values))
    if existing.state == State.BLOCKED and announced:
        return int(jobs.move(connection, existing, [State.BLOCKED], **values))
    if hand and existing.state == State.QUEUED:
        jobs.move(connection, existing, [State.QUEUED], priority=priority, by_hand=True)
    return 0


def drop_superseded(connection: Connection, provider_id: int) -> int:
    """Drop the jobs of a provider that no worker has and whose version or content something newer has taken the place of."""
    dropped = 0
    for job in jobs.waiting_of(connection, provider_id):
        if job.by_hand:
            continue
        text = None
        if standing.standing(connection, job.provider_version_id).is_superseded:
            text = f"{job.provider} {job.provider_version} is neither the head of a branch nor deployed or released any more"
        elif not standing.is_current(connection, job.content_id):
            text = f"no head of a branch of {job.consumer}, and nothing of it that is deployed or released, has this content"
        elif job.state == State.BLOCKED and standing.has_result(connection, job.content_id, job.provider_version_id):
            text = "its result was published by somebody else"
        if text is not None:
            dropped += jobs.move(connection, job, WAITING, state=State.SUPERSEDED, text=text, is_offered=False)
    return dropped
