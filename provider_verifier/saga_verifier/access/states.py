"""Asks a running participant for its domain states, and takes them back, as Pact's verifiers do.

Each is a POST of `{"consumer", "state", "states", "params", "action"}`, where `action` is `setup` or `teardown`, and `states` is
the one name as a list, for handlers of Pact's older verifiers.
"""

import copy
from collections.abc import Callable
from typing import Any

import httpx

from saga_contracts.declare.saga import ProviderState
from saga_contracts.errors import SagapactError
from saga_contracts.rim import sender
from saga_contracts.wire.bodies import body_of

STATE_TIMEOUT_S = 20.0
SETUP, TEARDOWN = "setup", "teardown"


class StateChanges:
    """The states of one participant, and which of them were set up for whom.

    Attributes:
        notes: What a participant refused to take back, where the provider file does not insist on it.
        troubles: What it refused where the file does, and nothing else tells it.

    Args:
        http: Sends the requests.
        url: The state-change address, or what gives it as it is now; None: there is none.
        consumer: Of the contract that is verified.
        teardown: Are states taken back? None: they are, and a refusal is only noted.
    """

    def __init__(
        self, http: httpx.Client, url: str | Callable[[], str] | None, consumer: str = "", *, teardown: bool | None = None
    ) -> None:
        self._http, self._url, self._consumer, self._teardown = http, url, consumer, teardown
        self._standing: dict[str, list[ProviderState]] = {}
        self.notes: list[str] = []
        self.troubles: list[str] = []

    def sending(self, http: httpx.Client) -> "StateChanges":
        """Give what changes the same states through another client; what stands, and what is noted, is kept in one place."""
        other = copy.copy(self)
        other._http = http  # noqa: SLF001  (our own)
        return other

    def set_up(self, state: ProviderState, owner: str = "") -> dict[str, Any]:
        """Set a state up.

        Args:
            state: What to set up.
            owner: For whom, such as a step key; it stands until it is taken back from this one.

        Returns:
            What it answers, for generators; empty when it answers nothing.

        Raises:
            SagapactError: when there is no such address, or it does not take the state.
        """
        where = f"Cannot set up the state {state.state!r}"
        found = self._change(state, SETUP, where, "Serve this state, or correct its name in the saga file.")
        self._standing.setdefault(owner, []).append(state)
        return found

    def take_back(self, owner: str = "", name: str | None = None) -> None:
        """Take back what stands for an owner, the newest first.

        Args:
            owner: Who.
            name: Only states of this name; None: all.

        Raises:
            SagapactError: when the participant refuses it, and the provider file insists.
        """
        standing = self._standing.pop(owner, [])
        meant = [state for state in standing if name in (None, state.state)]
        if len(meant) < len(standing):
            self._standing[owner] = [state for state in standing if state not in meant]
        asked = reversed(meant) if self._teardown is not False and self._url is not None else ()
        refusals = [refusal for state in asked if (refusal := self._refusal(state)) is not None]
        if refusals and self._teardown:
            raise refusals[0]
        self.notes.extend(note for note in dict.fromkeys(map(str, refusals)) if note not in self.notes)

    def _refusal(self, state: ProviderState) -> SagapactError | None:
        """Take one back; give what its participant says against it."""
        where = f"Cannot take back the state {state.state!r}"
        mend = f'Answer 2xx to "action": "{TEARDOWN}", or write `states: {{path: …, teardown: false}}`.'
        try:
            self._change(state, TEARDOWN, where, mend)
        except SagapactError as error:
            return error
        return None

    def _change(self, state: ProviderState, action: str, where: str, mend: str) -> dict[str, Any]:
        if self._url is None:
            raise SagapactError(f"{where}: the provider file names no state-change address. Add `states: {{path: …}}` to it.")
        url = self._url if isinstance(self._url, str) else self._url()
        body = {"state": state.state, "states": [state.state], "params": state.params, "action": action}
        known = {"consumer": self._consumer, **body} if self._consumer else body
        answer = sender.send(self._http, self._http.build_request("POST", url, json=known), STATE_TIMEOUT_S)
        if isinstance(answer, sender.NoAnswer):
            raise SagapactError(f"{where}: {url} {answer.text}. Look at the participant's log.")
        if not answer.is_success:
            told = answer.body[:200].decode("utf-8", "replace")
            raise SagapactError(f"{where}: {url} answered {answer.status} {told!r}. {mend}")
        found = body_of(answer.body)
        return found if isinstance(found, dict) else {}
