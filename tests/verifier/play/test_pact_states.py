"""Provider states of saga contracts are reached by real calls of the participant."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
import yaml

from saga_contracts.derive.slices import step_slice
from saga_contracts.errors import SagapactError
from saga_contracts.sagafile import parse_saga
from saga_contracts.stand_in.right import Right
from saga_contracts.stand_in.server import STATES, Serving
from saga_verifier.play.callbacks import CallbackReceiver
from saga_verifier.play.driver import Driver
from saga_verifier.play.pact_states import PactStates
from small_participant import SAGA, running

FRESH = "a fresh step key for small/take"


@contextmanager
def states(wrong: str = "") -> Iterator[tuple[PactStates, str]]:
    slice_ = step_slice(parse_saga(SAGA, "small.yaml"), "take")
    with running(wrong) as url, CallbackReceiver() as callbacks, httpx.Client(trust_env=False) as http:
        driver = Driver(slice_, url, url + "/_states", callbacks, http)
        yield PactStates({"small/take": driver}, driver.states), url


def status(url: str, key: str) -> httpx.Response:
    return httpx.get(url + "/status", headers={"Key": key})


def test_a_fresh_step_key_gives_new_values_each_time() -> None:
    with states() as (handler, _):
        first, second = (handler.handle(FRESH, {}, "setup") for _ in range(2))

    assert set(first) == {"stepKey", "sagaId", "callbackUrl", "item", "stepKeyInPath", "sagaIdInPath", "itemInPath"}
    assert all(first[name] != second[name] for name in first)


def test_arrived_calls_are_made_with_the_fresh_key_and_the_fresh_payload() -> None:
    with states() as (handler, url):
        values = handler.handle(FRESH, {}, "setup")
        handler.handle("stock", {"item": "item-1", "left": 3}, "setup")
        handler.handle("small/take arrived: F C", {"word": "F C"}, "setup")

        assert status(url, values["stepKey"]).json() == {"state": "back"}
        assert httpx.get(f"{url}/items/{values['item']}").json() == {"left": 3}


def test_a_call_with_another_payload_leaves_the_key_used() -> None:
    with states() as (handler, url):
        values = handler.handle(FRESH, {}, "setup")
        handler.handle("stock", {"item": "item-1", "left": 3}, "setup")
        handler.handle("small/take arrived: M", {"word": "M"}, "setup")

        body = {"item": values["item"], "amount": 3}
        assert httpx.post(url + "/take", json=body, headers={"Key": values["stepKey"]}).json() == {"error": "misused"}


def test_a_state_that_cannot_be_reached_says_which_call_failed() -> None:
    with states("404 on null") as (handler, _):
        handler.handle(FRESH, {}, "setup")

        with pytest.raises(SagapactError, match=r"the call C of take was answered 404 .* instead of done"):
            handler.handle("small/take arrived: C", {"word": "C"}, "setup")


def test_arrived_calls_without_a_fresh_key_are_an_error() -> None:
    with states() as (handler, _), pytest.raises(SagapactError, match="answered 404"):
        handler.handle("small/take arrived: F", {"word": "F"}, "setup")


def test_a_word_with_unknown_letters_is_an_error() -> None:
    with states() as (handler, _):
        handler.handle(FRESH, {}, "setup")

        with pytest.raises(SagapactError, match="the letters are"):
            handler.handle("small/take arrived: Q", {"word": "Q"}, "setup")


def test_a_precondition_of_trying_again_is_taken_back_before_the_next_case() -> None:
    declared = yaml.safe_load(SAGA)
    declared["steps"][0]["given"]["retryable"] = [{"state": "closed"}]
    slice_ = step_slice(parse_saga(json.dumps(declared), "small.json"), "take")
    with Serving([Right(slice_)]) as stub, CallbackReceiver() as callbacks, httpx.Client(trust_env=False) as http:
        driver = Driver(slice_, stub.base_url, stub.base_url + STATES, callbacks, http)
        handler = PactStates({"small/take": driver}, driver.states)
        values = handler.handle(FRESH, {}, "setup")
        handler.handle("closed", {}, "setup")

        def take() -> int:
            body = {"item": values["item"], "amount": 1}
            headers = {"Key": values["stepKey"], "Saga-Id": values["sagaId"], "Saga-Step": "take"}
            return http.post(stub.base_url + "/take", json=body, headers=headers).status_code

        assert take() == 503
        handler.handle(FRESH, {}, "setup")
        assert take() == 201


def test_taking_back_what_was_never_set_up_does_nothing() -> None:
    with states() as (handler, _):
        assert handler.handle("whatever", {}, "teardown") == {}
