"""The receiver of callbacks keeps what came under its key and waits no longer than asked."""

import threading

import httpx
import pytest

from patience import PATIENCE_S
from saga_contracts.rim.server import Answer, NoAnswer
from saga_verifier.play.callbacks import MOST_OF_A_KEY, CallbackReceiver, Treatment


def test_a_callback_is_given_to_who_waits_for_its_key() -> None:
    with CallbackReceiver() as callbacks:
        reply = httpx.post(callbacks.url_for("saga-1:pay"), json={"outcome": "done"}, headers={"Saga-Id": "saga-1"})

        callback = callbacks.wait("saga-1:pay", PATIENCE_S)

    assert reply.status_code == 204
    assert callback is not None
    assert callback.body == {"outcome": "done"}
    assert callback.headers["saga-id"] == "saga-1"


def test_a_callback_that_comes_while_somebody_waits_is_given_at_once() -> None:
    with CallbackReceiver() as callbacks:
        sender = threading.Thread(target=httpx.post, args=(callbacks.url_for("late"),), kwargs={"json": {"n": 1}})
        sender.start()

        callback = callbacks.wait("late", 3600)

        sender.join()
    assert callback is not None


def test_no_callback_for_another_key_is_taken_for_ours() -> None:
    with CallbackReceiver() as callbacks:
        httpx.post(callbacks.url_for("other"), json={})

        assert callbacks.wait("ours", 0.05) is None


def test_a_body_that_is_no_json_is_kept_as_none() -> None:
    with CallbackReceiver() as callbacks:
        httpx.post(callbacks.url_for("key"), content=b"<xml/>")

        callback = callbacks.wait("key", PATIENCE_S)

    assert callback is not None
    assert callback.body is None


def test_a_key_may_be_treated_otherwise_and_what_is_not_taken_is_kept_too() -> None:
    def at_first(number: int) -> Treatment | None:
        return Treatment(Answer(503)) if number == 1 else None

    with CallbackReceiver() as callbacks:
        url = callbacks.url_for("saga-1:pay")
        callbacks.treat("saga-1:pay", at_first)

        statuses = [httpx.post(url, json={"n": 1}).status_code for _ in range(3)]

        assert statuses == [503, 204, 204]
        assert [one.taken for one in callbacks.of("saga-1:pay")] == [False, True, True]
        assert callbacks.count("saga-1:pay") == 3


def test_who_is_kept_waiting_is_heard_at_once() -> None:
    with CallbackReceiver() as callbacks:
        url = callbacks.url_for("slow")
        callbacks.treat("slow", lambda _: Treatment(NoAnswer.CLOSE, 3600))
        sender = threading.Thread(target=pytest.raises, args=(httpx.HTTPError, httpx.post, url), kwargs={"timeout": 3600})
        sender.start()

        assert callbacks.wait("slow", PATIENCE_S) is not None
        assert sender.is_alive()
    sender.join(PATIENCE_S)
    assert not sender.is_alive()


def test_the_first_one_that_is_taken_is_kept_after_however_many_that_were_not() -> None:
    def late(number: int) -> Treatment | None:
        return Treatment(Answer(500)) if number <= MOST_OF_A_KEY + 5 else None

    with CallbackReceiver() as callbacks, httpx.Client() as http:
        url = callbacks.url_for("much")
        callbacks.treat("much", late)
        for _ in range(MOST_OF_A_KEY + 8):
            http.post(url)

        assert len(callbacks.of("much")) == MOST_OF_A_KEY + 1
        assert callbacks.of("much")[-1].taken
        assert callbacks.count("much") == MOST_OF_A_KEY + 8


def test_while_it_is_away_connections_are_refused_and_afterwards_it_is_at_the_same_address() -> None:
    with CallbackReceiver() as callbacks:
        url = callbacks.url_for("key")
        with callbacks.away() as come_back:
            with pytest.raises(httpx.ConnectError):
                httpx.post(url)
            come_back()
            assert httpx.post(url).status_code == 204
        assert httpx.post(url).status_code == 204
        with callbacks.away(), pytest.raises(httpx.ConnectError):
            httpx.post(url)
        assert httpx.post(url).status_code == 204

        assert callbacks.count("key") == 3
