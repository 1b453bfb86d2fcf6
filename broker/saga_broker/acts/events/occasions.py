"""What a call of a webhook is about: the pact, the result and the versions, and the values that they give the variables."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from saga_broker.acts.metadata import encode_call
from saga_broker.events.event import VERIFICATION, Event
from saga_broker.http.hal import Links
from saga_broker.rows import Publication, Verification, Version
from saga_broker.store import branches as branch_store
from saga_broker.store import pacticipants as pacticipant_store
from saga_broker.store import pacts as pact_store
from saga_broker.store import tags as tag_store
from saga_broker.store import verifications as verification_store
from saga_broker.store import versions as version_store
from saga_broker.store.pacts import Which
from saga_broker.webhooks.model import Webhook
from saga_broker.webhooks.templates import NAMES

TEST = "test"
_STATUSES = {
    "githubVerificationStatus": ("pending", "success", "failure"),
    "bitbucketVerificationStatus": ("INPROGRESS", "SUCCESSFUL", "FAILED"),
    "azureDevOpsVerificationStatus": ("pending", "succeeded", "failed"),
    "gitlabVerificationStatus": ("pending", "success", "failed"),
}


@dataclass(frozen=True, slots=True)
class Subject:
    """A version of the consumer or the provider, as variables tell of it."""

    name: str = ""
    number: str = ""
    tags: tuple[str, ...] = ()
    branch: str = ""
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a call is about.

    Attributes:
        event: The event, or one that is named `test`.
        sha: The content of the pact; empty without one.
        result: Number and outcome of the result; None without one.
    """

    event: Event
    consumer: Subject
    provider: Subject
    sha: str = ""
    result: tuple[int, bool] | None = None
    build_url: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


_NO_CONSUMER = Subject(
    *("placeholder-consumer", "gggghhhhjjjjkkkkllll66667777888899990000", ("dev",), "main", ("placeholder-consumer-label",))
)
_NO_PROVIDER = Subject("placeholder-provider", labels=("placeholder-provider-label",))
_NO_PROVIDER_VERSION = Subject(
    *("placeholder-provider", "aaaabbbbccccddddeeeeffff1111222233334444", ("master",), "", ("placeholder-provider-label",))
)
_NO_SHA = "5d445a4612743728dfd99ccd4210423c052bb9db"


def of_event(connection: Connection, event: Event) -> Occasion:
    """Find out what an event is about, as it stands now: a result that came meanwhile is told."""
    pact = _pact(connection, event)
    result = _result(connection, event, pact)
    number = event.provider_version or (result.provider_version if result is not None else None)
    provider = _subject(connection, event.provider, number)
    tags = event.details.get("consumer_version_tags") if event.verification_id is not None else None
    consumer = _subject(connection, event.consumer, event.consumer_version, tags)
    told = None if result is None else (result.id, result.success)
    return Occasion(event, consumer, provider, event.content_sha or "", told, event.details.get("build_url") or "", event.details)


def of_test(connection: Connection, webhook: Webhook, base_url: str) -> Occasion:
    """Find what a test execution tells of: the newest pact that the webhook is for, or an example."""
    event = Event(TEST, base_url=base_url)
    wants_result = VERIFICATION in webhook.events
    pact = _newest(connection, webhook)
    if pact is None:
        provider = _NO_PROVIDER_VERSION if wants_result else _NO_PROVIDER
        return Occasion(event, _NO_CONSUMER, provider, _NO_SHA, (1, True) if wants_result else None)
    result = latest_result(connection, pact)
    provider = _subject(connection, pact.provider, None if result is None else result.provider_version)
    told = None if result is None else (result.id, result.success)
    return Occasion(event, _subject(connection, pact.consumer, pact.number), provider, pact.sha, told)


def values(occasion: Occasion) -> dict[str, str]:
    """Give the values of all variables; what is not known is empty."""
    found = dict.fromkeys(NAMES, "")
    event, consumer, provider = occasion.event, occasion.consumer, occasion.provider
    for role, subject in (("consumer", consumer), ("provider", provider)):
        found |= {f"{role}Name": subject.name, f"{role}Labels": ", ".join(subject.labels)}
        found |= {f"{role}VersionNumber": subject.number, f"{role}VersionBranch": subject.branch}
        found[f"{role}VersionTags"] = ", ".join(subject.tags)
    outcome = 0 if occasion.result is None else 1 if occasion.result[1] else 2
    found |= {name: words[outcome] for name, words in _STATUSES.items()}
    found |= {"eventName": event.name, "buildUrl": occasion.build_url}
    found["providerVersionDescriptions"] = ", ".join(occasion.details.get("descriptions", ()))
    found |= {"sagaName": event.saga or "", "environmentName": event.environment or ""}
    found |= {"sagaStep": str(occasion.details.get("step") or ""), "reason": str(occasion.details.get("reason") or "")}
    return {**found, **_addresses(occasion)}


def latest_result(connection: Connection, pact: Publication) -> Verification | None:
    """Give the latest result of a pact's content by the provider's main branch, else the latest."""
    on_main = verification_store.latest_on_main_branch(connection, pact.content_id)
    return on_main or verification_store.latest_of_contents(connection, [pact.content_id]).get(pact.content_id)


def _addresses(occasion: Occasion) -> dict[str, str]:
    links = Links(occasion.event.base_url)
    if not occasion.sha or occasion.event.saga is not None:
        return {}
    consumer, provider = occasion.consumer, occasion.provider
    names = (consumer.name, provider.name, occasion.sha)
    found = {"pactUrl": links.content(*names, encode_call(consumer.number, consumer.tags))}
    if occasion.result is not None:
        found["verificationResultUrl"] = f"{links.content(*names)}/verification-results/{occasion.result[0]}"
    return found


def _pact(connection: Connection, event: Event) -> Publication | None:
    if event.consumer is None or event.provider is None or event.content_sha is None or event.saga is not None:
        return None
    which = Which(event.consumer, event.provider, event.consumer_version, event.content_sha)
    return pact_store.newest(connection, which) or pact_store.newest(
        connection, Which(event.consumer, event.provider, sha=event.content_sha)
    )


def _result(connection: Connection, event: Event, pact: Publication | None) -> Verification | None:
    if event.verification_id is not None:
        return verification_store.find(connection, event.verification_id)
    return None if pact is None else latest_result(connection, pact)


def _newest(connection: Connection, webhook: Webhook) -> Publication | None:
    if webhook.consumer.label is None and webhook.provider.label is None:
        return pact_store.newest(connection, Which(webhook.consumer.name, webhook.provider.name))
    found = pact_store.newest_of_each_pair(connection, Which(webhook.consumer.name, webhook.provider.name))
    ids = list({one for pact in found for one in (pact.consumer_id, pact.provider_id)})
    labels = {one: frozenset(label.name for label in rows) for one, rows in pacticipant_store.labels_of(connection, ids).items()}
    none: frozenset[str] = frozenset()
    meant = [
        pact
        for pact in found
        if webhook.consumer.fits(pact.consumer, labels.get(pact.consumer_id, none))
        and webhook.provider.fits(pact.provider, labels.get(pact.provider_id, none))
    ]
    return max(meant, key=lambda pact: pact.id, default=None)


def _subject(connection: Connection, name: str | None, number: str | None, tags: list[str] | None = None) -> Subject:
    owner = None if name is None else pacticipant_store.find(connection, name)
    if owner is None:
        return Subject(name or "", number or "")
    labels = tuple(sorted(label.name for label in pacticipant_store.labels_of(connection, [owner.id]).get(owner.id, [])))
    version = None if number is None else version_store.find(connection, owner.name, number)
    if version is None:
        return Subject(owner.name, number or "", tuple(tags or ()), labels=labels)
    known = _tags(connection, version) if tags is None else tuple(tags)
    branches = branch_store.of_versions(connection, [version.id]).get(version.id, [])
    last = max(branches, key=lambda one: one.created_at, default=None)
    return Subject(owner.name, version.number, known, last.name if last is not None else "", labels)


def _tags(connection: Connection, version: Version) -> tuple[str, ...]:
    found = tag_store.of_versions(connection, [version.id]).get(version.id, [])
    return tuple(tag.name for tag in sorted(found, key=lambda tag: tag.created_at))
