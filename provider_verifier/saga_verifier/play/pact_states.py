"""Serving the provider states of saga contracts by real calls, for the replay of a pact.

`a fresh step key for S/T` begins a new instance and gives its values to the pact's generators; domain preconditions go on to the
participant's own state-change address, with the fresh values in the place of the examples; `S/T arrived: F C` makes those calls.
Any other state is the participant's own business and goes on unchanged, so ordinary pacts work too.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from saga_contracts.declare import elements, templates
from saga_contracts.declare.outcomes import Outcome, State
from saga_contracts.declare.outputs import Teller, outputs_in
from saga_contracts.declare.saga import ProviderState, Under
from saga_contracts.derive import expectations
from saga_contracts.derive.cases import REFUSED_PAYLOAD, arrived_state, fresh_state
from saga_contracts.derive.examples import IN_PATH, SAGA_ID, asked_outputs
from saga_contracts.derive.expectations import Letter, Situation
from saga_contracts.errors import SagapactError
from saga_contracts.wire import fresh
from saga_contracts.wire.keys import keys_of
from saga_contracts.wire.likeness import short
from saga_contracts.wire.requests import in_path
from saga_verifier.access import TEARDOWN, StateChanges
from saga_verifier.play.called import Called, Instance
from saga_verifier.play.calling import call_until_clear
from saga_verifier.play.driver import Driver

_TELLS = {"done": Teller.DONE, "in_progress": Teller.ACCEPTED}
"""Outcomes of a forward call whose replies hold outputs."""
_LETTERS = re.compile(r"^[FRCDXM](?: [FRCDXM])*$")


@dataclass
class Arrivals:
    """One instance of a step that is brought into a state by the calls that lead there."""

    driver: Driver
    instance: Instance
    situation: Situation
    refused_at_once: bool = False
    """Was the forward call of a callback step refused in its reply, so that no callback comes?"""

    def make(self, word: str) -> None:
        """Make the calls of a word.

        Raises:
            SagapactError: when one of them is not answered as it must be, so that the state is not reached.
        """
        if not _LETTERS.fullmatch(word):
            step = self.driver.slice.step.step
            raise SagapactError(f"Cannot make the calls {word!r} of {step}: the letters are F, R, C, D, X and M.")
        for letter in word.split(" "):
            self._one(Letter(letter))

    def message(self) -> tuple[Any, dict[str, str]]:
        """Give body and correlation headers of the newest callback.

        Raises:
            SagapactError: when none came.
        """
        driver, key = self.driver, self.instance.key
        if self.refused_at_once:
            raise SagapactError(f"No callback comes for {key}: its call was refused in the reply.")
        timeout_ms = driver.slice.step.callback_timeout_ms
        if driver.callbacks.wait(key, timeout_ms / 1000) is None:
            raise SagapactError(f"No callback came for {key} within {timeout_ms} ms.")
        callback = driver.callbacks.of(key)[-1]
        sent = {name: callback.headers.get(name.lower()) for name in driver.slice.correlation.echoed}
        return callback.body, {name: value for name, value in sent.items() if value is not None}

    def _one(self, letter: Letter) -> None:
        later = self.driver.slice.step.tells_later
        moved = Letter.FORWARD if letter == Letter.MISUSED else letter
        if letter not in expectations.CALLBACKS:
            # `M` is the first call of the key, with the payload that the next call will not have
            caller = self.driver.with_other_payload(self.instance) if letter == Letter.MISUSED else self.instance
            expects = expectations.expect(self.driver.slice, self.situation, moved)
            called, allowed = call_until_clear(self.driver, caller, expects, moved)
            if moved == Letter.FORWARD and letter != Letter.MISUSED:
                self._learn(called.body, called.headers, _TELLS.get(str(called.outcome)))
            if not set(called.names) & set(allowed):
                raise SagapactError(self._not_reached(letter, called, allowed))
            if later and called.outcome == Outcome.REFUSED:
                self.refused_at_once = True
                self.situation = replace(self.situation, state=State.REFUSED, refused=True, forwarded=True)
        elif self.situation.state == State.IN_PROGRESS:
            self._await_end(letter)
        self.situation = expectations.after_event(self.situation, moved, callback=later)

    def _await_end(self, letter: Letter) -> None:
        """Wait until accepted work is over, and has come to what the letter says."""
        if not self.driver.slice.step.polls:
            self.message()
            callback = self.driver.callbacks.of(self.instance.key)[-1]
            self._learn(callback.body, callback.headers, Teller.CALLBACK if letter == Letter.DONE else None)
            return
        *_, told = self.driver.until_over(self.instance)
        wanted = State.APPLIED if letter == Letter.DONE else State.REFUSED
        if told.outcome != wanted:
            raise SagapactError(self._not_reached(letter, told, (wanted,)))
        self._learn(told.body, told.headers, Teller.STATUS if letter == Letter.DONE else None)

    def _learn(self, body: Any, headers: Mapping[str, str], told: Teller | None) -> None:
        """Keep the outputs that were told, for calls of the step that need them."""
        found = None if told is None else outputs_in(self.driver.slice.step, body, headers, told)
        self.instance = self.driver.knowing(self.instance, found or {})

    def _not_reached(self, letter: Letter, called: Called, allowed: tuple[str, ...]) -> str:
        answer = f"{called.status} {short(called.body, 200)}" if called.status is not None else f"nothing: it {called.error}"
        step = self.driver.slice.step.step
        return f"Cannot reach the state: the call {letter} of {step} was answered {answer} instead of {' or '.join(allowed)}."


class PactStates:
    """The state handler of one pact; one interaction after the other."""

    def __init__(self, drivers: Mapping[str, Driver], states: StateChanges) -> None:
        """Take the drivers by `saga/step`, and the participant's states."""
        self._by_fresh = {fresh_state(*name.split("/")): driver for name, driver in drivers.items()}
        self._states = states
        self._current: Arrivals | None = None
        self._retryable = False

    def handle(self, state: str, params: Mapping[str, Any], action: str) -> dict[str, Any]:
        """Set up one state and give the values for the generators, or take it back.

        Raises:
            SagapactError: when it cannot be set up, or taken back.
        """
        if action == TEARDOWN:
            self._take_back(state)
            return {}
        if state in self._by_fresh:
            self.restore()
            return self._begin(self._by_fresh[state], refused=params.get("payload") == REFUSED_PAYLOAD)
        if self._current is not None and state == self._arrived(self._current, params):
            self._current.make(str(params.get("word", "")))
            return values_of(self._current.driver, self._current.instance)
        return self._pass_on(ProviderState(state=state, params=dict(params)))

    def message(self) -> tuple[Any, dict[str, str]]:
        """Give body and correlation headers of the newest callback of the current instance.

        Raises:
            SagapactError: when none came, or no instance was begun.
        """
        if self._current is None:
            raise SagapactError("A message of a saga needs the state 'a fresh step key for …' before it.")
        return self._current.message()

    def restore(self) -> None:
        """Take back a precondition under which calls have to be tried again, so that it meets no other case."""
        if self._current is not None and self._retryable:
            self._current.driver.prepare(self._current.instance, Under.ENOUGH)
        self._retryable = False

    def _take_back(self, state: str) -> None:
        """Take back a state; with that of a fresh key goes all that was set up for it."""
        if self._current is not None and state in self._by_fresh:
            self.restore()
            current, self._current = self._current, None
            current.driver.states.take_back(current.instance.key)
        elif self._current is None:
            self._states.take_back(name=state)

    def _begin(self, driver: Driver, *, refused: bool) -> dict[str, Any]:
        instance = driver.refusable(driver.fresh()) if refused else driver.fresh()
        self._current = Arrivals(driver, instance, Situation(refusing=refused))
        return values_of(driver, instance)

    def _arrived(self, current: Arrivals, params: Mapping[str, Any]) -> str:
        slice_ = current.driver.slice
        return arrived_state(slice_.saga, slice_.step.step, str(params.get("word", "")))

    def _pass_on(self, state: ProviderState) -> dict[str, Any]:
        """Let the participant take a state; one that the saga file gives is filled with the fresh values."""
        current = self._current
        if current is None:
            return self._states.set_up(state)
        filled, under = _with_fresh_values(current, state)
        values = current.driver.states.set_up(filled, current.instance.key)
        self._retryable = self._retryable or under == Under.RETRYABLE
        current.situation = Situation(refusing=current.situation.refusing or under == Under.REFUSING)
        current.instance = current.driver.took(current.instance, values)
        return {**values, **values_of(current.driver, current.instance)}


def values_of(driver: Driver, instance: Instance) -> dict[str, Any]:
    """Give the values of an instance by the names that a pact's generators have for them."""
    new = {name: templates.look_up(name, instance.payload) for name in driver.slice.payload.fresh}
    values = {**new, "stepKey": instance.key, "sagaId": instance.call.saga_id}
    values |= {f"keys.{name}": key for name, key in driver.context(instance)["keys"].items()}
    values |= _outputs_of(driver, instance)
    in_paths = {f"{name}{IN_PATH}": in_path(value) for name, value in values.items() if value != ""}
    return {**values, **in_paths, "callbackUrl": instance.call.callback_url}


def _outputs_of(driver: Driver, instance: Instance) -> dict[str, Any]:
    """Give the outputs that a pact asks for, as far as calls or states have told them."""
    known = instance.call.outputs
    asked = [(step, name) for step, name in asked_outputs(driver.slice.step) if name in known.get(step, {})]
    return {f"outputs.{step}.{name}": known[step][name] for step, name in asked}


def _with_fresh_values(current: Arrivals, state: ProviderState) -> tuple[ProviderState, Under]:
    """Fill a precondition of the step as the saga file has it, and tell which one it is."""
    slice_ = current.driver.slice
    given, by_payload = slice_.step.given, current.situation.refusing and slice_.step.given.refusing_payload
    shown = fresh.with_fields(slice_.payload.example, given.fields(Under.REFUSING) if by_payload else {})
    example = {**elements.with_element(slice_.step, shown), "outputs": slice_.outputs, "keys": keys_of(slice_.key_forms, SAGA_ID)}
    values = current.driver.context(current.instance)
    for under in (Under.ENOUGH, *(() if given.refusing_payload else (Under.REFUSING,)), Under.RETRYABLE):
        for declared in given.states(under):
            if (declared.state, templates.fill(declared.params, example)) == (state.state, state.params):
                return ProviderState(state=state.state, params=templates.fill(declared.params, values)), under
    return state, Under.ENOUGH
