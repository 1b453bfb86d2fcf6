"""The one outbox of all participants: told at least once, and one address where nobody is does not delay the others."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from participants.common.places import AT_ONCE, FORGOTTEN_AFTER_S, KEPT_FREE, LONGEST_REST_S, Places
from postgres import on_both_databases

DEAD = 40
TELL_IN_VAIN_S = 2.0
"""How long a try takes where somebody listens and never answers."""


@contextmanager
def hanging() -> Iterator[str]:
    """Give an address where connections are taken and nothing is ever answered."""
    with closing(socket.create_server(("127.0.0.1", 0), backlog=200)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def nobody() -> str:
    """Give an address where nobody listens."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}"


def ship(delivery: Any, key: str, url: str) -> None:
    body = {"order_id": key, "sku": "sku", "pieces": 1, "callback_url": f"{url}/callbacks/{key}"}
    assert delivery.call("PUT", f"/parcels/{key}", body=body)[0] == 202


@pytest.mark.parametrize("dead", [hanging, contextmanager(lambda: iter([nobody()]))], ids=["hangs", "is closed"])
@on_both_databases
def test_callbacks_to_an_address_where_nobody_answers_do_not_delay_the_others(
    start: Any, receiver: Any, dead: Callable[[], Any]
) -> None:
    delivery = start("delivery")
    with dead() as address:
        for number in range(DEAD):
            ship(delivery, f"dead-{number}", address)
        ship(delivery, "alive", receiver.url)

        path, headers, body = receiver.next(TELL_IN_VAIN_S * DEAD / AT_ONCE)  # so long all those before it would take at least

    assert path == "/callbacks/alive"
    assert (headers["Saga-Id"], headers["Saga-Step"]) == ("saga-1", "step-1")
    told = json.loads(body)
    assert (told["key"], told["outcome"]) == ("alive", "done")
    assert told["tracking"].startswith("track-")


@on_both_databases
def test_what_was_handed_over_before_kill_9_is_told_afterwards_with_the_same_tracking_number(start: Any, receiver: Any) -> None:
    delivery = start("delivery")
    receiver.answers[:] = [503] * 100
    ship(delivery, "key", receiver.url)
    before = json.loads(receiver.next()[2])

    delivery.kill()
    receiver.answers.clear()
    delivery.start()

    assert json.loads(receiver.next()[2]) == before
    assert delivery.call("GET", "/parcels/key") == (200, {"state": "handed_over"})


TOLD = st.lists(st.tuples(st.sampled_from("abcd"), st.booleans()), max_size=60)


@given(TOLD)
def test_no_place_that_was_silent_takes_a_teller_that_is_kept_for_others(told: list[tuple[str, bool]]) -> None:
    places, under_way, now_s, silent = Places(), list[tuple[str, bool]](), 0.0, set[str]()
    for place, reached in told:
        if place not in places.not_now(now_s) and not places.is_full:
            assert not (place in silent and len(under_way) >= AT_ONCE - KEPT_FREE)
            places.begin(place)
            under_way.append((place, reached))
            assert sum(one == place for one, _ in under_way) <= (1 if place in silent else AT_ONCE - KEPT_FREE)
        else:
            now_s += LONGEST_REST_S
            if under_way:
                ended, was_reached = under_way.pop(0)
                places.end(ended, now_s, reached=was_reached)
                silent.discard(ended) if was_reached else silent.add(ended)
    assert len(under_way) <= AT_ONCE


def test_a_place_is_asked_again_after_its_rest_and_forgotten_after_a_while() -> None:
    places = Places()
    places.begin("there")
    places.end("there", 10.0, reached=False)
    assert places.not_now(10.1) == ["there"]
    assert places.not_now(10.0 + LONGEST_REST_S) == []
    places.not_now(11.0 + LONGEST_REST_S + FORGOTTEN_AFTER_S)
    assert places == Places()
