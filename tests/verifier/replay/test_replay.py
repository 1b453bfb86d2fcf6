"""Replaying pacts that pact-python wrote against a provider over HTTP."""

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import psutil
import pytest
from pact import Pact, generate, match

from patience import PATIENCE_S
from saga_contracts.errors import SagapactError
from saga_verifier.replay import Cause, InteractionResult, ReplayError, ReplayResult, replay

Written = Callable[..., bytes]


def hold(pact: Pact) -> None:
    interaction = (
        pact.upon_receiving("shop/reserve/forward/done").given("an account", balance=5).set_key("shop/reserve/forward/done")
    )
    interaction.with_request("GET", "/holds/1").will_respond_with(200)
    interaction.with_header("Saga-Id", "s1").with_body({"state": "held", "lines": [{"n": match.integer(1)}]}, "application/json")


def ping(pact: Pact) -> None:
    pact.upon_receiving("a ping").with_request("GET", "/ping").will_respond_with(204)


def message(pact: Pact) -> None:
    interaction = pact.upon_receiving("a callback", "Async").given("an order", id="o1").set_key("callback")
    interaction.with_body({"key": match.like("k"), "outcome": "done"}, "application/json")
    interaction.with_metadata({"Saga-Id": match.regex("s1", regex=".+"), "topic": "callbacks"})


def fresh(pact: Pact) -> None:
    key = match.like("k-example", generator=generate.provider_state("${stepKey}"))
    interaction = pact.upon_receiving("a fresh call").given("a fresh step key").set_key("fresh")
    interaction.with_request("POST", match.like("/holds/k-example", generator=generate.provider_state("/holds/${stepKey}")))
    interaction.with_header("Idempotency-Key", key).with_query_parameter("of", key)
    amount = match.like(1, generator=generate.provider_state("${amount}"))
    interaction.with_body({"key": key, "amount": amount, "text": "as it is"}, "application/json")
    interaction.will_respond_with(201)


def replaying() -> list[psutil.Process]:
    """The processes that replay; other tests of this session may have processes of their own."""
    return [one for one in psutil.Process().children() if "saga_verifier.replay.child" in one.cmdline()]


def kill_the_child() -> None:
    replaying()[-1].kill()


def only(result: ReplayResult) -> InteractionResult:
    assert len(result.interactions) == 1
    return result.interactions[0]


def run(pact: bytes | dict[str, Any], provider: Any, server: Any, timeout_s: float = 60, **more: Any) -> ReplayResult:
    return replay(pact, "billing", provider.url, server.url, server.message_url, timeout_s, **more)


def test_what_the_provider_keeps_is_kept(written: Written, provider: Any, server: Any, states: Any) -> None:
    provider.reply("/holds/1", 200, {"state": "held", "lines": [{"n": 7}], "more": 1}, Saga_Id="s1")
    provider.reply("/ping", 204)
    states.sent = ({"key": "other", "outcome": "done"}, {"Saga-Id": "s9", "topic": "callbacks"})
    result = run(written(hold, ping, message), provider, server)
    assert result.kept
    assert (result.consumer, result.provider, result.broken) == ("orders", "billing", ())
    assert {(one.key, one.description) for one in result.interactions} == {
        ("shop/reserve/forward/done", "shop/reserve/forward/done"),
        (None, "a ping"),
        ("callback", "a callback"),
    }
    assert all(one.cause is None and one.mismatches == () and one.duration_ms > 0 for one in result.interactions)
    assert result.duration_ms >= sum(one.duration_ms for one in result.interactions)


def test_what_is_broken_is_told_in_lines(written: Written, provider: Any, server: Any) -> None:
    provider.reply("/holds/1", 201, {"state": "gone", "lines": [{"n": "x"}]}, Saga_Id="s2")
    broken = only(run(written(hold), provider, server))
    assert not broken.kept
    assert broken.cause is Cause.MISMATCH
    assert broken.mismatches == (
        "status: expected 200, got 201",
        "header Saga-Id: expected s1, got s2",
        "body $.lines[0].n: expected 1, got \"x\" (Expected 'x' (String) to be an integer)",
        'body $.state: expected "held", got "gone"',
    )


def test_what_is_missing_is_told_in_lines(written: Written, provider: Any, server: Any) -> None:
    provider.reply("/holds/1", 200)
    lines = only(run(written(hold), provider, server)).mismatches
    assert lines[:2] == (
        "header Content-Type: expected application/json, got nothing",
        "header Saga-Id: expected s1, got nothing",
    )
    assert lines[2].startswith('body /: expected {"lines":[{"n":1}],"state":"held"}, got nothing')


def test_one_broken_interaction_does_not_hide_the_others(written: Written, provider: Any, server: Any) -> None:
    provider.reply("/ping", 204)
    result = run(written(hold, ping), provider, server)
    assert not result.kept
    assert [one.description for one in result.broken] == ["shop/reserve/forward/done"]


def test_states_are_set_up_and_torn_down_with_their_parameters(written: Written, provider: Any, server: Any, states: Any) -> None:
    run(written(hold, ping), provider, server)
    assert states.changes == [("an account", {"balance": 5}, "setup"), ("an account", {"balance": 5}, "teardown")]


def test_values_of_states_stand_in_path_query_header_and_body(written: Written, provider: Any, server: Any, states: Any) -> None:
    states.values = {"stepKey": "saga-9:reserve", "amount": 42}
    provider.reply("/holds/saga-9:reserve", 201)
    result = only(run(written(fresh), provider, server))
    assert result.kept
    assert result.values_not_given == ()
    request = provider.seen[0]
    assert request.path == "/holds/saga-9:reserve?of=saga-9%3Areserve"
    assert request.headers["idempotency-key"] == "saga-9:reserve"
    assert request.body == {"key": "saga-9:reserve", "amount": 42, "text": "as it is"}


def test_a_value_that_no_state_gives_is_named(written: Written, provider: Any, server: Any, states: Any) -> None:
    states.values = {"amount": 42}
    provider.reply("/holds/k-example", 201)
    result = only(run(written(fresh), provider, server))
    assert result.kept  # Pact itself falls back to the example
    assert result.values_not_given == ("stepKey",)


def test_a_state_that_cannot_be_set_up_breaks_its_interaction_with_the_reason(
    written: Written, provider: Any, server: Any, states: Any
) -> None:
    states.trouble = RuntimeError("no such account kind")
    broken = only(run(written(hold), provider, server))
    assert broken.cause is Cause.STATE
    assert broken.mismatches == (
        "the state 'an account' could not be set up: it was answered with status 422: no such account kind",
    )
    assert provider.seen == []


def test_a_state_address_that_answers_with_a_server_error_is_asked_once(written: Written, provider: Any) -> None:
    provider.reply("/states", 500, {"detail": "out of order"})
    result = replay(written(hold), "billing", provider.url, provider.url + "/states", None, 60)
    assert only(result).mismatches == (
        "the state 'an account' could not be set up: it was answered with status 500: out of order",
    )
    assert [seen.path for seen in provider.seen] == ["/states"]


def test_without_an_address_for_states_only_interactions_without_states_are_judged(written: Written, provider: Any) -> None:
    provider.reply("/ping", 204)
    result = replay(written(hold, ping), "billing", provider.url, None, None, 60)
    assert [(one.description, one.cause) for one in result.broken] == [("shop/reserve/forward/done", Cause.STATE)]


def test_a_message_is_judged_by_contents_and_metadata(written: Written, provider: Any, server: Any, states: Any) -> None:
    states.sent = ({"key": 5, "outcome": "refused"}, {"saga-id": "s1", "topic": "callbacks"})
    broken = only(run(written(message), provider, server))
    assert broken.cause is Cause.MISMATCH
    assert broken.mismatches == (
        "metadata Saga-Id: expected s1, got nothing",  # names of metadata are told apart by their letters' case
        "body $.key: expected \"k\", got 5 (Expected 5 (Integer) to be the same type as 'k' (String))",
        'body $.outcome: expected "done", got "refused"',
    )


def test_a_message_that_cannot_be_had_is_broken_even_if_nothing_is_demanded_of_it(
    written: Written, provider: Any, server: Any, states: Any
) -> None:
    states.message_trouble = RuntimeError("no callback came")
    empty = written(lambda pact: pact.upon_receiving("anything", "Async").given("an order"))
    broken = only(run(empty, provider, server))
    assert broken.cause is Cause.MESSAGE
    assert broken.mismatches == ("the provider's message could not be had: it was answered with status 422: no callback came",)


def test_a_message_may_be_plain_text(written: Written, provider: Any, server: Any, states: Any) -> None:
    states.sent = ("hello", {"Content-Type": "text/plain"})
    text = written(lambda pact: pact.upon_receiving("a text", "Async").with_body("hello", "text/plain"))
    assert run(text, provider, server).kept


def test_a_provider_under_a_path_is_reached(written: Written, provider: Any) -> None:
    provider.reply("/deep/ping", 204)
    assert replay(written(ping), "billing", provider.url + "/deep", None, None, 60).kept


def test_a_provider_that_does_not_listen_gives_no_answer(written: Written, server: Any) -> None:
    broken = only(replay(written(ping), "billing", "http://127.0.0.1:9", server.url, None, 60))
    assert broken.cause is Cause.NO_ANSWER
    assert "did not answer (it closed the connection, or does not listen)" in broken.mismatches[0]


def test_a_provider_that_is_too_slow_gives_no_answer(written: Written, provider: Any, server: Any) -> None:
    provider.when_asked = lambda: time.sleep(2)
    broken = only(run(written(ping), provider, server, request_timeout_s=0.5))
    assert broken.cause is Cause.NO_ANSWER
    assert "did not answer within 0.5 s" in broken.mismatches[0]


def test_a_secret_header_is_not_shown(written: Written, provider: Any, server: Any) -> None:
    def cookie(pact: Pact) -> None:
        pact.upon_receiving("c").with_request("GET", "/c").will_respond_with(200).with_header("Set-Cookie", "a=canary-1")

    provider.reply("/c", 200, Set_Cookie="a=canary-2")
    assert only(run(written(cookie), provider, server)).mismatches == ("header Set-Cookie: the value does not match (not shown)",)


def test_secrets_and_proxies_of_the_surroundings_play_no_part(
    written: Written, provider: Any, server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    environments: list[dict[str, str]] = []
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("CANARY", "canary-of-the-surroundings")
    provider.when_asked = lambda: environments.append(replaying()[-1].environ())
    provider.reply("/ping", 204)
    assert run(written(ping), provider, server).kept
    assert "canary-of-the-surroundings" not in str(environments)
    assert environments[0]["PACT_DO_NOT_TRACK"] == "true"


def test_interactions_with_the_same_description_each_have_their_result(written: Written, provider: Any, server: Any) -> None:
    pact = json.loads(written(ping))
    second = json.loads(json.dumps(pact["interactions"][0])) | {"key": "second", "_id": "id-from-a-broker"}
    second["request"]["path"] = "/other"
    pact["interactions"].append(second)
    provider.reply("/ping", 204)
    result = run(pact, provider, server)
    assert [(one.key, one.interaction_id, one.kept) for one in result.interactions] == [
        (None, None, True),
        ("second", "id-from-a-broker", False),
    ]


def test_old_pacts_are_replayed(provider: Any, server: Any, states: Any) -> None:
    parties = {"consumer": {"name": "orders"}, "provider": {"name": "billing"}}
    call = {"description": "d", "providerState": "s", "request": {"method": "GET", "path": "/ping"}, "response": {"status": 204}}
    sent = {"description": "m", "providerStates": [{"name": "t"}], "contents": {"a": 1}, "metaData": {}}
    provider.reply("/ping", 204)
    states.sent = ({"a": 1}, {})
    assert run(parties | {"interactions": [call]}, provider, server).kept
    version = {"metadata": {"pactSpecification": {"version": "3.0.0"}}}
    assert run(parties | version | {"messages": [sent]}, provider, server).kept
    assert [name for name, _, action in states.changes if action == "setup"] == ["s", "t"]


@pytest.mark.parametrize(
    ("pact", "reason"),
    [
        (b"{", "The pact is not JSON"),
        (b"[]", "not a JSON object"),
        ({"consumer": {"name": "c"}}, "does not name its provider"),
        ({"consumer": {"name": "c"}, "provider": {"name": "other"}, "interactions": [{}]}, "is with other, not with billing"),
        ({"consumer": {"name": "c"}, "provider": {"name": "billing"}, "interactions": []}, "has no interaction"),
        ({"consumer": {"name": "c"}, "provider": {"name": "billing"}, "interactions": [5]}, "not a list of objects"),
    ],
)
def test_what_is_no_pact_of_this_provider_is_an_error(pact: Any, reason: str) -> None:
    with pytest.raises(ReplayError, match=reason):
        replay(pact, "billing", "http://127.0.0.1:9", None, None, 60)


def test_messages_without_an_address_for_them_are_an_error(written: Written, provider: Any, server: Any) -> None:
    with pytest.raises(ReplayError, match="holds messages, and there is no address"):
        replay(written(message), "billing", provider.url, server.url, None, 60)


def test_an_interaction_that_pact_leaves_out_is_an_error(written: Written, provider: Any, server: Any) -> None:
    pact = json.loads(written(ping))
    pact["interactions"].append({"type": "Telepathy", "description": "a thought", "key": "t"})
    with pytest.raises(ReplayError, match=r"gave no result for the interaction 't': .*incorrect type"):
        run(pact, provider, server)


def test_a_replay_that_takes_too_long_is_stopped_with_the_place_named(written: Written, provider: Any, server: Any) -> None:
    released = threading.Event()
    provider.when_asked = lambda: released.wait(PATIENCE_S)
    try:
        with pytest.raises(ReplayError, match="stopped in 'a ping', after 0 of 1 interactions: it took longer than 4 s"):
            run(written(ping), provider, server, timeout_s=4)  # a tenth of it is enough to come to the ping
    finally:
        released.set()
    assert replaying() == []


def test_a_crash_of_the_verifier_is_an_error(written: Written, provider: Any, server: Any) -> None:
    provider.reply("/ping", 204)
    provider.when_asked = kill_the_child
    with pytest.raises(ReplayError, match="ended with exit status -9 in 'a ping', after 0 of 1"):
        run(written(ping), provider, server)


def test_an_address_that_is_none_is_an_error_with_its_reason(written: Written, server: Any) -> None:
    with pytest.raises(ReplayError, match="ended with exit status 1"):
        replay(written(ping), "billing", "nowhere", server.url, None, 60)


def test_a_replay_ends_when_somebody_says_so_meanwhile(written: Written, provider: Any, server: Any) -> None:
    def ended() -> None:
        raise SagapactError("the provider has ended")

    released = threading.Event()
    provider.when_asked = lambda: released.wait(PATIENCE_S)
    provider.reply("/ping", 204)
    try:
        with pytest.raises(SagapactError, match="the provider has ended"):
            run(written(ping), provider, server, meanwhile=ended)
    finally:
        released.set()

    assert replaying() == []
