"""Calling one step of a running participant: fresh instances, preconditions, forward, compensate, status and probe.

Every instance has its own saga id and its own values of the payload's fresh fields, so that a participant whose database was
not emptied gives the same verdicts again. A participant that says 'try again' is given time, as an orchestrator would. Judging
what comes back is left to the player.
"""

import copy
import random
import re
import secrets
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import httpx

from saga_contracts.client.results import Backoff
from saga_contracts.client.transport import http_request, received
from saga_contracts.declare import elements, templates
from saga_contracts.declare.outcomes import State
from saga_contracts.declare.saga import ProviderState, Request, Under
from saga_contracts.derive.slices import StepSlice
from saga_contracts.errors import SagapactError
from saga_contracts.rim import sender
from saga_contracts.wire import correlation, fresh, replies
from saga_contracts.wire.bodies import body_of
from saga_contracts.wire.keys import key_of
from saga_contracts.wire.replies import Received
from saga_contracts.wire.requests import BuiltRequest, StepCall, call_context, step_request
from saga_verifier.access import NONE, Credentials, Prober, StateChanges
from saga_verifier.play.callbacks import CallbackReceiver
from saga_verifier.play.called import Aside, Called, Instance

PATIENCE = 4
"""How often a call is repeated at least while it is answered 'try again', whatever number of tries the file declares."""
_OVER = (State.APPLIED, State.REFUSED, State.COMPENSATED)
"""What the status call tells once accepted work is over."""
LONGEST_PAUSE_S = 10.0
"""A longer `Retry-After` is not waited for."""
READING_S = 10.0
"""A probe is our own question and no call of the saga: the step's time does not bind it, so that it gets at least this long."""


Reader = Callable[[Received, Mapping[str, Any]], tuple[str, tuple[str, ...]]]
"""Gives the outcome of a reply, and the names of the declared replies that may be meant."""
Address = str | Callable[[], str]
"""An address, or what gives it as it is at the moment."""


class Driver:
    """Calls one step of one participant.

    Args:
        slice_: The step.
        at: What stands before the path of its calls, or what gives it for each call: another one after a restart, the next
            instance, a proxy.
        states_url: Its state-change address; None: there is none.
        callbacks: Takes its callbacks.
        http: Sends the calls.
        states: Its states, where others change them, too; None: those of `states_url`.
        credentials: Live headers in the place of declared ones.
        prober: Reads the effect, where no call of the API shows it; None: the probe's request does.
        aside: Does something beside the calls.
    """

    def __init__(
        self,
        slice_: StepSlice,
        at: Address,
        states_url: Address | None,
        callbacks: CallbackReceiver,
        http: httpx.Client,
        *,
        states: StateChanges | None = None,
        credentials: Credentials = NONE,
        prober: Prober | None = None,
        aside: Aside | None = None,
    ) -> None:
        self._aside = aside or Aside()
        self.slice = slice_
        self._at = at
        self.states = states or StateChanges(http, states_url)
        self.callbacks = callbacks
        self.prober = prober
        self._http, self._credentials = http, credentials

    def at(self, at: Address, states: StateChanges | None = None) -> "Driver":
        """Give what makes the same calls elsewhere.

        Args:
            at: Where.
            states: Changes the states of who answers there; None: as before.
        """
        other = copy.copy(self)
        other._at, other.states = at, states or self.states  # noqa: SLF001  (our own)
        return other

    @property
    def base_url(self) -> str:
        """What stands before the path of its calls at the moment."""
        return self._at if isinstance(self._at, str) else self._at()

    def sending(self, http: httpx.Client) -> "Driver":
        """Give what makes the same calls through another client, and changes the states through it."""
        other = self.through(http)
        other.states = self.states.sending(http)
        return other

    def through(self, http: httpx.Client) -> "Driver":
        """Give what makes the same calls by another client."""
        other = copy.copy(self)
        other._http = http  # noqa: SLF001  (our own)
        return other

    def beside_calls(self, aside: Aside) -> "Driver":
        """Give what makes the same calls with somebody beside them."""
        other = copy.copy(self)
        other._aside = aside  # noqa: SLF001  (our own)
        return other

    def calling_back(self, callbacks: CallbackReceiver) -> "Driver":
        """Give what makes the same calls, and has the participant call back elsewhere."""
        other = copy.copy(self)
        other.callbacks = callbacks
        return other

    def fresh(self) -> Instance:
        """Make an instance that nobody has met before."""
        saga_id = f"{_plain(self.slice.saga)}-{uuid.uuid4().hex[:12]}"
        return self.of_saga(saga_id, fresh.fresh_payload(self.slice.payload, _chance()))

    def of_saga(self, saga_id: str, payload: Mapping[str, Any]) -> Instance:
        """Give the instance of this step in a saga that is known."""
        key = key_of(self.slice.step, saga_id)
        instance = Instance(key, StepCall(saga_id, payload, self.slice.outputs, self.callbacks.url_for(key)))
        if self.slice.step.callback is not None:
            taken = self.slice.step.callback.replies.done
            self.callbacks.answer(key, taken.model_copy(update={"body": templates.fill(taken.body, self.context(instance))}))
        return instance

    def with_other_payload(self, instance: Instance) -> Instance:
        """Give the same instance with another payload under the same key, in its own precondition.

        Raises:
            SagapactError: when there is no other payload, or the participant cannot be put into its precondition.
        """
        payload = fresh.other_payload(self.slice.payload, self.slice.step, instance.payload, _chance())
        if payload is None:
            raise SagapactError(f"There is no other payload for the key of {self.slice.step.step}: the case does not exist.")
        other = replace(instance, call=replace(instance.call, payload=payload))
        before = self._given(instance, Under.ENOUGH)
        for state in self._given(other, Under.ENOUGH):
            if state not in before:
                other = self.took(other, self.states.set_up(state, instance.key))
        return other

    def prepare(self, instance: Instance, under: Under) -> Instance:
        """Put the participant into a precondition of the step.

        Returns:
            The instance with the values that the participant gave for fields of the payload, such as an account that it has made,
            and with the payload that is refused where the refusal is by payload.

        Raises:
            SagapactError: when the participant's state-change address does not take it.
        """
        instance = self.refusable(instance) if under == Under.REFUSING else instance
        return self.set_up(instance, self._given(instance, under))

    def set_up(self, instance: Instance, states: Iterable[ProviderState]) -> Instance:
        """Put the participant into states whose templates are filled; gives the instance with the values that they gave.

        Raises:
            SagapactError: as above.
        """
        for state in states:
            instance = self.took(instance, self.states.set_up(state, instance.key))
        return instance

    def filled(self, instance: Instance, states: Iterable[ProviderState]) -> list[ProviderState]:
        """Give states of the saga file with the values of an instance."""
        context = self.context(instance)
        return [ProviderState(state=one.state, params=templates.fill(one.params, context)) for one in states]

    def refusable(self, instance: Instance) -> Instance:
        """Give an instance with the payload that is refused, where the step declares one."""
        fields = self.slice.step.given.fields(Under.REFUSING)
        return replace(instance, call=replace(instance.call, payload=fresh.with_fields(instance.payload, fields)))

    def beside(self, instance: Instance, *, prepares: bool) -> "tuple[Driver, Instance]":
        """Give what calls the same step for the next element of the list, and the instance of that element.

        Raises:
            SagapactError: when its precondition is to be there (`prepares`) and the participant cannot be put into it.
        """
        step = self.slice.step.model_copy(update={"step": elements.unit_name(self.slice.step.step, 1)})
        slice_ = self.slice.model_copy(update={"step": step})
        driver = Driver(
            slice_, self._at, None, self.callbacks, self._http,
            states=self.states, credentials=self._credentials, prober=self.prober,
        )  # fmt: skip
        other = replace(instance, key=key_of(step, instance.call.saga_id))
        for state in driver._given(other, Under.ENOUGH) if prepares else ():
            other = self.took(other, self.states.set_up(state, instance.key))
        return driver, other

    def release(self, instance: Instance) -> None:
        """Take back what was set up for an instance; what the participant refuses is kept with its states."""
        try:
            self.states.take_back(instance.key)
        except SagapactError as error:
            self.states.troubles.append(str(error))

    def forward(self, instance: Instance, letter: str = "F") -> Called:
        """Make the forward call."""
        step = self.slice.step

        def read(reply: Received, context: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
            return replies.forward_outcome(step, reply, context), replies.forward_replies(step, reply, context)

        return self._call(instance, letter, step.forward.request, read)

    def compensate(self, instance: Instance, letter: str = "C") -> Called:
        """Make the compensating call."""
        step = self.slice.step
        assert step.compensate is not None  # noqa: S101  (a deck has C only for such steps)

        def read(reply: Received, context: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
            return replies.compensate_outcome(step, reply, context), replies.compensate_replies(step, reply, context)

        return self._call(instance, letter, step.compensate.request, read)

    def status(self, instance: Instance) -> Called:
        """Make the status call."""
        step = self.slice.step
        assert step.status is not None  # noqa: S101  (the player looks)

        def read(reply: Received, context: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
            return replies.status_outcome(step, reply, context), ()

        return self._call(instance, "S", step.status.request, read)

    def look_up(self, instance: Instance) -> Called:
        """Look up the outputs of the step."""
        step = self.slice.step
        assert step.lookup is not None  # noqa: S101  (the caller looked)

        def read(reply: Received, context: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
            return replies.lookup_outcome(step, reply, context), ()

        return self._call(instance, "L", step.lookup.request, read)

    def knowing(self, instance: Instance, outputs: Mapping[str, Any]) -> Instance:
        """Give the same instance with outputs of the step that were told."""
        return replace(instance, call=instance.call.knowing(self.slice.step.step, outputs)) if outputs else instance

    def until_over(self, instance: Instance, longest_s: float | None = None) -> Iterator[Called]:
        """Ask for the status, as often as the file declares, until it tells the outcome of accepted work or the time is up.

        Args:
            instance: Whose work is awaited.
            longest_s: It is not waited longer than this; None: as long as the file declares.
        """
        polling = self.slice.step.polling
        declared_s = polling.timeout_ms / 1000
        until = time.monotonic() + (declared_s if longest_s is None else min(declared_s, longest_s))
        while True:
            called = self.status(instance)
            yield called
            left_s = until - time.monotonic()
            if called.outcome in _OVER or left_s <= 0:
                return
            time.sleep(min(polling.interval_ms / 1000, left_s))

    def probe(self, instance: Instance) -> Called:
        """Read the effect: as the provider file says, or by the probe's request."""
        if self.prober is None:
            assert self.slice.step.probe is not None  # noqa: S101  (the player looks)
            assert self.slice.step.probe.request is not None  # noqa: S101
            return self._call(instance, "probe", self.slice.step.probe.request, None)
        if self.prober.form.requests is not None:
            return _as_one([self._call(instance, "probe", one, None) for one in self.prober.form.requests])
        began = time.monotonic()
        seen = self.prober.see(self.context(instance))
        took_ms = sender.elapsed_ms(began)
        return Called("probe", seen.method, seen.where, (), seen.asked, body=seen.document, error=seen.error, duration_ms=took_ms)

    def patiently(self, call: Callable[[], Called], tries: int) -> Iterator[Called]:
        """Make a call, and again while it is not answered or answered 'try again', with the pauses that the participant asks for.

        Args:
            call: Makes it once.
            tries: How often the file lets it be sent; it is given a few tries more.
        """
        backoff = Backoff()
        for number in range(1, max(tries, PATIENCE) + 1):
            called = call()
            yield called
            if called.status is not None and called.outcome != "retryable":
                return
            time.sleep(min(replies.retry_after_s(called.headers) or backoff.pause_s(number), LONGEST_PAUSE_S))

    def context(self, instance: Instance) -> dict[str, Any]:
        """Give the values of the templates for an instance."""
        return call_context(self.slice.step, instance.call, self.slice.key_forms)

    def took(self, instance: Instance, values: Mapping[str, Any]) -> Instance:
        """Take over what a state gave.

        Args:
            instance: For this instance.
            values: Fields of the payload by their names, deeper ones by dots; outputs of earlier steps as `outputs.STEP.NAME`,
                or by NAME alone where only one step has such an output.
        """
        fields = {name: value for name, value in values.items() if _is_there(name, instance.payload)}
        call = replace(instance.call, payload=fresh.with_fields(instance.payload, fields)) if fields else instance.call
        for before, outputs in self.slice.outputs.items():
            for name in outputs:
                alone = name not in fields and sum(name in other for other in self.slice.outputs.values()) == 1
                told = [one for one in (f"outputs.{before}.{name}", *([name] if alone else [])) if one in values]
                call = call.knowing(before, {name: values[told[0]]}) if told else call
        return replace(instance, call=call)

    def unechoed(self, instance: Instance, headers: Mapping[str, str], body: Any) -> list[str]:
        """Give what a reply or callback does not give back of the correlation, in words."""
        return list(correlation.unechoed(self.slice.correlation, headers, body, self.context(instance)))

    def _given(self, instance: Instance, under: Under) -> list[ProviderState]:
        return self.filled(instance, self.slice.step.given.states(under))

    def _call(self, instance: Instance, letter: str, request: Request, read: Reader | None) -> Called:
        self._aside.before(instance, letter)
        return self._aside.after(self._sent(instance, letter, request, read))

    def _sent(self, instance: Instance, letter: str, request: Request, read: Reader | None) -> Called:
        step = self.slice.step
        built = step_request(self.slice, step, request, instance.call, self.base_url)
        sent = Called(letter, built.method, built.url, self._credentials.shown(built.headers), _shown(built))
        timeout_s = step.timeout_ms / 1000 if read is not None else max(step.timeout_ms / 1000, READING_S)
        live = replace(built, headers=self._credentials.sent(built.headers))
        answer = sender.send(self._http, http_request(self._http, live, timeout_s), timeout_s)
        reply = received(answer)
        if reply is None or isinstance(answer, sender.NoAnswer):
            text = answer.text if isinstance(answer, sender.NoAnswer) else ""
            return replace(sent, error=text, duration_ms=answer.elapsed_ms)
        outcome, names = read(reply, self.context(instance)) if read is not None else (None, ())
        return replace(
            sent, outcome=outcome, names=names, status=reply.status, headers=reply.headers, body=reply.body,
            duration_ms=answer.elapsed_ms,
        )  # fmt: skip


def _as_one(calls: list[Called]) -> Called:
    """Give the readings of several addresses as one, whose document is the list of theirs; the first that failed is told."""
    failed = next((one for one in calls if one.status is None or not httpx.codes.is_success(one.status)), None)
    if failed is not None or len(calls) == 1:
        return failed or calls[0]
    urls = " ".join(one.url for one in calls)
    return replace(calls[0], url=urls, body=[one.body for one in calls], duration_ms=sum(one.duration_ms for one in calls))


def _plain(name: str) -> str:
    """Give a name in small letters, digits and hyphens, as most services take them in a key; names of other scripts have none."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "saga"


def _is_there(dotted: str, payload: Mapping[str, Any]) -> bool:
    try:
        templates.look_up(dotted, payload)
    except templates.TemplateError:
        return False
    return True


def _chance() -> random.Random:
    return random.Random(secrets.randbits(64))  # noqa: S311  (values that are new, not secret)


def _shown(built: BuiltRequest) -> Any:
    if built.content is None:
        return None
    found = body_of(built.content)
    return found if found is not None else built.content.decode("utf-8", "replace")
