"""HAL documents: addresses and the small pieces that many resources share."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import orjson

from saga_broker.http.segments import segment
from saga_contracts.wire.exact import Exact

Document = dict[str, Any]
SMALLEST, LARGEST = -(2**63), 2**64 - 1


@dataclass(frozen=True, slots=True)
class Links:
    """Writes absolute addresses of the broker's resources.

    Attributes:
        base: The broker's address without a slash at the end.
    """

    base: str

    def url(self, *segments: object) -> str:
        """Give the address of a resource; each segment is one path segment, whatever characters it has."""
        return "/".join([self.base, *map(segment, map(str, segments))])

    @staticmethod
    def tail(*segments: object) -> str:
        """Give the end of an address."""
        return "/".join(map(segment, map(str, segments)))

    def pacticipant(self, name: str) -> str:
        """Give the address of a pacticipant."""
        return f"{self.base}/pacticipants/{segment(name)}"

    def version(self, name: str, number: str) -> str:
        """Give the address of a pacticipant version."""
        return f"{self.base}/pacticipants/{segment(name)}/versions/{segment(number)}"

    def tag(self, name: str, number: str, tag: str) -> str:
        """Give the address of a version's tag."""
        return f"{self.version(name, number)}/tags/{segment(tag)}"

    def branch_version(self, name: str, branch: str, number: str) -> str:
        """Give the address of a version on a branch."""
        return f"{self.base}/pacticipants/{segment(name)}/branches/{segment(branch)}/versions/{segment(number)}"

    def pair(self, consumer: str, provider: str) -> str:
        """Give the address under which the pacts of a pair live."""
        return f"{self.base}/pacts/provider/{segment(provider)}/consumer/{segment(consumer)}"

    def pact(self, consumer: str, provider: str, number: str) -> str:
        """Give the address of the pact of a consumer version."""
        return f"{self.pair(consumer, provider)}/version/{segment(number)}"

    def content(self, consumer: str, provider: str, sha: str, metadata: str | None = None) -> str:
        """Give the address of a pact content, with metadata when there is some."""
        address = f"{self.pair(consumer, provider)}/pact-version/{sha}"
        return f"{address}/metadata/{metadata}" if metadata else address

    def curies(self, context: str) -> list[Document]:
        """Give the curies of a resource."""
        return [{"name": "pb", "href": f"{self.base}/doc/{{rel}}?context={context}", "templated": True}]


def link(href: str, title: str | None = None, name: str | None = None, *, templated: bool = False) -> Document:
    """Write one link; what is None is left out."""
    found: Document = {}
    if title is not None:
        found["title"] = title
    if name is not None:
        found["name"] = name
    found["href"] = href
    if templated:
        found["templated"] = True
    return found


def present(document: Mapping[str, Any]) -> Document:
    """Leave out members that are None."""
    return {key: value for key, value in document.items() if value is not None}


def moment(value: datetime) -> str:
    """Write a moment as ISO 8601 with its offset, to the second."""
    return (value if value.tzinfo is UTC else value.astimezone(UTC)).isoformat(timespec="seconds")


def times(created: datetime, updated: datetime | None) -> Document:
    """Write `createdAt`, and `updatedAt` once something was changed."""
    if updated is None:
        return {"createdAt": moment(created)}
    return {"updatedAt": moment(updated), "createdAt": moment(created)}


def pact_name(consumer: str, number: str, provider: str) -> str:
    """Give the name that a pact bears in links."""
    return f"Pact between {consumer} ({number}) and {provider}"


def header_text(text: str) -> str:
    """Write a text so that it can stand in a header: what is not plain is percent-encoded."""
    return "".join(character if "!" <= character <= "~" else quote(character, safe="") for character in text)


def dump(document: Any) -> bytes:
    """Write JSON; numbers as they were read, and of any size."""
    try:
        return orjson.dumps(document, default=_as_read)
    except TypeError:
        return orjson.dumps(_any_size(document), default=_as_read)


def _as_read(value: Any) -> orjson.Fragment:
    if isinstance(value, Exact):
        return orjson.Fragment(value.text)
    raise TypeError


def _any_size(value: Any) -> Any:
    """Write the integers that do not fit into 64 bits."""
    if isinstance(value, dict):
        return {name: _any_size(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_any_size(member) for member in value]
    is_large = isinstance(value, int) and not SMALLEST <= value <= LARGEST
    return orjson.Fragment(str(value)) if is_large else value


def unique(items: Iterable[str]) -> list[str]:
    """Keep the first of equal items."""
    return list(dict.fromkeys(items))
