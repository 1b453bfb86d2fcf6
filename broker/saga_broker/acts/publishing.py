"""Publishing pacts: what is checked first, what is stored, and what the answer tells."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from saga_broker.acts import notices
from saga_broker.acts.events.announcing import Announced
from saga_broker.http.errors import ConflictError, EmptyError
from saga_broker.http.hal import Links, dump
from saga_broker.pact.content import content_sha, text_sha
from saga_broker.pact.diff import DiffTooLargeError, pact_diff
from saga_broker.pact.merge import MergeConflictError, merged
from saga_broker.rows import Publication, Version
from saga_broker.settings import Settings
from saga_broker.store import pacticipants as pacticipant_store
from saga_broker.store import pacts as pact_store
from saga_broker.store import verifications as verification_store
from saga_broker.store.pacts import Which
from saga_contracts.wire import exact


@dataclass(frozen=True, slots=True)
class Incoming:
    """A pact as it comes in.

    Attributes:
        raw: The bytes that are stored.
        pact: The same, parsed.
        merge: Merge it with what the version already holds.
        whole: Pacts are equal only when their whole texts are.
        sha: The content sha.
    """

    consumer: str
    provider: str
    raw: bytes
    pact: Any
    merge: bool = False
    whole: bool = False
    sha: str = field(init=False)

    def __post_init__(self) -> None:
        """Work the sha out here, before any other publisher has to wait for this one."""
        object.__setattr__(self, "sha", text_sha(self.raw) if self.whole else content_sha(self.pact))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a pact: `kind` is `created`, `changed`, `same` or `merged`; `stored` when there is something new."""

    publication: Publication
    kind: str
    stored: bool = True


def likely_duplicates(connection: Connection, settings: Settings, names: Sequence[str], base: str) -> list[str]:
    """Give a text for each new name that reads like existing ones; it says how to make the pacticipant on purpose."""
    if not settings.check_for_potential_duplicate_pacticipant_names:
        return []
    similar = {name: pacticipant_store.likely_duplicates(connection, name) for name in dict.fromkeys(names)}
    return [_duplicate_text(name, others, base) for name, others in similar.items() if others]


def refuse_conflicts(
    connection: Connection, settings: Settings, number: str, pacts: Sequence[Incoming], duplicates: Sequence[str] = ()
) -> None:
    """Refuse pacts that would change what is stored under this consumer version.

    Args:
        connection: The database.
        settings: Says whether such changes are allowed.
        number: The consumer version.
        pacts: What comes in.
        duplicates: Texts about names that read like others; they are told, too.

    Raises:
        ConflictError: With the differences.
    """
    found: list[notices.Notice] = []
    for pact in [] if settings.allow_dangerous_contract_modification else pacts:
        existing = pact_store.newest(connection, Which(pact.consumer, pact.provider, number))
        if existing is not None and existing.sha != pact.sha:
            found.append(notices.notice("error", notices.conflict_text(pact.consumer, number, pact.provider)))
            found.append(notices.notice("info", _difference(connection, settings, existing, pact)))
    found += [notices.notice("error", text) for text in duplicates]
    if found:
        raise ConflictError(found, [one["text"] for one in found if one["type"] == "error"])


def store_pact(connection: Connection, version: Version, pact: Incoming) -> Outcome:
    """Store a pact under a consumer version.

    Raises:
        EmptyError: It is to be merged and cannot be.
    """
    provider = pacticipant_store.get_or_create(connection, pact.provider)
    existing = pact_store.newest(connection, Which(pact.consumer, pact.provider, version.number)) if pact.merge else None
    if existing is not None:
        pact = _merged(connection, existing, pact)
    publication, kind = pact_store.store(connection, version, provider, pact.sha, pact.raw)
    return Outcome(publication, kind if existing is None else "merged", stored=kind != "same")


def describe(connection: Connection, links: Links, outcome: Outcome, announced: Announced) -> notices.Published:
    """Find out what the answer tells about a published pact."""
    pact = outcome.publication
    return notices.Published(
        consumer=pact.consumer,
        number=pact.number,
        provider=pact.provider,
        kind=outcome.kind,
        url=links.pact(pact.consumer, pact.provider, pact.number),
        comments=announced.comments,
        unchanged=notices.unchanged_text(announced.tags) if outcome.stored and not announced.comments else None,
        has_results=verification_store.exists_for_pair(connection, pact.consumer_id, pact.provider_id),
        needs_verification=announced.needs_verification,
        has_webhooks=announced.happened.has_webhooks,
        triggered=tuple(
            notices.triggered_text(
                one.webhook.description, one.webhook.uuid, one.event, links.url("triggered-webhooks", one.uuid, "logs")
            )
            for one in announced.happened.asked
        ),
    )


def _merged(connection: Connection, existing: Publication, pact: Incoming) -> Incoming:
    before = exact.loads(pact_store.content(connection, existing.content_id))
    try:
        document = merged(before, pact.pact)
    except MergeConflictError as error:
        raise EmptyError(409) from error
    return Incoming(pact.consumer, pact.provider, dump(document), document, merge=True, whole=pact.whole)


def _difference(connection: Connection, settings: Settings, existing: Publication, pact: Incoming) -> str:
    before = exact.loads(pact_store.content(connection, existing.content_id))
    try:
        return pact_diff(before, pact.pact, settings.pact_content_diff_timeout_s)
    except DiffTooLargeError:
        return "(The contents are too large to show their differences.)"


def _duplicate_text(name: str, similar: Sequence[str], base: str) -> str:
    listed = "\n".join(f"* {other}" for other in similar)
    return (
        f'This is the first time a pact has been published for "{name}".\n'
        f'The name "{name}" is very similar to the following existing consumers/providers:\n{listed}\n'
        "If you meant to specify one of the above names, please correct the pact configuration, and re-publish the pact.\n"
        "If the pact is intended to be for a new consumer or provider, please manually create "
        f'"{name}" using the following command, and then re-publish the pact:\n'
        f'$ curl -v -XPOST -H "Content-Type: application/json" -d {json.dumps(json.dumps({"name": name}))} {base}/pacticipants\n'
        "If the pact broker requires basic authentication, add '-u <username:password>' to the command.\n"
        "To disable this check, set `check_for_potential_duplicate_pacticipant_names` to false in the configuration.\n"
    )
