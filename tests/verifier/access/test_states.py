"""States are set up and taken back as Pact's verifiers do it; who does not take them back is not accused of it."""

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from saga_contracts.declare.saga import ProviderState
from saga_contracts.derive import decks
from saga_contracts.derive.slices import step_slice
from saga_contracts.errors import SagapactError
from saga_contracts.rim.server import Answer, LoopbackServer, Received, as_json
from saga_contracts.sagafile import parse_saga
from saga_verifier.access import StateChanges
from saga_verifier.play.callbacks import CallbackReceiver
from saga_verifier.play.deck import play_deck
from saga_verifier.play.driver import Driver
from small_participant import SAGA, running
from stand_ins import with_second_sagas

PET, OWNER = ProviderState(state="a pet", params={"id": 1}), ProviderState(state="an owner")


class Handler:
    """A participant's handler of states; it refuses to take them back when it is told to."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, object]] = []
        self.refuses = False

    def __call__(self, received: Received) -> Answer:
        body = json.loads(received.body)
        self.bodies.append(body)
        refused = self.refuses and body["action"] == "teardown"
        return as_json(400 if refused else 200, {"error": "what?"} if refused else {"id": 7})

    @property
    def said(self) -> list[str]:
        return [f"{body['action']} {body['state']}" for body in self.bodies]


@contextmanager
def changes(*, teardown: bool | None = None) -> Iterator[tuple[StateChanges, Handler]]:
    handler = Handler()
    with LoopbackServer(handler) as server, httpx.Client(trust_env=False) as http:
        yield StateChanges(http, f"{server.base_url}/_states", "web", teardown=teardown), handler


def test_a_state_change_names_the_consumer_and_the_state_as_pacts_verifiers_do() -> None:
    with changes() as (states, handler):
        assert states.set_up(PET) == {"id": 7}
        states.take_back()

    same = {"consumer": "web", "state": "a pet", "states": ["a pet"], "params": {"id": 1}}
    assert handler.bodies == [{**same, "action": "setup"}, {**same, "action": "teardown"}]


def test_states_are_taken_back_from_their_owner_the_newest_first_and_once() -> None:
    with changes() as (states, handler):
        states.set_up(PET, "one")
        states.set_up(OWNER, "one")
        states.set_up(PET, "other")
        states.take_back("one")
        states.take_back("one")
        states.take_back("other", name="an owner")
        states.take_back("other", name="a pet")

    assert handler.said[3:] == ["teardown an owner", "teardown a pet", "teardown a pet"]


def test_a_participant_that_takes_nothing_back_gets_a_note_once_and_no_blame() -> None:
    with changes() as (states, handler):
        handler.refuses = True
        for _ in range(2):
            states.set_up(PET)
            states.take_back()

    (note,) = states.notes
    assert "Cannot take back the state 'a pet'" in note
    assert 'answered 400 \'{"error": "what?"}\'' in note
    assert "or write `states: {path: …, teardown: false}`" in note


def test_where_the_provider_file_insists_a_refusal_is_an_error() -> None:
    with changes(teardown=True) as (states, handler):
        handler.refuses = True
        states.set_up(PET)
        with pytest.raises(SagapactError, match="Cannot take back the state 'a pet'"):
            states.take_back()


def test_where_the_provider_file_says_no_nothing_is_taken_back() -> None:
    with changes(teardown=False) as (states, handler):
        states.set_up(PET)
        states.take_back()

    assert handler.said == ["setup a pet"]


@pytest.mark.parametrize("insists", [None, True])
def test_a_deck_takes_back_whatever_it_set_up_and_is_judged_all_the_same(insists: bool | None) -> None:  # noqa: FBT001
    """The states of the deck go to the participant; only what is taken back is heard here."""
    slice_ = step_slice(parse_saga(SAGA, "small.yaml"), "take")
    handler = Handler()
    handler.refuses = True

    with running() as url, CallbackReceiver() as callbacks, httpx.Client(trust_env=False) as http:

        def pass_on(received: Received) -> Answer:
            answer = handler(received)
            return (
                answer if answer.status != 200 else as_json(httpx.post(url + "/_states", content=received.body).status_code, {})
            )

        with LoopbackServer(pass_on) as server:
            states = StateChanges(http, server.base_url, "shop", teardown=insists)
            driver = Driver(slice_, url, None, callbacks, http, states=states)
            result = with_second_sagas(driver, play_deck(driver, decks.derive(slice_, 1), dt.date(2026, 1, 1)))

    assert result.verdict == "kept"
    said = Counter(body["action"] for body in handler.bodies)
    assert said["setup"] == said["teardown"] > len(result.histories)
    assert bool(states.troubles) == bool(insists)
    assert bool(states.notes) != bool(insists)
