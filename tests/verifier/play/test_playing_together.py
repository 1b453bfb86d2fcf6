"""Histories that are apart are played at the same time; the verdicts are those of playing them one by one."""

import datetime as dt
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import HTTPServer, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings

import random_sagas
from repetitions import times
from saga_contracts.declare.saga import Saga, Step
from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive import decks
from saga_contracts.derive.slices import StepSlice, step_slice
from saga_contracts.rim.sender import bounded_client
from saga_contracts.sagafile import load_saga, parse_saga
from saga_contracts.stand_in.server import STATES, Serving
from saga_verifier.play import deck
from saga_verifier.play.callbacks import Callback, CallbackReceiver
from saga_verifier.play.driver import Driver
from saga_verifier.play.looking import is_apart
from saga_verifier.verdicts import DeckResult
from small_participant import SAGA, Handler, Stock, running
from stand_ins import all_right, cannot_be_told_apart, with_second_sagas

TODAY = dt.date(2026, 1, 1)
AT_ONCE = 8
VAS = Path(__file__).parents[3] / "contracts/sagas/vas_purchase/saga.yaml"
TAKE = step_slice(parse_saga(SAGA, "small.yaml"), "take")
WRONG = (
    *("404 on null", "forgets the null", "applies twice", "charges again", "re-validates", "new ticket", "ignores misuse"),
    *(
        "skips the undoing",
        "gives back twice",
        "applies after compensation",
        "refuses to compensate",
        "status lies",
        "status writes",
    ),
    *("refused key applies later", "drops the correlation", "breaks off a reading"),
)


@pytest.fixture(autouse=True)
def waiting_shortly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deck, "SHORTEST_WAIT_S", 0.2)


def played(url: str, slice_: StepSlice, at_once: int, states: str = "/_states", faults: int = 1) -> DeckResult:
    told: list[str] = []
    with CallbackReceiver() as callbacks, bounded_client() as http:
        driver = Driver(slice_, url, url + states, callbacks, http)
        result = deck.play_deck(driver, decks.derive(slice_, faults), TODAY, lambda one: told.append(one.name), at_once)
        names = [one.name for one in result.deck.histories]
        assert told == [one.name for one in result.histories] == names
        return with_second_sagas(driver, result)


def seen(result: DeckResult) -> dict[str, tuple[Any, ...]]:
    """Give what counts of each history."""
    return {
        one.name: (one.verdict, [broken.obligation for broken in one.broken], one.seen, one.unseen, bool(one.trouble))
        for one in result.histories
    }


@pytest.mark.parametrize("wrong", ["", *WRONG])
def test_the_verdicts_are_those_of_one_history_after_the_other(wrong: str) -> None:
    assert is_apart(TAKE)
    with running(wrong) as url:
        one_by_one = played(url, TAKE, 1)
    with running(wrong) as url:
        together = played(url, TAKE, AT_ONCE)
    assert seen(together) == seen(one_by_one)
    assert (together.verdict, together.obligations) == (one_by_one.verdict, one_by_one.obligations)


@given(saga=random_sagas.sagas(most_steps=1))
@settings(
    max_examples=times(8),
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)
def test_a_right_participant_of_any_saga_is_kept_however_many_histories_are_played_at_once(saga: Saga) -> None:
    for step in saga.steps:
        rules, slice_ = all_right(saga, step.participant), step_slice(saga, step.step)
        if not cannot_be_told_apart(one.slice for one in rules):
            with Serving(rules) as one, Serving(rules) as other:
                assert seen(played(one.base_url, slice_, AT_ONCE, STATES)) == seen(played(other.base_url, slice_, 1, STATES))


@contextmanager
def served(server_class: type[HTTPServer], handler: type[Handler]) -> Iterator[str]:
    server = server_class(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _ForgettingOthers(Stock):
    """Keeps the rows of one item only: right as long as no other saga comes in between."""

    def take(self, key: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.rows = {name: row for name, row in self.rows.items() if name == key}
        return super().take(key, body)

    def back(self, key: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.rows = {name: row for name, row in self.rows.items() if name == key}
        return super().back(key, body)


@pytest.mark.parametrize(
    ("server", "protocol", "stock"),
    [
        (HTTPServer, "HTTP/1.0", Stock),
        (HTTPServer, "HTTP/1.1", Stock),
        (ThreadingHTTPServer, "HTTP/1.1", _ForgettingOthers),
    ],
    ids=["one call at a time", "one connection at a time", "one row"],
)
def test_a_participant_that_cannot_take_several_calls_at_once_is_not_accused(
    server: type[HTTPServer], protocol: str, stock: type[Stock]
) -> None:
    hurried = TAKE.model_copy(update={"step": TAKE.step.model_copy(update={"timeout_ms": 1500, "tries": 1})})
    with served(server, type("Bound", (Handler,), {"stock": stock(), "protocol_version": protocol})) as url:
        result = played(url, hurried, AT_ONCE)
    alone = {one.name for one in result.deck.histories}  # that a second saga harms the first is another matter
    assert {one.verdict for one in result.histories if one.name in alone} == {Verdict.KEPT}


class _Meeting(CallbackReceiver):
    """Lets nobody wait for a callback before three do so at the same time."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting, self.most = 0, 0
        self._met = threading.Condition()

    def wait(self, key: str, timeout_s: float, after: int = 0) -> Callback | None:
        with self._met:
            self.waiting += 1
            self.most = max(self.most, self.waiting)
            self._met.notify_all()
            self._met.wait_for(lambda: self.most >= 3, 30)
        try:
            return super().wait(key, timeout_s, after)
        finally:
            with self._met:
                self.waiting -= 1


def test_callbacks_of_many_keys_are_awaited_at_once() -> None:
    saga = load_saga(VAS)
    slice_ = step_slice(saga, "create_packages")
    with Serving(all_right(saga, slice_.step.participant)) as serving, _Meeting() as callbacks, bounded_client() as http:
        driver = Driver(slice_, serving.base_url, serving.base_url + STATES, callbacks, http)
        result = with_second_sagas(driver, deck.play_deck(driver, decks.derive(slice_, 1), TODAY, at_once=AT_ONCE))
    assert result.verdict == Verdict.KEPT
    assert callbacks.most >= 3


ENOUGH = 'enough: [{state: stock, params: {item: "{payload.item}", left: 3}}]'


@pytest.mark.parametrize(
    ("written", "instead", "apart"),
    [
        ("", "", True),
        (ENOUGH, "enough: [{state: stock, params: {left: 3}}]", False),
        ('path: "/items/{payload.item}"', "path: /total", False),
        ('method: GET, path: /status, headers: {Key: "{key}"}', "method: GET, path: /status", False),
    ],
    ids=["all its own", "a shared precondition", "a shared reading", "a shared status"],
)
def test_only_steps_whose_keys_and_data_are_apart_are_played_together(written: str, instead: str, apart: bool) -> None:  # noqa: FBT001
    assert written in SAGA
    document = yaml.safe_load(SAGA.replace(written, instead) if written else SAGA)
    assert is_apart(TAKE.model_copy(update={"step": Step.model_validate(document["steps"][0])})) is apart
