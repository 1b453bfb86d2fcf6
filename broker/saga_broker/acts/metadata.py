"""The `/metadata/…` part of a pact's address: why this pact was chosen, carried from the selection to the result.

Unpadded urlsafe base64 of a nested query string: `s[][b]=main&s[][l]=true&s[][cv]=12&p=false` from pacts for verification,
`w=true` for work in progress, `cvn=1` (consumer version number) from webhooks and links.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote

from saga_broker.http.errors import RefusedError
from saga_broker.http.rack import parse_query


@dataclass(frozen=True, slots=True)
class Metadata:
    """What the address says.

    Attributes:
        wip: The pact is verified as work in progress.
        pending: Whether the pact was pending; None when not said.
        version_ids: Ids of the consumer versions that the selectors meant.
        number: The number of the consumer version, from a webhook or a link.
        tags: Tags of the selectors that meant a version, by its id.
    """

    wip: bool = False
    pending: bool | None = None
    version_ids: tuple[int, ...] = ()
    number: str | None = None
    tags: Mapping[int, tuple[str, ...]] = field(default_factory=dict)


def decode(text: str | None) -> Metadata:
    """Read metadata; what cannot be read is treated as none."""
    if not text:
        return Metadata()
    try:
        query = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
        params = parse_query(query)
    except (binascii.Error, ValueError, RefusedError):
        return Metadata()
    return Metadata(
        wip=params.get("w") == "true"
        and "cvn" not in params,  # the address in a webhook has it, too, and means no work in progress
        pending=params["p"] == "true" if "p" in params else None,
        version_ids=_ids(params),
        number=params["cvn"] if isinstance(params.get("cvn"), str) else None,
        tags=_tags(query),
    )


def encode(pairs: list[tuple[str, Any]]) -> str:
    """Write metadata; keys keep their brackets, values are escaped."""
    text = "&".join(f"{key}={_value(value)}" for key, value in pairs)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def encode_call(number: str, tags: Sequence[str]) -> str:
    """Write the metadata of the pact in a webhook's call."""
    return encode([("cvn", number), *(("cvt%5B%5D", tag) for tag in tags), ("w", True)])


def encode_number(number: str) -> str:
    """Write metadata that names a consumer version."""
    return encode([("cvn", number)])


def _value(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else quote(str(value), safe="")


def _ids(params: dict[str, Any]) -> tuple[int, ...]:
    selectors = params.get("s")
    found = [params.get("cv")]
    if isinstance(selectors, list):
        found += [selector.get("cv") for selector in selectors if isinstance(selector, dict)]
    return tuple(number for number in map(_id, found) if number is not None)


def _tags(query: str) -> dict[int, tuple[str, ...]]:
    """Give the tags of selectors: the version is the last that is written of each, which the nesting of keys does not show."""
    found: dict[int, tuple[str, ...]] = {}
    tag = None
    for name, value in parse_qsl(query):
        if name == "s[][t]":
            tag = value
        elif name == "s[][cv]":
            version = _id(value)
            if tag is not None and version is not None:
                found[version] = (*found.get(version, ()), tag)
            tag = None
    return found


def _id(value: Any) -> int | None:
    return int(value) if isinstance(value, str) and value.isdigit() and len(value) < 16 else None  # noqa: PLR2004
