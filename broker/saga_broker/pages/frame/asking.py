"""What a page's handler is given, and where a page stands."""

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Request

from saga_broker.access.principal import PRINCIPAL, Principal
from saga_broker.api.reading.call import Call, calling
from saga_broker.http import envelope
from saga_broker.http.envelope import BASE
from saga_broker.http.hal import Links
from saga_broker.http.media import HTML

Html = Annotated[Call, calling(offers=(HTML,))]
"""The `Call` of a page."""
AS_JSON = envelope.AS_JSON.decode()


@dataclass(frozen=True)
class Place:
    """Where a page stands: its links are without scheme and host, so that they hold under every name of the broker.

    Attributes:
        request: The request that it answers.
    """

    request: Request

    @cached_property
    def links(self) -> Links:
        """Write addresses of the broker's pages and resources, as paths."""
        return Links(urlsplit(self.request.scope[BASE]).path.rstrip("/"))

    @property
    def base(self) -> str:
        """Give the broker's whole address, for commands that people copy."""
        return str(self.request.scope[BASE])

    @property
    def root(self) -> str:
        """Give the broker's context path: empty, or like `/tools/broker`."""
        return self.links.base

    @property
    def path(self) -> str:
        """Give the page's own path, percent-encoded, as it is asked for."""
        return str(self.request.scope["path"])

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Give the query's names and values in their order."""
        return list(self.request.query_params.multi_items())

    @property
    def person(self) -> str | None:
        """Give the name of the token that a person signed in with; None where nobody did."""
        principal: Principal | None = getattr(self.request.state, PRINCIPAL, None)
        return principal.token.name if principal is not None and principal.by_session and principal.token else None

    @property
    def twin(self) -> str:
        """Give the address of the same thing as JSON."""
        query = self.request.url.query
        return f"{self.path}?{query}&{AS_JSON}" if query else f"{self.path}?{AS_JSON}"
