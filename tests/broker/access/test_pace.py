"""How often a token may ask: a token's own number, or the broker's."""

from collections.abc import Callable
from typing import Any

import httpx
from hypothesis import given
from hypothesis import strategies as st

from saga_broker.access.pace import Pace

WithRights = Callable[..., httpx.Client]


def test_a_token_that_asks_too_often_is_told_when_to_come_again(with_rights: WithRights) -> None:
    client, other = with_rights("read", name="ci", requests_a_minute=3), with_rights("read")
    replies = [client.get("/") for _ in range(4)]
    assert [reply.status_code for reply in replies] == [200, 200, 200, 429]
    assert 1 <= int(replies[-1].headers["Retry-After"]) <= 20
    assert "may ask 3 times a minute" in replies[-1].json()["error"]
    assert other.get("/").status_code == 200


def test_the_brokers_number_is_for_tokens_without_one(serve: Any, make_token: Callable[..., str]) -> None:
    broker = serve(tokens=True, requests_a_minute=2)
    statuses = {}
    for name, own in (("plain", None), ("own", 4)):
        sent = {"Authorization": f"Bearer {make_token('read', name=name, requests_a_minute=own)}"}
        statuses[name] = [broker.http.get("/", headers=sent).status_code for _ in range(4)]
    assert statuses == {"plain": [200, 200, 429, 429], "own": [200] * 4}


@given(pace=st.integers(1, 50), gaps=st.lists(st.floats(0, 20), max_size=200))
def test_no_minute_holds_more_than_twice_the_number_and_who_waits_as_told_is_let_in(pace: int, gaps: list[float]) -> None:
    buckets, at_s, let_in = Pace(), 0.0, []
    for gap in gaps:
        at_s += gap
        wait_s = buckets.wait_s(1, pace, at_s)
        if wait_s == 0:
            let_in.append(at_s)
            assert sum(moment > at_s - 60 for moment in let_in) <= 2 * pace
    wait_s = buckets.wait_s(1, pace, at_s)
    assert wait_s == 0 or buckets.wait_s(1, pace, at_s + wait_s) == 0


def test_without_a_pause_a_minute_holds_the_number() -> None:
    buckets = Pace()
    assert sum(buckets.wait_s(1, 60, second / 10) == 0 for second in range(600)) == 60 + 59
