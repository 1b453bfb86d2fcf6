"""Pacts for verification: what a provider's build has to verify now."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Response
from sqlalchemy import Connection

from saga_broker.acts import metadata
from saga_broker.api.parties.pacticipants import existing
from saga_broker.api.reading.call import Call, Hal, calling, respond
from saga_broker.api.reading.fields import Faults, array, filled, text
from saga_broker.api.reading.selectors import read_selectors
from saga_broker.gate.selection import Entry, PactSelector, merged, metadata_pairs, short_description
from saga_broker.gate.verification_notices import Provider, notices
from saga_broker.gate.wip_window import LONGEST, start_of_window
from saga_broker.http.hal import Document, link
from saga_broker.http.media import HAL, JSON
from saga_broker.rows import Pacticipant
from saga_broker.store.database.types import now
from saga_broker.store.questions import selection as store
from saga_broker.store.questions.verified import Verifier
from saga_broker.views.pact import name_of

router = APIRouter(tags=["pacts for verification"])
PostCall = Annotated[Call, calling(offers=(HAL, JSON), takes=(JSON,), reads=True)]
EMPTY_BRANCH = (
    "when pending or WIP pacts are enabled and there are no tags provided, the provider version branch must not be an empty "
    "string, as it is used in the calculations for WIP/pending. A value must be provided (recommended), or it must not be set "
    "at all."
)
PATH = "/pacts/provider/{provider:seg}/for-verification"


class Request:
    """What a provider asks for.

    Attributes:
        branch: The branch of its version.
        tags: The tags of its version.
        pending: It wants to know which pacts are pending.
        wip_since: It wants work in progress younger than this.
        selectors: Which pacts; empty for the default selection.
        beta: It was asked in the old form.
    """

    def __init__(self, body: dict[str, Any], connection: Connection, *, beta: bool = False) -> None:
        """Read and check a request.

        Raises:
            InvalidError: It has faults.
        """
        faults = Faults()
        self.beta = beta
        tags = faults.check(body, "providerVersionTags", array)
        self.tags = tuple(tag for tag in tags or () if isinstance(tag, str)) if isinstance(tags, list) else ()
        branch = faults.check(body, "providerVersionBranch", text, _blank_branch)
        self.pending = body.get("includePendingStatus", True)
        if "includePendingStatus" in body:
            faults.check(body, "includePendingStatus", filled, _boolean, null=False)
        self.wip_since = _moment(faults, body, beta=beta)
        if branch == "" and not self.tags and (body.get("includePendingStatus") is True or self.wip_since):
            faults.add("providerVersionBranch", EMPTY_BRANCH)
        self.branch = branch or None
        self.selectors: list[PactSelector] = read_selectors(body, faults, connection, self.branch)
        faults.raise_any()


@router.get(PATH)
def show(provider: str, call: Hal) -> Response:
    """List the pacts to verify; the request stands in query parameters (the old form)."""
    with call.read() as connection:
        return _answered(call, connection, provider, Request(_from_query(call), connection, beta=True))


@router.post(PATH)
def select(provider: str, call: PostCall) -> Response:
    """List the pacts to verify."""
    body = call.object()
    with call.read() as connection:
        return _answered(call, connection, provider, Request(body, connection))


def _answered(call: Call, connection: Connection, provider: str, request: Request) -> Response:
    owner = existing(connection, provider, "provider")
    verifier = Verifier(owner.id, provider, request.branch, () if request.branch else request.tags)
    entries = merged(store.select_pacts(connection, verifier, request.selectors))
    if request.wip_since is not None and (verifier.branch or verifier.tags):
        known = {(entry.pact.consumer_id, entry.pact.sha) for entry in entries}
        days = call.settings.verified_by_other_branch_lookback_days
        since = _start_of_window(connection, owner) if call.settings.dynamic_wip_window else request.wip_since
        found = store.work_in_progress(connection, verifier, since, days)
        entries += merged([pair for pair in found if (pair[0].consumer_id, pair[0].sha) not in known], wip=True)
    pending = store.pending_tags(connection, verifier, entries) if request.pending else {}
    shown = [_entry(call, verifier, request, entry, pending.get(entry.pact.content_id, ())) for entry in entries]
    own = call.links.url("pacts", "provider", provider, "for-verification")
    return respond({"_embedded": {"pacts": shown}, "_links": {"self": link(own, "Pacts to be verified")}})


def _start_of_window(connection: Connection, provider: Pacticipant) -> datetime:
    moment = now()
    unverified = store.unverified_since(connection, provider.id, moment - timedelta(days=LONGEST))
    return start_of_window(unverified, moment)


def _entry(call: Call, verifier: Verifier, request: Request, entry: Entry, pending_tags: tuple[str, ...]) -> Document:
    tags: tuple[str, ...] = ()
    pending: bool | None = None
    if entry.wip:
        pending = True
    elif request.pending:
        tags = pending_tags
        pending = bool(tags)
    properties: Document = {}
    if request.pending:
        properties["pending"] = pending
    if entry.wip:
        properties["wip"] = True
    pact = entry.pact
    told = Provider(verifier.provider, verifier.branch, verifier.tags, tuple(tag for tag in tags if tag))
    carried = metadata.encode([("wip", True)]) if entry.wip else None
    url = call.links.content(pact.consumer, pact.provider, pact.sha, carried)
    asked = pending if request.pending else None
    properties["notices"] = notices(entry, told, url, pending=asked, beta=request.beta)
    carried = metadata.encode(metadata_pairs(entry, pending=asked))
    own = call.links.content(pact.consumer, pact.provider, pact.sha, carried)
    return {
        "shortDescription": short_description(entry.chosen),
        "verificationProperties": properties,
        "_links": {"self": link(own, None, name_of(pact))},
    }


def _from_query(call: Call) -> dict[str, Any]:
    query = call.query
    body: dict[str, Any] = {}
    selectors = query.get("consumer_version_selectors")
    if isinstance(selectors, list):
        body["consumerVersionSelectors"] = [_old_selector(item) for item in selectors if isinstance(item, dict)]
    tags = query.get("provider_version_tags")
    if isinstance(tags, list):
        body["providerVersionTags"] = tags
    for name, field in (
        ("provider_version_branch", "providerVersionBranch"),
        ("include_wip_pacts_since", "includeWipPactsSince"),
    ):
        if isinstance(query.get(name), str):
            body[field] = query[name]
    if isinstance(query.get("include_pending_status"), str):
        body["includePendingStatus"] = query["include_pending_status"] == "true"
    return body


def _old_selector(item: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {name: item[name] for name in ("tag", "consumer", "branch", "environment") if name in item}
    if "fallback_tag" in item:
        found["fallbackTag"] = item["fallback_tag"]
    if "latest" in item:
        found["latest"] = item["latest"] == "true"
    return found


def _moment(faults: Faults, body: dict[str, Any], *, beta: bool) -> datetime | None:
    if "includeWipPactsSince" not in body:
        return None
    value = body["includeWipPactsSince"]
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None:
        faults.by_field["include_wip_pacts_since" if beta else "includeWipPactsSince"] = ["must be a date"]
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _boolean(value: Any) -> str | None:
    return None if isinstance(value, bool) else "must be one of: true, false"


def _blank_branch(value: Any) -> str | None:
    return "cannot be blank" if isinstance(value, str) and value and not value.strip() else None
