"""Tokens: how they are made, what of them is kept, and how a request shows one. Pure.

A token is `sgp_` and 256 random bits. Only its SHA-256 is kept: the bits are random, so a slow hash would gain nothing.
"""

import base64
import binascii
import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from saga_broker.access.rights import Right, Rights

START = "sgp_"
_SHOWN = len(START) + 6
_BYTES = 32
MAX_SHOWN_CREDENTIAL = 500


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a token.

    Attributes:
        id: Its number in the database.
        name: What people call it; no two live tokens share one.
        prefix: The start of its text, by which it is found again.
        digest: The SHA-256 of its text, in hex.
        rights: What it allows.
        pacticipants: The only ones that it may write about; None: all.
        requests_a_minute: How often it may ask; None: as the broker's settings say.
        created_at: When it was made.
        expires_at: From when on it is refused; None: never.
        last_used_at: To about a minute; None: not yet.
        revoked_at: When it was taken back.
    """

    id: int
    name: str
    prefix: str
    digest: str
    rights: Rights
    pacticipants: frozenset[str] | None
    requests_a_minute: int | None
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None

    def is_live(self, moment: datetime) -> bool:
        """Tell whether it is neither taken back nor over."""
        return self.revoked_at is None and (self.expires_at is None or moment < self.expires_at)

    def lacks(self, any_of: Iterable[Right]) -> bool:
        """Tell whether it has none of these rights."""
        return self.rights.isdisjoint(any_of)

    def others(self, names: Iterable[str]) -> list[str]:
        """Give those of some pacticipants that it must not write about."""
        return [] if self.pacticipants is None else [name for name in names if name not in self.pacticipants]


def new_token() -> str:
    """Make the text of a new token."""
    return START + secrets.token_urlsafe(_BYTES)


def digest_of(text: str) -> str:
    """Give what is kept of a token's text."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def prefix_of(text: str) -> str:
    """Give the part of a token's text that may be shown."""
    return text[:_SHOWN]


def shown_by(authorization: str) -> str | None:
    """Read the token of an Authorization header: a bearer's, or the password of basic authentication; None when there is none."""
    scheme, _, rest = authorization.strip().partition(" ")
    if len(rest) > MAX_SHOWN_CREDENTIAL:
        return None
    if scheme.lower() == "bearer":
        return rest.strip() or None
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(rest, validate=True).decode().partition(":")[2] or None
    except (binascii.Error, UnicodeDecodeError):
        return None
