"""Lists of pacts: of a pair, of a provider, and the latest of every pair."""

from collections.abc import Sequence
from dataclasses import replace

from fastapi import APIRouter, Response
from sqlalchemy import Connection

from saga_broker.api.contracts.pacts import PAIR, PactCall, show_newest
from saga_broker.api.parties.pacticipants import existing
from saga_broker.api.reading.call import Anything, Call, Hal, no_content, respond
from saga_broker.http.errors import NotFoundError
from saga_broker.http.hal import link
from saga_broker.rows import Publication
from saga_broker.store import pacts as store
from saga_broker.store.pacts import Which
from saga_broker.views import pact as views

router = APIRouter(tags=["pacts"])
PROVIDER = "/pacts/provider/{provider:seg}"


@router.get("/pacts/latest")
def list_latest(call: Hal) -> Response:
    """List the latest pact of every consumer and provider."""
    with call.read() as connection:
        return respond(views.latest_list(call.links, store.newest_of_each_pair(connection, Which())))


@router.get(PAIR + "/versions")
def list_versions(provider: str, consumer: str, call: Hal) -> Response:
    """List the pacts of a pair, the newest first."""
    return _pair(call, Which(consumer, provider), "versions")


@router.delete(PAIR + "/versions", status_code=204)
def remove_versions(provider: str, consumer: str, call: Anything) -> Response:
    """Delete all pacts of a pair."""
    with call.write() as connection:
        existing(connection, provider, "provider")
        existing(connection, consumer, "consumer")
        store.remove(connection, store.listing(connection, Which(consumer, provider)))
    return no_content()


@router.get(PAIR + "/tag/{tag:seg}")
def list_with_tag(provider: str, consumer: str, tag: str, call: Hal) -> Response:
    """List the pacts of a pair whose consumer versions have a tag."""
    with call.read() as connection:
        _both(connection, provider, consumer)
        pacts = store.listing(connection, Which(consumer, provider, tag=tag))
    own = link(
        f"{call.links.pair(consumer, provider)}/{call.links.tail('tag', tag)}", _title(consumer, provider, f" with tag {tag}")
    )
    return respond(views.tagged_list(call.links, consumer, provider, pacts, own))


@router.delete(PAIR + "/tag/{tag:seg}")
def remove_with_tag(provider: str, consumer: str, tag: str, call: Anything) -> Response:
    """Delete the pacts of a pair whose consumer versions have a tag."""
    return _removed(call, Which(consumer, provider, tag=tag))


@router.get(PAIR + "/branch/versions")
@router.get(PAIR + "/branch", include_in_schema=False)
def list_on_main_branch(provider: str, consumer: str, call: Hal) -> Response:
    """List the pacts of a pair on the consumer's main branch."""
    return _pair(call, Which(consumer, provider, main_branch=True), "branch", "versions")


@router.get(PAIR + "/branch/latest")
def show_latest_on_main_branch(provider: str, consumer: str, call: PactCall) -> Response:
    """Show the latest pact of a pair on the consumer's main branch."""
    return show_newest(call, Which(consumer, provider, main_branch=True))


@router.get(PAIR + "/branch/latest/versions")
def list_latest_on_main_branch(provider: str, consumer: str, call: Hal) -> Response:
    """List the latest pact of a pair on the consumer's main branch."""
    return _pair(call, Which(consumer, provider, main_branch=True), "branch", "latest", "versions", newest_only=True)


@router.get(PAIR + "/branch/{branch:seg}")
def list_on_branch(provider: str, consumer: str, branch: str, call: Hal) -> Response:
    """List the pacts of a pair on a branch."""
    return _pair(call, Which(consumer, provider, branch=branch), "branch", branch)


@router.delete(PAIR + "/branch/{branch:seg}")
def remove_on_branch(provider: str, consumer: str, branch: str, call: Anything) -> Response:
    """Delete the pacts of a pair on a branch."""
    return _removed(call, Which(consumer, provider, branch=branch))


@router.get(PAIR + "/branch/{branch:seg}/latest/versions")
def list_latest_on_branch(provider: str, consumer: str, branch: str, call: Hal) -> Response:
    """List the latest pact of a pair on a branch."""
    return _pair(call, Which(consumer, provider, branch=branch), "branch", branch, "latest", "versions", newest_only=True)


@router.get(PROVIDER)
def list_of_provider(provider: str, call: Hal) -> Response:
    """List all pacts of a provider."""
    return _of_provider(call, Which(provider=provider), "All", "", (), every=True)


@router.get(PROVIDER + "/latest")
def list_latest_of_provider(provider: str, call: Hal) -> Response:
    """List the latest pact of each consumer of a provider."""
    return _of_provider(call, Which(provider=provider), "Latest", "", ("latest",))


@router.get(PROVIDER + "/latest/{tag:seg}")
def list_latest_of_provider_with_tag(provider: str, tag: str, call: Hal) -> Response:
    """List the latest pact with a tag of each consumer of a provider."""
    return _of_provider(call, Which(provider=provider, tag=tag), "Latest", f" with consumer version tag '{tag}'", ("latest", tag))


@router.get(PROVIDER + "/tag/{tag:seg}")
def list_of_provider_with_tag(provider: str, tag: str, call: Hal) -> Response:
    """List all pacts of a provider whose consumer versions have a tag."""
    title = f" with consumer version tag '{tag}'"
    return _of_provider(call, Which(provider=provider, tag=tag), "All", title, ("tag", tag), every=True)


@router.get(PROVIDER + "/branch")
def list_of_provider_on_main_branches(provider: str, call: Hal) -> Response:
    """List all pacts of a provider on its consumers' main branches."""
    return _of_provider(call, Which(provider=provider, main_branch=True), "All", "", ("branch",), every=True)


@router.get(PROVIDER + "/branch/latest")
def list_latest_of_provider_on_main_branches(provider: str, call: Hal) -> Response:
    """List the latest pact on each consumer's main branch."""
    return _of_provider(call, Which(provider=provider, main_branch=True), "Latest", "", ("branch", "latest"))


@router.get(PROVIDER + "/branch/{branch:seg}")
def list_of_provider_on_branch(provider: str, branch: str, call: Hal) -> Response:
    """List all pacts of a provider whose consumer versions are on a branch."""
    title = f" with consumer version branch '{branch}'"
    return _of_provider(call, Which(provider=provider, branch=branch), "All", title, ("branch", branch), every=True)


@router.get(PROVIDER + "/branch/{branch:seg}/latest")
def list_latest_of_provider_on_branch(provider: str, branch: str, call: Hal) -> Response:
    """List the latest pact on a branch of each consumer of a provider."""
    title = f" with consumer version branch '{branch}'"
    return _of_provider(call, Which(provider=provider, branch=branch), "Latest", title, ("branch", branch, "latest"))


def _both(connection: Connection, provider: str, consumer: str) -> None:
    existing(connection, provider, "provider")
    existing(connection, consumer, "consumer")


def _title(consumer: str, provider: str, rest: str = "") -> str:
    return f"All versions of the pact between {consumer} and {provider}{rest}"


def _pair(call: Call, which: Which, *path: str, newest_only: bool = False) -> Response:
    consumer, provider = which.consumer or "", which.provider or ""
    with call.read() as connection:
        _both(connection, provider, consumer)
        pacts: Sequence[Publication] = store.listing(connection, which)
    if newest_only:
        pacts = pacts[:1]
    elif which.branch or which.main_branch:
        pacts = list(reversed(pacts))  # the Pact Broker lists branches with the oldest first
    own = link(f"{call.links.pair(consumer, provider)}/{call.links.tail(*path)}", _title(consumer, provider))
    return respond(views.publication_list(call.links, consumer, provider, pacts, own))


def _removed(call: Call, which: Which) -> Response:
    consumer, provider = which.consumer or "", which.provider or ""
    with call.write() as connection:
        found = store.listing(connection, which)
        if not found:
            raise NotFoundError
        store.remove(connection, found)
        left = store.newest(connection, replace(which, tag=None, branch=None))
    return respond(views.after_removal(call.links, consumer, provider, has_more=left is not None))


def _of_provider(call: Call, which: Which, word: str, title: str, path: tuple[str, ...], *, every: bool = False) -> Response:
    provider = which.provider or ""
    with call.read() as connection:
        existing(connection, provider, "provider")
        pacts = store.listing(connection, which) if every else store.newest_of_each_pair(connection, which)
    if every:
        pacts = sorted(pacts, key=lambda pact: (pact.consumer, pact.version_id))
    address = call.links.url("pacts", "provider", provider, *path)
    own = link(address, f"{word} pact versions for the provider {provider}{title}")
    return respond(views.provider_list(call.links, provider, pacts, own))
