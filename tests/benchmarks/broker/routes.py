"""Everything that can be read of the broker: each of its routes with names of the history in it, and the questions in many forms.

The routes are the application's own, so a new one is asked by itself, once its variables are known here. An answer that is not
there (404) is asked, too: not finding must not cost more than finding.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fastapi import APIRouter
from tests.benchmarks.broker.history import BIG_PROVIDER, ROUNDS_PER_CONTENT, Size, number_of, sha_of
from tests.benchmarks.broker.load import ACCEPT, Connection, ask, request

from saga_broker import api
from saga_broker.pages import routing as pages

CONSUMER = "C0"
QUESTIONS = (
    "/matrix?q[][pacticipant]={provider}",
    "/matrix?q[][pacticipant]={provider}&latestby=cvpv",
    "/matrix?q[][pacticipant]={provider}&latestby=cvp",
    "/matrix?q[][pacticipant]={provider}&q[][version]={number}&latestby=cvpv",
    "/matrix?q[][pacticipant]={provider}&limit=100",
    "/matrix?q[][pacticipant]={consumer}",
    "/matrix?q[][pacticipant]={consumer}&latestby=cvpv",
    "/matrix?q[][pacticipant]={consumer}&latestby=cp",
    "/matrix?q[][pacticipant]={consumer}&q[][version]={number}&latestby=cvpv",
    "/matrix?q[][pacticipant]={consumer}&q[][branch]=main&latestby=cvpv",
    "/matrix?q[][pacticipant]={consumer}&q[][tag]=dev&q[][latest]=true&latestby=cvp&latest=true&tag=dev",
    "/matrix?q[][pacticipant]={consumer}&q[][version]={number}&latestby=cvpv&environment=production",
    "/matrix?q[][pacticipant]={consumer}&q[][pacticipant]={provider}&latestby=cvpv",
    "/can-i-deploy?pacticipant={consumer}&version={number}&environment=production",
    "/can-i-deploy?pacticipant={provider}&version={number}&environment=production",
    "/can-i-deploy?pacticipant={consumer}&version={number}&to=dev",
    "/dashboard?page=1&size=50",
    "/integrations?page=1&size=50",
    "/pacticipants?page=1&size=50",
    "/pacticipants/{consumer}/versions?page=1&size=50",
    "/sagas/{saga}/can-run?environment={environment}",
    "/can-deploy?environment={environment}&with[]={consumer}:{number}",
)
_ASKED_IN_FORMS = {"/matrix", "/can-i-deploy", "/sagas/{saga}/can-run", "/can-deploy"}
PAGE = "page "
PAGES = (
    "/?sort=status",
    "/?tags=true&state=success",
    "/dashboard/provider/{provider}/consumer/{consumer}?view=all",
    "/matrix?q[][pacticipant]={consumer}&q[][pacticipant]={provider}",
    "/matrix?q[][pacticipant]={provider}&q[][branch]=main&q[][latest]=true",
    "/can-i-deploy?pacticipant={consumer}&version={number}&environment=production",
    "/ui/search?q={number}",
)
"""Pages that are asked for more than their address says."""
COUNTS_EVERYTHING = (
    "/metrics",
    PAGE + "/ui/search",
    PAGE + "/ui/search?q={number}",
    PAGE + "/?sort=status",
    PAGE + "/?tags=true&state=success",
)
"""Asked, but not judged: their cost is that of counting all there is."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A route with names in it.

    Attributes:
        name: The route's path, or the question as it stands above; a page's with a word before it.
        message: The request.
        is_judged: Its cost must not grow with the history.
    """

    name: str
    message: bytes
    is_judged: bool = True


def readable(port: int, size: Size) -> tuple[list[Asked], list[str]]:
    """Give all routes that read, for a running broker, and those with variables of which nothing is known here."""
    names = _names(port, size)
    found, unknown = [], []
    for name in [*_paths(api.routers()), *QUESTIONS, *(PAGE + path for path in [*_paths(pages.routers()), *PAGES])]:
        path = name.removeprefix(PAGE)
        values = {**names, **_meant(path, names)}
        accept = "text/html" if name.startswith(PAGE) else ACCEPT
        try:
            message = request("GET", path.format_map(values), accept=accept)
        except KeyError:
            unknown.append(name)
        else:
            found.append(Asked(name, message, name not in COUNTS_EVERYTHING))
    return found, unknown


def exchange(connection: Connection, asked: Asked) -> int:
    """Ask once; give the size of the answer in bytes.

    Raises:
        RuntimeError: The broker failed.
    """
    status, body = connection.exchange(asked.message)
    if status >= 500 or (status == 400 and asked.name in QUESTIONS):
        msg = f"{asked.name}: {status} {body[:500].decode(errors='replace')}"
        raise RuntimeError(msg)
    return len(body)


def _paths(routers: Sequence[APIRouter]) -> Iterator[str]:
    for router in routers:
        for route in router.routes:
            if "GET" in getattr(route, "methods", ()) and getattr(route, "include_in_schema", False):
                path = str(getattr(route, "path_format", ""))
                if path not in _ASKED_IN_FORMS:
                    yield path


def _names(port: int, size: Size) -> dict[str, str]:
    places = json.loads(ask(port, request("GET", "/environments")))["_embedded"]["environments"]
    production = next(one["uuid"] for one in places if one["name"] == "production")
    last = size.rounds - 1
    sha = sha_of(CONSUMER, BIG_PROVIDER, last // ROUNDS_PER_CONTENT)
    return {
        **dict.fromkeys(("name", "consumer"), CONSUMER),
        **dict.fromkeys(("tag", "to"), "dev"),
        **dict.fromkeys(("label", "saga", "step"), "none"),
        "provider": BIG_PROVIDER,
        "number": number_of(last),
        "sha": sha,
        "branch": "main",
        "environment": "production",
        "uuid": production,
        "meta": "Y3ZuPTE",
    }


def _meant(path: str, names: dict[str, str]) -> dict[str, str]:
    """Give the values that a variable has in some paths only."""
    found = {"other": names["sha"] if "pact-version" in path else number_of(0)}
    if "verification-results/{number}" in path:
        found["number"] = "1"
    return found
