"""What a saga asks of its owner: hear of a trouble at least once, and take it as told once."""

import random
from typing import Any

import pytest

from postgres import on_both_databases

pytestmark = on_both_databases


SYMBOLS = [chr(code) for code in range(0x1F300, 0x1F600)]  # four bytes each


@pytest.fixture(scope="module")
def owner(start: Any) -> Any:
    return start("vas_owner")


def event(saga_id: str, **other: str) -> dict[str, str]:
    return {"saga_id": saga_id, "saga": "vas_purchase", "step": "apply_vas", "event": "compensation_failed", **other}


def told(owner: Any, saga_id: str) -> Any:
    status, reply = owner.call("GET", f"/saga-events?saga_id={saga_id}")
    assert status == 200
    return reply["events"]


def test_an_event_is_taken_and_listed(owner: Any, fresh: Any) -> None:
    saga_id = fresh("saga")
    assert told(owner, saga_id) == []
    assert owner.call("POST", "/saga-events", body=event(saga_id)) == (204, None)
    assert told(owner, saga_id) == [event(saga_id)]


def test_an_event_that_is_told_again_is_kept_once(owner: Any, fresh: Any, together: Any) -> None:
    saga_id = fresh("saga")
    replies = together(*[lambda: owner.call("POST", "/saga-events", body=event(saga_id))] * 16)
    assert replies == [(204, None)] * 16
    assert told(owner, saga_id) == [event(saga_id)]


def test_events_are_listed_in_the_order_in_which_they_came(owner: Any, fresh: Any) -> None:
    saga_id = fresh("saga")
    events = [event(saga_id, step=step) for step in ("notify", "apply_vas", "create_packages")]
    for one in events:
        owner.call("POST", "/saga-events", body=one)
    assert told(owner, saga_id) == events


def test_an_event_survives_kill_9(owner: Any, fresh: Any) -> None:
    saga_id = fresh("saga")
    owner.call("POST", "/saga-events", body=event(saga_id))
    owner.restart()
    assert told(owner, saga_id) == [event(saga_id)]


def test_what_was_told_can_be_forgotten_for_a_test(owner: Any, fresh: Any) -> None:
    saga_id = fresh("saga")
    owner.call("POST", "/saga-events", body=event(saga_id))
    owner.state("nothing was told about a saga", saga_id=saga_id)
    assert told(owner, saga_id) == []


def test_the_longest_event_is_taken_once(owner: Any) -> None:
    chance = random.Random(7)
    longest = {name: "".join(chance.choices(SYMBOLS, k=200)) for name in ("saga_id", "saga", "step", "event")}
    assert [owner.call("POST", "/saga-events", body=longest) for _ in range(2)] == [(204, None)] * 2
    assert told(owner, longest["saga_id"]) == [longest]
