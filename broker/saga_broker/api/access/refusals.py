"""How a request is refused for who asks: each sentence says what was shown, what is needed, and whom to ask."""

from collections.abc import Iterable, Sequence

from fastapi import Response

from saga_broker.access.rights import Right, in_words
from saga_broker.access.tokens import Token
from saga_broker.http.errors import RefusedError

UNAUTHORIZED, FORBIDDEN, TOO_MANY = 401, 403, 429
CHALLENGES = ('Bearer realm="Sagapact broker"', 'Basic realm="Sagapact broker", charset="UTF-8"')
_HOW = "Send it as 'Authorization: Bearer TOKEN', or as the password of basic authentication; the user may be any."
_MAKE = "Whoever runs the broker makes one: sagapact broker token create."


class TooOftenError(RefusedError):
    """A token asks more often than it may."""

    def __init__(self, text: str, wait_s: int) -> None:
        super().__init__(TOO_MANY, text)
        self.wait_s = wait_s


def nothing_shown() -> RefusedError:
    """Refuse who shows nothing."""
    return RefusedError(UNAUTHORIZED, f"This broker asks for a token. {_HOW} {_MAKE}")


def unknown() -> RefusedError:
    """Refuse a token that is none."""
    return RefusedError(UNAUTHORIZED, f"The token that was sent is not known to this broker. {_HOW} {_MAKE}")


def over(token: Token) -> RefusedError:
    """Refuse a token that was taken back, or is over."""
    why = "was taken back" if token.revoked_at is not None else "is over"
    return RefusedError(UNAUTHORIZED, f"The token {_named(token)} {why}. {_MAKE}")


def no_right(token: Token, any_of: Iterable[Right]) -> RefusedError:
    """Refuse what a token does not allow."""
    needed = " or ".join(right.value for right in Right if right in set(any_of))
    return RefusedError(
        FORBIDDEN,
        f"The token {_named(token)} allows to {in_words(token.rights)}; this needs {needed}. Use a token that allows it.",
    )


def not_about(token: Token, names: Sequence[str]) -> RefusedError:
    """Refuse a limited token what is about other pacticipants."""
    shown = ", ".join(f"'{name}'" for name in names[:10])
    own = ", ".join(f"'{name}'" for name in sorted(token.pacticipants or ())[:10])
    return RefusedError(
        FORBIDDEN, f"The token {_named(token)} may write about {own} only, and this is about {shown}. Use a token for it."
    )


def about_nobody(token: Token) -> RefusedError:
    """Refuse a limited token what is not about a pacticipant."""
    own = ", ".join(f"'{name}'" for name in sorted(token.pacticipants or ())[:10])
    return RefusedError(
        FORBIDDEN,
        f"The token {_named(token)} may write about {own} only, and this names no pacticipant. Use a token that is not limited.",
    )


def foreign_page() -> RefusedError:
    """Refuse a browser that writes for a page of somebody else."""
    return RefusedError(
        FORBIDDEN, "A session may change something only from this broker's own pages. A program sends its token by itself."
    )


def too_often(token: Token, requests_a_minute: int, wait_s: int) -> TooOftenError:
    """Refuse a token that asks too often."""
    text = f"The token {_named(token)} may ask {requests_a_minute} times a minute. Ask again in {wait_s} s."
    return TooOftenError(text, wait_s)


def challenged(answer: Response, error: Exception) -> Response:
    """Add to a refusal how to do better: by which schemes, or when."""
    if isinstance(error, TooOftenError):
        answer.headers["Retry-After"] = str(error.wait_s)
    elif isinstance(error, RefusedError) and error.status == UNAUTHORIZED:
        for challenge in CHALLENGES:
            answer.headers.append("WWW-Authenticate", challenge)
    return answer


def _named(token: Token) -> str:
    return f"'{token.name}' ({token.prefix}…)"
