"""Live credentials of a verification: headers of the provider file, and a token that a command gives.

They stand in the place of the contract's headers of the same names, which are examples that no provider takes any more. Nothing
that leaves a verification shows them.
"""

import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping

from saga_contracts.rim.redact import HIDDEN
from saga_verifier.access.programs import ProgramError, Stage
from saga_verifier.provider_file.programs import TOKEN, Token

MAX_CHARACTERS = 20_000
_SENDABLE = re.compile(r"[!-~\x80-\xff][ -~\x80-\xff]*")
Pairs = tuple[tuple[str, str], ...]


class Credentials:
    """The live headers of one participant, as they are now.

    Args:
        headers: Those that stay as they are.
        token: What a command gives; None: nothing.
        stage: Where the command runs.
        learned: Told of each new token.
    """

    def __init__(
        self,
        headers: Mapping[str, str] | None = None,
        token: Token | None = None,
        stage: Stage | None = None,
        learned: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._headers, self._token, self._stage, self._learned = dict(headers or {}), token, stage, learned
        self._value, self._until_s = "", 0.0
        self._lock = threading.Lock()

    @property
    def names(self) -> frozenset[str]:
        """Names of the headers, in lower case."""
        own = [self._token.header] if self._token is not None else []
        return frozenset(name.lower() for name in (*self._headers, *own))

    def headers(self) -> dict[str, str]:
        """Give the headers; a token that has lasted its time is asked for anew.

        Raises:
            ProgramError: when the command gives no token.
        """
        if self._token is None or self._stage is None:
            return self._headers
        with self._lock:
            if time.monotonic() >= self._until_s:
                self._value = _token(self._token, self._stage)
                self._until_s = time.monotonic() + self._token.lasts_s
                self._learned(self._value)
            return {**self._headers, self._token.header: self._token.format.replace(TOKEN, self._value)}

    def sent(self, headers: Iterable[tuple[str, str]]) -> Pairs:
        """Give the headers of a call as they are sent."""
        kept = [one for one in headers if one[0].lower() not in self.names]
        return (*kept, *self.headers().items())

    def shown(self, headers: Iterable[tuple[str, str]]) -> Pairs:
        """Give the headers of a call as evidence shows them."""
        pairs = tuple(headers)
        hidden = {name.lower(): name for name, _ in pairs if name.lower() in self.names}
        kept = [one for one in pairs if one[0].lower() not in hidden]
        return (*kept, *((hidden.get(name, name), HIDDEN) for name in sorted(self.names)))


NONE = Credentials()
"""No live credentials: calls are made as the contracts hold them."""


def _token(token: Token, stage: Stage) -> str:
    try:
        printed = stage.run(token, token.command).decode("utf-8", "replace").strip()
    except ProgramError as error:
        raise ProgramError(f"No token could be had (`token` in the provider file): {error}") from None
    if len(printed) > MAX_CHARACTERS or not _SENDABLE.fullmatch(printed):
        what = "nothing" if not printed else f"{len(printed)} characters that cannot stand in a header"
        raise ProgramError(
            f"No token could be had (`token` in the provider file): the command printed {what}. Let it print the token only."
        )
    return printed
