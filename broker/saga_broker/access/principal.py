"""Who asks, as handlers may see it: `request.state.principal`, which is missing where the broker asks for no tokens. Pure."""

from dataclasses import dataclass

from saga_broker.access.rights import Right
from saga_broker.access.tokens import Token

COOKIE = "sagapact_session"
PRINCIPAL = "principal"
AT_COMMIT = "at_commit"
"""Where a request's state holds what is to be written in the transaction of its write: a function of the connection."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever asks.

    Attributes:
        token: What the request showed, or what its session was opened with; None: nothing, and none was needed.
        by_session: It is a browser's session.
    """

    token: Token | None
    by_session: bool = False


def may(principal: Principal | None, right: Right) -> bool:
    """Tell whether whoever asks holds a right; where the broker asks for no tokens (None), everybody does."""
    return principal is None or (principal.token is not None and right in principal.token.rights)
