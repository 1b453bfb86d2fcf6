"""Puts the pages in front of the resources: a page answers at its JSON twin's address when Accept names HTML first.

All pages are one route of the application, so a program's request looks at its Accept header once and goes on.
"""

from collections.abc import Sequence
from importlib import import_module

from fastapi import APIRouter
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from saga_broker.http.media import accept_of, wants_page

MODULES = (
    "contracts.integrations",
    "contracts.dashboard",
    "contracts.pact",
    "contracts.changes",
    "contracts.result",
    "matrix",
    "matrix_form",
    "parties.pacticipants",
    "parties.versions",
    "parties.environments",
    "search",
    "login",
    "sagas.all",
    "sagas.attention",
    "sagas.version",
    "sagas.saga",
    "network.pages",
    "work.jobs",
    "work.webhooks",
)
"""Modules of this package that have a `router`, those with fixed paths before those with names in their place."""
METHODS = frozenset({"GET", "POST"})
"""A page that is sent a form stands at the address of the resource that takes the same request of a program."""
_CHOSEN = "sagapact.page"


class Pages(BaseRoute):
    """All pages as one route."""

    def __init__(self, routers: Sequence[APIRouter]) -> None:
        self.routes = [route for router in routers for route in router.routes]

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Find the page that a request asks for."""
        if scope["type"] == "http" and scope["method"] in METHODS and wants_page(accept_of(scope)):
            for route in self.routes:
                match, found = route.matches(scope)
                if match is Match.FULL:
                    return match, {**found, _CHOSEN: route}
        return Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the page that was found."""
        route: BaseRoute = scope[_CHOSEN]
        await route.handle(scope, receive, send)


def routers() -> list[APIRouter]:
    """Give the routers of all pages."""
    return [import_module(f"saga_broker.pages.{name}").router for name in MODULES]
