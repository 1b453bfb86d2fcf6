"""Badges: answered with a picture, or the address of one at shields.io, also when there is nothing to show."""

from fastapi import APIRouter, Response
from sqlalchemy import Connection

from saga_broker.acts.standing import status_of_newest
from saga_broker.api.contracts.pacts import PAIR
from saga_broker.api.reading.call import Anything, Call
from saga_broker.api.results.matrix import branch_question, tag_question, verdict_of
from saga_broker.gate.model import Question, Selector, Target
from saga_broker.http.errors import NotFoundError
from saga_broker.http.hal import dump
from saga_broker.http.media import HAL
from saga_broker.store import environments as environment_store
from saga_broker.store import pacticipants as pacticipant_store
from saga_broker.store import versions as version_store
from saga_broker.store.pacts import Which
from saga_broker.views.badge import Badge, not_found_badge, pact_badge

router = APIRouter(tags=["badges"])
NO_PACT = Badge("pact not found", "unknown", "lightgrey")
SVG = "image/svg+xml;charset=utf-8"


@router.get(PAIR + "/latest/badge", status_code=307)
def of_latest(provider: str, consumer: str, call: Anything) -> Response:
    """Show how the latest pact of a pair stands."""
    return _of_pact(call, Which(consumer, provider))


@router.get(PAIR + "/latest/{tag:seg}/badge", status_code=307)
def of_latest_with_tag(provider: str, consumer: str, tag: str, call: Anything) -> Response:
    """Show how the latest pact with a tag stands."""
    return _of_pact(call, Which(consumer, provider, tag=tag))


@router.get(PAIR + "/latest-untagged/badge", status_code=307)
def of_latest_untagged(provider: str, consumer: str, call: Anything) -> Response:
    """Show how the latest pact without a tag stands."""
    return _of_pact(call, Which(consumer, provider, untagged=True))


@router.get("/matrix/provider/{provider:seg}/latest/{tag:seg}/consumer/{consumer:seg}/latest/{to:seg}/badge", status_code=307)
def of_matrix(provider: str, tag: str, consumer: str, to: str, call: Anything) -> Response:
    """Show whether the latest versions with two tags were verified with one another."""
    with call.read() as connection:
        selectors = (Selector(consumer, latest=True, tag=to), Selector(provider, latest=True, tag=tag))
        rows = verdict_of(connection, Question(selectors, latestby="cvpv")).rows
    success = rows[0].success if rows else None
    status = {True: "success", False: "failed", None: "never"}[success]
    return _shown(call, pact_badge(f"{consumer} ({to})", f"{provider} ({tag})", status))


@router.get("/pacticipants/{name:seg}/latest-version/{tag:seg}/can-i-deploy/to/{to:seg}/badge", status_code=307)
def of_can_i_deploy_tag(name: str, tag: str, to: str, call: Anything) -> Response:
    """Show whether the newest version with a tag can be deployed."""
    with call.read() as connection:
        if pacticipant_store.find(connection, name) is None:
            return _no_pacticipant(call, name)
        try:
            question = tag_question(connection, name, tag, to)
        except NotFoundError:
            return _shown(call, not_found_badge("version"))
        return _deployable(call, connection, question, f"{tag} to {to}")


@router.get(
    "/pacticipants/{name:seg}/branches/{branch:seg}/latest-version/can-i-deploy/to-environment/{environment:seg}/badge",
    status_code=307,
)
def of_can_i_deploy_branch(name: str, branch: str, environment: str, call: Anything) -> Response:
    """Show whether the head of a branch can be deployed to an environment."""
    with call.read() as connection:
        if pacticipant_store.find(connection, name) is None:
            return _no_pacticipant(call, name)
        if version_store.branch_head(connection, name, branch) is None:
            return _shown(call, not_found_badge("branch"))
        if environment_store.find_by_name(connection, environment) is None:
            return _shown(call, not_found_badge("environment"))
        question = branch_question(connection, name, branch, environment)
        return _deployable(call, connection, question, f"{branch} to {environment}")


@router.get("/pacticipants/{name:seg}/main-branch/can-i-merge/badge", status_code=307)
def of_can_i_merge(name: str, call: Anything) -> Response:
    """Show whether the head of the main branch works together with the main branches of all others."""
    with call.read() as connection:
        owner = pacticipant_store.find(connection, name)
        if owner is None:
            return _shown(call, not_found_badge("pacticipant"))
        head = version_store.branch_head(connection, name, owner.main_branch or "")
        if head is None:
            return _shown(call, not_found_badge("main branch version"))
        question = Question((Selector(name, version=head.number),), Target(latest=True, main_branch=True), latestby="cvp")
        verdict = verdict_of(connection, question).deployable
    right, colour = {True: ("success", "brightgreen"), False: ("failed", "red"), None: ("unknown", "lightgrey")}[verdict]
    return _shown(call, Badge(call.text("label") or "can-i-merge", right, colour))


def _of_pact(call: Call, which: Which) -> Response:
    with call.read() as connection:
        status = status_of_newest(connection, which)
    if status is None:
        return _shown(call, NO_PACT)
    label, initials = call.text("label"), call.text("initials") == "true"
    return _shown(call, pact_badge(which.consumer or "", which.provider or "", status, label=label, initials=initials))


def _deployable(call: Call, connection: Connection, question: Question, text: str) -> Response:
    good = verdict_of(connection, question).deployable is True
    reply = _shown(call, Badge(call.text("label") or "can-i-deploy", text, "brightgreen" if good else "red"))
    if good:
        reply.headers["Cache-Control"] = "max-age=30"
    return reply


def _no_pacticipant(call: Call, name: str) -> Response:
    badge = not_found_badge("pacticipant")
    if call.settings.badge_provider_mode == "own":
        return _shown(call, badge)
    body = dump({"error": f"No pacticipant with name '{name}' found"})
    return Response(body, 307, {"Location": badge.address}, media_type=f"{HAL};charset=utf-8")


def _shown(call: Call, badge: Badge) -> Response:
    if call.settings.badge_provider_mode == "own":
        return Response(badge.svg, media_type=SVG)
    return Response(status_code=307, headers={"Location": badge.address}, media_type=SVG)
