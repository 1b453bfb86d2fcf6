"""`POST /contracts/publish`: a version with its branch and tags, and its pacts, in one go."""

import base64
import binascii
from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy import Connection

from saga_broker.acts import notices
from saga_broker.acts.events.announcing import Announced, announce_pact
from saga_broker.acts.publishing import Incoming, Outcome, describe, likely_duplicates, refuse_conflicts, store_pact
from saga_broker.acts.tagging import put_on_branch, put_tag
from saga_broker.api.reading.bodies import decode, parse_any, unmarked
from saga_broker.api.reading.call import Call, HalJson, respond
from saga_broker.api.reading.fields import Faults, address, array, filled, not_blank, one_line, one_of, text
from saga_broker.http.errors import RefusedError
from saga_broker.http.hal import Document, link, unique
from saga_broker.rows import Version
from saga_broker.store import pacts as pact_store
from saga_broker.store import versions as version_store
from saga_broker.views import pact as pact_views

router = APIRouter(tags=["pacts"])
Body = dict[str, Any]


@router.post("/contracts/publish")
def publish(call: HalJson) -> Response:
    """Publish the pacts of a consumer version; all of them or, when one is refused, none."""
    body = call.object()
    pacts = _checked(call, body)
    name, number, branch = body["pacticipantName"], body["pacticipantVersionNumber"], body.get("branch")
    tags = unique(body.get("tags") or [])
    with call.write() as connection:
        names = [name, *(pact.provider for pact in pacts)]
        duplicates = likely_duplicates(connection, call.settings, names, call.links.base)
        refuse_conflicts(connection, call.settings, number, pacts, duplicates)
        version, is_new = _put_version(call, connection, body, tags)
        outcomes = [store_pact(connection, version, pact) for pact in pacts]
        touched = [(outcome.publication.consumer_id, outcome.publication.provider_id) for outcome in outcomes]
        pact_store.touch_integrations(connection, touched)
        told = notices.version_notices(name, number, branch, tags, is_new=is_new)
        occasion = {"consumer_version_branch": branch, "build_url": body.get("buildUrl"), "consumer_version_tags": tags}
        for outcome in outcomes:
            announced = announce(call, connection, outcome, occasion)
            told += notices.pact_notices(describe(connection, call.links, outcome, announced))
    return respond(_document(call, body, tags, outcomes, told))


def announce(call: Call, connection: Connection, outcome: Outcome, occasion: Body) -> Announced:
    """Write down what happened with a pact."""
    pact = outcome.publication
    return announce_pact(connection, call.settings, call.links.base, pact, is_stored=outcome.stored, told=occasion)


def _put_version(call: Call, connection: Connection, body: Body, tags: list[str]) -> tuple[Version, bool]:
    version, is_new = version_store.get_or_create(connection, body["pacticipantName"], body["pacticipantVersionNumber"])
    if body.get("buildUrl") is not None:
        version_store.set_build_url(connection, version, body["buildUrl"], is_new=is_new)
    if body.get("branch"):
        put_on_branch(connection, call.settings, version, body["branch"])
    for tag in tags:
        put_tag(connection, call.settings, version, tag)
    return version, is_new


def _document(call: Call, body: Body, tags: list[str], outcomes: list[Outcome], told: list[notices.Notice]) -> Document:
    name, number = body["pacticipantName"], body["pacticipantVersionNumber"]
    links = call.links
    version = links.version(name, number)
    pacts = [outcome.publication for outcome in outcomes]
    return {
        "logs": notices.logs(told),
        "notices": told,
        "_embedded": {
            "pacticipant": {"name": name, "_links": {"self": link(links.pacticipant(name))}},
            "version": {"number": number, "_links": {"self": link(version, "Version", number)}},
        },
        "_links": {
            "pb:pacticipant": link(links.pacticipant(name), "Pacticipant", name),
            "pb:pacticipant-version": link(version, "Pacticipant version", number),
            "pb:pacticipant-version-tags": [link(links.tag(name, number, tag), "Tag", tag) for tag in tags],
            "pb:contracts": [link(pact_views.href_of(links, pact), "Pact", pact_views.name_of(pact)) for pact in pacts],
        },
    }


def _checked(call: Call, body: Body) -> list[Incoming]:
    faults = Faults()
    faults.check(body, "pacticipantName", text, filled, not_blank, required=True, null=False)
    faults.check(body, "pacticipantVersionNumber", text, filled, not_blank, one_line, required=True, null=False)
    faults.check(body, "branch", text, not_blank, one_line)
    faults.check(body, "buildUrl", address, one_line)
    tags = faults.check(body, "tags", array)
    for index, tag in enumerate(tags if isinstance(tags, list) else []):
        fault = text(tag) or filled(tag) or not_blank(tag) or one_line(tag)
        if fault:
            faults.add("tags", f"{fault} (at index {index})")
    contracts = faults.check(body, "contracts", array, required=True, null=False)
    pacts = (
        [_contract(call, body, item, index, faults) for index, item in enumerate(contracts or [])]
        if "contracts" not in faults.by_field
        else []
    )
    if not faults.by_field:  # beside other faults the Pact Broker does not name this one
        faults.check(body, "pacticipantName", one_line)
    faults.raise_any()
    return [pact for pact in pacts if pact is not None]


def _contract(call: Call, body: Body, item: Any, index: int, faults: Faults) -> Incoming | None:
    if not isinstance(item, dict):
        faults.add("contracts", f"must be a hash (at index {index})")
        return None
    own = Faults()
    for field in ("consumerName", "providerName"):
        own.check(item, field, text, filled, not_blank, one_line, required=True, null=False)
    own.check(item, "content", filled, _is_text, required=True, null=False)
    own.check(item, "contentType", filled, one_of("application/json"), required=True, null=False)
    own.check(item, "specification", filled, one_of("pact"), required=True, null=False)
    own.check(item, "onConflict", one_of("overwrite", "merge"))
    texts = [f"{field} {fault}" for field, found in own.by_field.items() for fault in found]
    raw = _decoded(item.get("content"))
    if raw is None:
        texts.append("is not valid Base64")
    pact = _parsed(call, item, raw, texts)
    texts += _name_faults(call, body, item, pact)
    faults_here = [f"{fault} (at index {index})" for fault in texts]
    if faults_here:
        faults.add("contracts", *faults_here)
        return None
    merge = item.get("onConflict") == "merge"
    whole = not call.settings.base_equality_only_on_content_that_affects_verification_results
    return Incoming(item["consumerName"], item["providerName"], raw or b"", pact, merge, whole)


def _is_text(value: Any) -> str | None:
    return None if isinstance(value, str) else "must be a string"


def _decoded(content: Any) -> bytes | None:
    if not isinstance(content, str):
        return None
    try:
        return unmarked(base64.b64decode(content, validate=True))
    except (binascii.Error, ValueError):
        return None


def _parsed(call: Call, item: Body, raw: bytes | None, texts: list[str]) -> Any:
    if item.get("contentType") != "application/json" or "content" not in item:
        return None
    unreadable = "content could not be parsed as application/json"
    if raw is None:
        texts.append(unreadable)
        return None
    try:
        written = decode(raw, "contract content")
    except RefusedError as error:
        texts += [str(error), unreadable]
        return None
    try:
        pact = parse_any(written, call.settings.max_json_depth)
    except RefusedError:
        pact = None
    if not isinstance(pact, dict):
        texts.append(unreadable)
        return None
    return pact


def _name_faults(call: Call, body: Body, item: Body, pact: Any) -> list[str]:
    found = []
    for role in ("consumer", "provider"):
        inside = _name_in(pact, role)
        given = item.get(f"{role}Name")
        same = isinstance(inside, str) and call.stored(inside) == given
        if inside is not None and isinstance(given, str) and given and not same:
            found.append(f"{role} name in contract content ('{inside}') must match {role}Name in contract params ('{given}')")
    consumer, owner = item.get("consumerName"), body.get("pacticipantName")
    if isinstance(consumer, str) and isinstance(owner, str) and owner and consumer and consumer != owner:
        found.append(f"consumerName ('{consumer}') must match pacticipantName ('{owner}')")
    return found


def _name_in(pact: Any, role: str) -> Any:
    holder = pact.get(role) if isinstance(pact, dict) else None
    return holder.get("name") if isinstance(holder, dict) else None
