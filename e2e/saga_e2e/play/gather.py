"""Asks the running services: preconditions, definition, creation, the record, each step's status and probe.

Everything goes to the services directly, never through the fault proxy. An answer that cannot be used is an error: the scenario
could not be found out.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import httpx

from saga_contracts.declare import elements, templates
from saga_contracts.declare.outputs import pointer
from saga_contracts.declare.saga import Conserved, ProviderState, Request, Saga, Step, Under
from saga_contracts.errors import SagapactError
from saga_contracts.wire import replies
from saga_contracts.wire.bodies import body_of
from saga_contracts.wire.requests import (
    BuiltRequest,
    StepCall,
    UnsendableError,
    call_context,
    notification_request,
    step_request,
)
from saga_e2e.judge.evidence import SagaRecord, StepEvidence
from saga_e2e.stage.topology import Topology

TIMEOUT_S = 10.0
READS = 3
"""How often something is read whose connection is cut."""
NOT_ON_RECORD = "not on record"
"""The state of a saga that its orchestrator does not know, although it was created there."""
_NOT_THERE = (404, 410)
KEPT_S = 1.0  # a connection is not kept so long that its server may close it at the moment of use


def new_client() -> httpx.Client:
    """Make a client for `Services`, without proxies of the surroundings."""
    return httpx.Client(trust_env=False, limits=httpx.Limits(max_connections=None, keepalive_expiry=KEPT_S))


class Services:
    """Calls the services of one topology.

    Args:
        topology: A running one.
        http: A client that may be used by several threads.
    """

    def __init__(self, topology: Topology, http: httpx.Client) -> None:
        self._topology, self._http, self._adapter = topology, http, topology.adapter
        self._request_ids: dict[str, str] = {}

    @property
    def saga(self) -> Saga:
        """The saga that is played."""
        return self._topology.saga

    def define(self) -> None:
        """Give the saga's definition to the orchestrator, if it takes one."""
        request = self._adapter.define(self._topology.definition)
        if request is not None:
            self._orchestrator(request, "define the saga")

    def prepare(self, step: Step, payload: Mapping[str, Any], under: Under) -> None:
        """Put a participant into a precondition of a step."""
        self.set_up(step, step.given.states(under), payload)

    def create(self, request_id: str, payload: Mapping[str, Any]) -> str:
        """Start the saga; give its id."""
        answer = self._orchestrator(self._adapter.create(request_id, payload), "create the saga")
        saga_id = self._adapter.saga_id(answer, request_id)
        if saga_id is None:
            place = self._adapter.declared.create.id
            raise SagapactError(f"Cannot create the saga: the orchestrator's answer has no `{place}`: {str(answer)[:200]}.")
        self._request_ids[saga_id] = request_id
        return saga_id

    def record(self, saga_id: str) -> SagaRecord:
        """Read the orchestrator's record of a saga; one that it does not know any more is in no state of its own."""
        request = self._adapter.read(saga_id, self._request_ids.get(saga_id, ""))
        reply, url = self._called_orchestrator(request, "read the saga's record")
        if reply.status_code in _NOT_THERE:
            return SagaRecord(NOT_ON_RECORD, (), {})
        answer = _content(reply, f"read the saga's record: {request.method} {url}")
        record = self._adapter.record(answer)
        if record is None:
            place = self._adapter.declared.read.state
            raise SagapactError(
                f"Cannot read the saga's record: the orchestrator's answer has no `{place}`: {str(answer)[:200]}."
            )
        return record

    @property
    def can_check(self) -> bool:
        """Has the orchestrator a checker that can be asked to look at a saga now?"""
        return self._adapter.declared.check is not None

    def check(self, saga_id: str) -> None:
        """Make the orchestrator's checker look at a saga now."""
        request = self._adapter.check(saga_id, self._request_ids.get(saga_id, ""))
        if request is not None:
            self._orchestrator(request, "let the checker look at the saga")

    def set_up(self, step: Step, states: Iterable[ProviderState], payload: Mapping[str, Any]) -> None:
        """Put a participant into the given states of a step."""
        context = elements.with_element(step, payload) | {"outputs": self.saga.outputs}  # no step has told its own yet
        for state in states:
            self._change_state(step, ProviderState(state=state.state, params=templates.fill(state.params, context)))

    def sums(self, payloads: Iterable[Mapping[str, Any]]) -> dict[str, float | None]:
        """Read the saga's conserved quantities, each added up over all its reads; None for one that cannot be read."""
        return {one.quantity: self._sum(one, tuple(payloads)) for one in self.saga.conserved}

    def _sum(self, quantity: Conserved, payloads: tuple[Mapping[str, Any], ...]) -> float | None:
        total, seen = 0.0, set[str]()
        for read in quantity.reads:
            for payload in payloads:
                built = notification_request(self.saga, read.request, {"payload": payload, "saga_id": "", "step": ""}, "")
                if (place := f"{read.participant} {built.method} {built.url} {built.query}") in seen:
                    continue
                seen.add(place)
                reply = self._sent(replace(built, url=self._topology.calls_url(read.participant) + built.url), "read a quantity")
                found = [pointer(body_of(reply.content), one) for one in read.sum] if reply.is_success else [None]
                numbers = [float(one) for one in found if isinstance(one, int | float)]
                if len(numbers) < len(found):
                    return None
                total += sum(numbers)
        return total

    def ask(self, step: Step, saga_id: str, payload: Mapping[str, Any], record: SagaRecord) -> StepEvidence:
        """Ask a step's participant for its durable state and its effect."""
        callback_url = self._topology.service_url + self._adapter.callback_path(step, saga_id)
        call = StepCall(saga_id, payload, record.outputs, callback_url)
        context = call_context(step, call, self.saga.key_forms)
        status = None
        if step.status is not None:
            reply, _ = self._called(step, step.status.request, call, "ask for its status")
            status = replies.status_outcome(step, _received(reply), context).value
        reading, trouble, place = self._probed(step, call)
        return StepEvidence(step.step, record.steps.get(step.step) or None, status, reading, trouble, context, place=place)

    def _probed(self, step: Step, call: StepCall) -> tuple[Any, str, str]:
        """Read a step's effect; give what was read, why it was not, and where, when that is no call of the API."""
        if step.probe is None:
            return None, "the saga file declares no probe", ""
        prober = self._topology.prober(step.participant, step.step)
        if prober is not None and prober.form.requests is None:
            seen = prober.see(call_context(step, call, self.saga.key_forms))
            return seen.document, seen.error, f"{seen.where} {seen.asked}"
        requests = [step.probe.request] if prober is None or prober.form.requests is None else [*prober.form.requests]
        if requests == [None]:
            return None, "no call of the API shows the effect, and the provider file does not say how it is read (`probes`)", ""
        try:
            read = [self._read(step, request, call) for request in requests if request is not None]
        except UnsendableError as error:
            return None, str(error), ""
        return read[0] if len(read) == 1 else read, "", ""

    def _read(self, step: Step, request: Request, call: StepCall) -> Any:
        reply, url = self._called(step, request, call, "read its effect")
        if not reply.is_success:
            raise SagapactError(
                f"Cannot read the effect of {step.step}: {url} answered {reply.status_code} {reply.text[:200]!r}."
            )
        return body_of(reply.content)

    def _change_state(self, step: Step, state: ProviderState) -> None:
        what = f"set up the state {state.state!r} of {step.participant}"
        url = self._topology.states_url(step.participant)
        if url is None:
            raise SagapactError(f"Cannot {what}: its provider file names no state-change address. Add `states: {{path: …}}`.")
        self._json("POST", url, what, {"state": state.state, "params": state.params, "action": "setup"})

    def _called(self, step: Step, request: Request, call: StepCall, what: str) -> tuple[httpx.Response, str]:
        built = step_request(self.saga, step, request, call, self._topology.calls_url(step.participant))
        return self._sent(built, f"{what} ({step.step} at {step.participant})"), built.url

    def _orchestrator(self, request: Request, what: str) -> Any:
        """Call the orchestrator; a text that is no JSON is given as it is."""
        reply, url = self._called_orchestrator(request, what)
        return _content(reply, f"{what}: {request.method} {url}")

    def _called_orchestrator(self, request: Request, what: str) -> tuple[httpx.Response, str]:
        content = None if request.body is None else json.dumps(request.body).encode()
        headers = () if content is None else (("Content-Type", "application/json"),)
        built = BuiltRequest(
            request.method,
            self._topology.calls_url(self._topology.orchestrator) + request.path,
            tuple(request.query.items()),
            (*headers, *request.headers.items()),
            content,
        )
        return self._sent(built, what), built.url

    def _json(self, method: str, url: str, what: str, body: Any = None) -> Any:
        built = BuiltRequest(method, url, (), (), None)
        reply = self._sent(built, what, body)
        if not reply.is_success:
            raise SagapactError(f"Cannot {what}: {method} {url} answered {reply.status_code} {reply.text[:300]!r}.")
        return body_of(reply.content)

    def _sent(self, built: BuiltRequest, what: str, body: Any = None) -> httpx.Response:
        query, headers = built.query or None, built.headers
        left = READS if built.method == "GET" else 1  # to read again does no harm: its connection may just have been closed
        while True:
            left -= 1
            try:
                return self._http.request(
                    built.method, built.url, params=query, headers=headers, content=built.content, json=body, timeout=TIMEOUT_S
                )
            except httpx.TransportError as error:
                trouble = self._topology.trouble()
                if left and trouble is None and not isinstance(error, httpx.TimeoutException):
                    continue
                raise SagapactError(
                    f"Cannot {what}: {built.method} {built.url} got no answer ({type(error).__name__}). "
                    f"{trouble or 'Every service still runs; look whether the machine is overloaded.'}"
                ) from None


def _received(reply: httpx.Response) -> replies.Received:
    headers = {name.lower(): value for name, value in reply.headers.items()}
    return replies.Received(reply.status_code, body_of(reply.content, headers.get("content-type", "")), headers)


def _content(reply: httpx.Response, what: str) -> Any:
    if not reply.is_success:
        raise SagapactError(f"Cannot {what} answered {reply.status_code} {reply.text[:300]!r}.")
    return body_of(reply.content)
