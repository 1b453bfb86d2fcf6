"""Calling one step of a running participant: fresh keys, preconditions, forward, compensate, status and probe.

Every instance has its own saga id and its own values of the payload's fresh fields, so that a participant whose database was
not emptied gives the same verdicts again. Judging what comes back is left to the player.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import httpx

from saga_contracts.wire.bodies import body_of
from saga_contracts.declare import templates
from saga_contracts.declare.saga import ProviderState, Request
from saga_contracts.derive.slices import StepSlice
from saga_contracts.errors import SagapactError
from saga_contracts.wire import replies
from saga_contracts.wire.requests import BuiltRequest, StepCall, call_context, step_key, step_request
from saga_verifier.play.callbacks import CallbackReceiver

STATE_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class Instance:
    """One made-up saga instance as the step sees it."""

    key: str
    call: StepCall

    @property
    def payload(self) -> Mapping[str, Any]:
        """What the instance was started with."""
        return self.call.payload


@dataclass(frozen=True, slots=True)
class Called:
    """One call and what came back, as evidence.

    Attributes:
        letter: What the call was in its history: `F`, `R`, `C`, `M`, `S`, or `probe`.
        outcome: What the reply means; None for a probe.
        status: HTTP status; None when there was no answer.
        error: Why there was no answer.
    """

    letter: str
    method: str
    url: str
    request_headers: tuple[tuple[str, str], ...]
    request_body: Any
    outcome: str | None
    status: int | None
    headers: Mapping[str, str]
    body: Any
    error: str = ""

    def as_json(self) -> dict[str, Any]:
        """Give the call as plain JSON, to be stored with a result."""
        request = {"method": self.method, "url": self.url, "headers": dict(self.request_headers), "body": self.request_body}
        reply = {"status": self.status, "body": self.body, "error": self.error}
        return {"letter": self.letter, "outcome": self.outcome, "request": request, "reply": reply}


class Driver:
    """Calls one step of one participant."""

    def __init__(
        self, slice_: StepSlice, base_url: str, states_url: str | None, callbacks: CallbackReceiver, http: httpx.Client
    ) -> None:
        self.slice = slice_
        self._base_url = base_url
        self._states_url = states_url
        self.callbacks = callbacks
        self._http = http

    def fresh(self) -> Instance:
        """Make an instance that nobody has met before."""
        token = uuid.uuid4().hex[:12]
        saga_id = f"{self.slice.saga}-{token}"
        payload = dict(self.slice.payload.example)
        payload.update({name: f"{payload[name]}-{token}" for name in self.slice.payload.fresh})
        key = step_key(saga_id, self.slice.step.step)
        return Instance(key, StepCall(saga_id, payload, self.slice.outputs, self.callbacks.url_for(key)))

    def with_other_payload(self, instance: Instance) -> Instance:
        """Give the same instance with another payload under the same key."""
        return replace(instance, call=replace(instance.call, payload=self.fresh().payload))

    def prepare(self, instance: Instance, *, refusing: bool) -> None:
        """Put the participant into the step's precondition.

        Raises:
            SagapactError: when the participant's state-change address does not take it.
        """
        given = self.slice.step.given
        context = {"payload": instance.payload}
        for state in given.refusing if refusing else given.enough:
            filled = ProviderState(state=state.state, params=templates.fill(state.params, context))
            change_state(self._http, self._states_url, filled)

    def forward(self, instance: Instance, letter: str = "F") -> Called:
        """Make the forward call."""
        return self._call(instance, letter, self.slice.step.forward.request, replies.forward_outcome)

    def compensate(self, instance: Instance) -> Called:
        """Make the compensating call."""
        assert self.slice.step.compensate is not None  # noqa: S101  (a deck has C only for such steps)
        return self._call(instance, "C", self.slice.step.compensate.request, replies.compensate_outcome)

    def status(self, instance: Instance) -> Called:
        """Make the status call."""
        assert self.slice.step.status is not None  # noqa: S101  (the player looks)
        return self._call(instance, "S", self.slice.step.status.request, replies.status_outcome)

    def probe(self, instance: Instance) -> Called:
        """Read the effect."""
        assert self.slice.step.probe is not None  # noqa: S101  (the player looks)
        return self._call(instance, "probe", self.slice.step.probe.request, None)

    def context(self, instance: Instance) -> dict[str, Any]:
        """Give the values of the templates for an instance."""
        return call_context(self.slice.step, instance.call)

    def _call(self, instance: Instance, letter: str, request: Request, judge: Any) -> Called:
        built = step_request(self.slice, self.slice.step, request, instance.call, self._base_url)
        step = self.slice.step
        try:
            reply = self._send(built, step.timeout_ms / 1000)
        except httpx.HTTPError as error:
            return self._called(letter, built, None, None, {}, None, f"no answer ({type(error).__name__})")
        body = body_of(reply.content)
        outcome = judge(step, reply.status_code, body, self.context(instance)).value if judge is not None else None
        return self._called(letter, built, outcome, reply.status_code, dict(reply.headers), body, "")

    def _send(self, built: BuiltRequest, timeout_s: float) -> httpx.Response:
        return self._http.request(
            built.method, built.url, params=list(built.query) or None, headers=list(built.headers), content=built.content,
            timeout=timeout_s,
        )  # fmt: skip

    def _called(
        self,
        letter: str,
        built: BuiltRequest,
        outcome: str | None,
        status: int | None,
        headers: Mapping[str, str],
        body: Any,
        error: str,
    ) -> Called:
        sent = body_of(built.content) if built.content is not None else None
        return Called(letter, built.method, built.url, built.headers, sent, outcome, status, headers, body, error)


def change_state(http: httpx.Client, url: str | None, state: ProviderState) -> dict[str, Any]:
    """Call a participant's state-change address.

    Returns:
        What it answers, for generators; empty when it answers nothing.

    Raises:
        SagapactError: when there is no such address, or it does not take the state.
    """
    where = f"Cannot set up the state {state.state!r}"
    if url is None:
        raise SagapactError(f"{where}: the provider file names no state-change address. Add `states: {{path: …}}` to it.")
    body = {"state": state.state, "params": state.params, "action": "setup"}
    try:
        reply = http.post(url, json=body, timeout=STATE_TIMEOUT_S)
    except httpx.HTTPError as error:
        raise SagapactError(f"{where}: {url} does not answer ({type(error).__name__}). Look at the participant's log.") from None
    if not reply.is_success:
        mend = "Serve this state, or correct its name in the saga file."
        raise SagapactError(f"{where}: {url} answered {reply.status_code} {reply.text[:200]!r}. {mend}")
    answer = body_of(reply.content)
    return answer if isinstance(answer, dict) else {}
