"""Serving the provider states of saga contracts by real calls, for the replay of a pact.

`a fresh step key for S/T` begins a new instance and gives its values to the pact's generators; domain preconditions go on to the
participant's own state-change address, with the fresh values in the place of the examples; `S/T arrived: F C` makes those calls.
Any other state is the participant's own business and goes on unchanged, so ordinary pacts work too.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

import httpx

from saga_contracts.declare.saga import ProviderState
from saga_contracts.derive.cases import arrived_state, fresh_state
from saga_contracts.errors import SagapactError
from saga_verifier.play.driver import Driver, Instance, change_state

_LETTERS = re.compile(r"^[FRCDXM](?: [FRCDXM])*$")


class PactStates:
    """The state handler of one pact; one interaction after the other."""

    def __init__(self, drivers: Mapping[str, Driver], states_url: str | None, http: httpx.Client) -> None:
        """Take the drivers by `saga/step`, and the participant's state-change address for states that are not ours."""
        self._by_fresh = {fresh_state(*name.split("/")): driver for name, driver in drivers.items()}
        self._states_url, self._http = states_url, http
        self._driver: Driver | None = None
        self._instance: Instance | None = None

    def handle(self, state: str, params: Mapping[str, Any], action: str) -> dict[str, Any]:
        """Set up one state and give the values for the generators.

        Raises:
            SagapactError: when it cannot be set up.
        """
        if action == "teardown":
            return {}
        if state in self._by_fresh:
            return self._begin(self._by_fresh[state])
        if self._driver is not None and state == self._arrived(params):
            self._arrive(str(params.get("word", "")))
            return {}
        return self._pass_on(state, params)

    def message(self) -> tuple[Any, dict[str, str]]:
        """Give body and correlation headers of the newest callback of the current instance.

        Raises:
            SagapactError: when none came.
        """
        driver, instance = self._current()
        callback = driver.callbacks.wait(instance.key, driver.slice.step.callback_timeout_ms / 1000)
        if callback is None:
            raise SagapactError(f"No callback came for {instance.key} within {driver.slice.step.callback_timeout_ms} ms.")
        correlation = driver.slice.correlation
        sent = {name: callback.headers.get(name.lower()) for name in (correlation.saga_id, correlation.step)}
        return callback.body, {name: value for name, value in sent.items() if value is not None}

    def _begin(self, driver: Driver) -> dict[str, Any]:
        self._driver, self._instance = driver, driver.fresh()
        call = self._instance.call
        values: dict[str, Any] = {name: call.payload[name] for name in driver.slice.payload.fresh}
        return values | {"stepKey": self._instance.key, "sagaId": call.saga_id, "callbackUrl": call.callback_url}

    def _arrived(self, params: Mapping[str, Any]) -> str:
        driver, _ = self._current()
        return arrived_state(driver.slice.saga, driver.slice.step.step, str(params.get("word", "")))

    def _arrive(self, word: str) -> None:
        driver, instance = self._current()
        if not _LETTERS.fullmatch(word):
            raise SagapactError(
                f"Cannot make the calls {word!r} of {driver.slice.step.step}: the letters are F, R, C, D, X and M."
            )
        for letter in word.split(" "):
            self._make(letter, driver, instance)

    def _make(self, letter: str, driver: Driver, instance: Instance) -> None:
        if letter == "C":
            called = driver.compensate(instance)
        elif letter in ("D", "X"):
            self.message()
            return
        elif letter == "M":
            other = driver.with_other_payload(instance)
            driver.prepare(other, refusing=False)
            called = driver.forward(other, "M")
        else:
            called = driver.forward(instance, letter)
        expected = {"C": ("done",), "R": ("refused",)}.get(letter, ("done", "in_progress"))
        if called.outcome not in expected:
            raise SagapactError(
                f"Cannot reach the state: the call {letter} of {driver.slice.step.step} was answered "
                f"{called.status} {json.dumps(called.body)[:200]} instead of {' or '.join(expected)}."
            )

    def _pass_on(self, state: str, params: Mapping[str, Any]) -> dict[str, Any]:
        changed = ProviderState(state=state, params=self._with_fresh_values(dict(params)))
        return change_state(self._http, self._states_url, changed)

    def _with_fresh_values(self, params: dict[str, Any]) -> dict[str, Any]:
        if self._driver is None or self._instance is None:
            return params
        example = self._driver.slice.payload.example
        fresh = {example[name]: self._instance.payload[name] for name in self._driver.slice.payload.fresh}
        return {name: fresh.get(value, value) if isinstance(value, str) else value for name, value in params.items()}

    def _current(self) -> tuple[Driver, Instance]:
        if self._driver is None or self._instance is None:
            raise SagapactError("A state about arrived calls needs the state 'a fresh step key for …' before it.")
        return self._driver, self._instance
