"""Replaying pacts that pact-python wrote against a provider over HTTP."""

import base64
import json
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from pact import Pact, generate, match

from patience import PATIENCE_S
from saga_contracts.declare.verdict import Verdict
from saga_contracts.errors import SagapactError
from saga_contracts.wire import exact
from saga_verifier.replay import (
    Cause,
    InteractionResult,
    ReplayError,
    ReplayResult,
    Serving,
    check_installed,
    read_pact,
    replay,
)

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


def run(pact: bytes | dict[str, Any], provider: Any, serving: Serving, timeout_s: float = 60, **more: Any) -> ReplayResult:
    document = json.loads(pact) if isinstance(pact, bytes) else pact
    return replay(read_pact(document, "billing"), "billing", getattr(provider, "url", provider), serving, timeout_s, **more)


def verdicts(result: ReplayResult) -> dict[str, Verdict]:
    return {one.name: one.verdict for one in result.interactions}


def kept(result: ReplayResult) -> bool:
    return set(verdicts(result).values()) == {Verdict.KEPT} and result.trouble == ""


def test_what_the_provider_keeps_is_kept(written: Written, provider: Any, serving: Serving, states: Any) -> None:
    provider.reply("/holds/1", 200, {"state": "held", "lines": [{"n": 7}], "more": 1}, Saga_Id="s1")
    provider.reply("/ping", 204)
    states.sent = ({"key": "other", "outcome": "done"}, {"Saga-Id": "s9", "topic": "callbacks"})
    result = run(written(hold, ping, message), provider, serving)
    assert kept(result)
    assert {(one.key, one.description) for one in result.interactions} == {
        ("shop/reserve/forward/done", "shop/reserve/forward/done"),
        (None, "a ping"),
        ("callback", "a callback"),
    }
    assert all(one.cause is None and one.lines == () and one.duration_ms > 0 for one in result.interactions)


def test_what_is_broken_is_told_in_lines(written: Written, provider: Any, serving: Serving) -> None:
    provider.reply("/holds/1", 201, {"state": "gone", "lines": [{"n": "x"}]}, Saga_Id="s2")
    broken = only(run(written(hold), provider, serving))
    assert broken.verdict == Verdict.BROKEN
    assert broken.cause is Cause.MISMATCH
    assert broken.lines == (
        "status: expected 200, got 201",
        "header Saga-Id: expected s1, got s2",
        "body $.lines[0].n: expected 1, got \"x\" (Expected 'x' (String) to be an integer)",
        'body $.state: expected "held", got "gone"',
    )


def test_what_is_missing_is_told_in_lines(written: Written, provider: Any, serving: Serving) -> None:
    provider.reply("/holds/1", 200)
    lines = only(run(written(hold), provider, serving)).lines
    assert lines[:2] == (
        "header Content-Type: expected application/json, got nothing",
        "header Saga-Id: expected s1, got nothing",
    )
    assert lines[2].startswith('body /: expected {"lines":[{"n":1}],"state":"held"}, got nothing')


def test_one_broken_interaction_does_not_hide_the_others(written: Written, provider: Any, serving: Serving) -> None:
    provider.reply("/ping", 204)
    result = run(written(hold, ping), provider, serving)
    assert verdicts(result) == {"shop/reserve/forward/done": Verdict.BROKEN, "a ping": Verdict.KEPT}


def test_states_are_set_up_and_torn_down_with_their_parameters(
    written: Written, provider: Any, serving: Serving, states: Any
) -> None:
    run(written(hold, ping), provider, serving)
    assert states.changes == [("an account", {"balance": 5}, "setup"), ("an account", {"balance": 5}, "teardown")]


def test_values_of_states_stand_in_path_query_header_and_body(
    written: Written, provider: Any, serving: Serving, states: Any
) -> None:
    states.values = {"stepKey": "saga-9:reserve", "amount": 42}
    provider.reply("/holds/saga-9:reserve", 201)
    assert kept(run(written(fresh), provider, serving))
    request = provider.seen[0]
    assert request.path == "/holds/saga-9:reserve?of=saga-9%3Areserve"
    assert request.headers["idempotency-key"] == "saga-9:reserve"
    assert request.body == {"key": "saga-9:reserve", "amount": 42, "text": "as it is"}


def test_a_request_of_which_no_state_gave_a_value_shows_nothing_though_the_example_was_taken(
    written: Written, provider: Any, serving: Serving, states: Any
) -> None:
    states.values = {"amount": 42}
    provider.reply("/holds/k-example", 201)
    result = only(run(written(fresh), provider, serving))
    assert (result.verdict, result.cause) == (Verdict.UNPROVEN, Cause.NO_VALUES)
    assert "no provider state gave stepKey" in result.lines[0]


def test_of_an_interaction_whose_state_cannot_be_set_up_nothing_is_found_out_with_the_reason(
    written: Written, provider: Any, serving: Serving, states: Any
) -> None:
    states.trouble = RuntimeError("no such account kind")
    broken = only(run(written(hold), provider, serving))
    assert (broken.verdict, broken.cause) == (Verdict.UNPROVEN, Cause.STATE)
    assert broken.lines == ("the state 'an account' could not be set up: no such account kind",)
    assert provider.seen == []


def test_so_it_is_when_the_state_takes_too_long(written: Written, provider: Any, states: Any, serving: Serving) -> None:
    over = threading.Event()
    states.when_asked = lambda: over.wait(30)
    try:
        broken = only(run(written(hold), provider, serving, request_timeout_s=0.5))
    finally:
        over.set()
    assert (broken.cause, broken.lines) == (Cause.STATE, ("the state 'an account' was not set up within 0.5 s",))


def test_without_an_address_for_states_pact_goes_on_and_the_states_are_told(written: Written, provider: Any, states: Any) -> None:
    provider.reply("/ping", 204)
    provider.reply("/holds/1", 200, {"state": "held", "lines": [{"n": 7}]}, Saga_Id="s1")
    result = run(written(hold, ping), provider, Serving(states.handle, has_states=False))
    assert verdicts(result) == {"shop/reserve/forward/done": Verdict.KEPT, "a ping": Verdict.KEPT}
    assert [one.states_not_set_up for one in result.interactions if one.key] == [("an account",)]
    assert states.changes == []


def test_without_an_address_for_states_those_of_the_harness_are_set_up(written: Written, provider: Any, states: Any) -> None:
    run(written(hold), provider, Serving(states.handle, has_states=False, is_ours=lambda state: state == "an account"))
    assert [action for _, _, action in states.changes] == ["setup", "teardown"]


def test_a_message_is_judged_by_contents_and_metadata(written: Written, provider: Any, serving: Serving, states: Any) -> None:
    states.sent = ({"key": 5, "outcome": "refused"}, {"saga-id": "s1", "topic": "callbacks"})
    broken = only(run(written(message), provider, serving))
    assert broken.cause is Cause.MISMATCH
    assert broken.lines == (
        "metadata Saga-Id: expected s1, got nothing",  # names of metadata are told apart by their letters' case
        "body $.key: expected \"k\", got 5 (Expected 5 (Integer) to be the same type as 'k' (String))",
        'body $.outcome: expected "done", got "refused"',
    )


def test_a_message_that_cannot_be_had_is_broken_even_if_nothing_is_demanded_of_it(
    written: Written, provider: Any, serving: Serving, states: Any
) -> None:
    states.message_trouble = RuntimeError("no callback came")
    empty = written(lambda pact: pact.upon_receiving("anything", "Async").given("an order"))
    broken = only(run(empty, provider, serving))
    assert broken.cause is Cause.MESSAGE
    assert broken.lines == ("the provider's message could not be had: no callback came",)


def test_a_message_may_be_plain_text(written: Written, provider: Any, serving: Serving, states: Any) -> None:
    states.sent = ("hello", {"Content-Type": "text/plain"})
    text = written(lambda pact: pact.upon_receiving("a text", "Async").given("any").with_body("hello", "text/plain"))
    assert kept(run(text, provider, serving))


def with_messages(provider: Any, states: Any) -> Serving:
    return Serving(states.handle, messages_url=provider.url + "/messages")


def packed(**metadata: str) -> dict[str, str]:
    return {"Pact_Message_Metadata": base64.b64encode(json.dumps(metadata).encode()).decode()}


@pytest.mark.parametrize("version", ["3.0.0", "4.0"])
def test_an_ordinary_message_is_asked_for_as_pact_does(provider: Any, states: Any, version: str) -> None:
    provider.reply("/messages", 200, {"id": 5}, **packed(topic="orders"))
    one: dict[str, Any] = {"description": "order placed", "providerStates": [{"name": "an order", "params": {"id": 5}}]}
    contents = {"contents": {"content": {"id": 5}, "contentType": "application/json", "encoded": False}}
    members = {
        "3.0.0": {"messages": [one | {"contents": {"id": 5}, "metaData": {"topic": "orders"}}]},
        "4.0": {"interactions": [one | contents | {"type": "Asynchronous/Messages", "metadata": {"topic": "orders"}}]},
    }
    pact = {
        "consumer": {"name": "orders"},
        "provider": {"name": "billing"},
        "metadata": {"pactSpecification": {"version": version}},
    }
    assert kept(run(pact | members[version], provider, with_messages(provider, states)))
    (asked,) = provider.seen
    assert (asked.method, asked.path, asked.body) == ("POST", "/messages", one)
    assert [state for state, _, action in states.changes if action == "setup"] == ["an order"]


def test_a_message_that_is_not_as_the_contract_says_is_broken(written: Written, provider: Any, states: Any) -> None:
    provider.reply("/messages", 200, {"key": 5, "outcome": "done"}, **packed(topic="other"))
    broken = only(run(written(message), provider, with_messages(provider, states)))
    assert broken.verdict == Verdict.BROKEN
    assert 'metadata topic: expected "callbacks", got "other"' in broken.lines


@pytest.mark.parametrize(("status", "said"), [(500, "answered with status 500: {"), (404, "answered with status 404")])
def test_an_address_for_messages_that_gives_none_breaks_the_interaction_with_the_reason(
    written: Written, provider: Any, states: Any, status: int, said: str
) -> None:
    provider.reply("/messages", status, {"error": "out of order"})
    broken = only(run(written(message), provider, with_messages(provider, states)))
    assert broken.cause is Cause.MESSAGE
    assert said in broken.lines[0]


def test_a_message_that_nobody_gives_is_unproven_and_the_others_are_judged(written: Written, provider: Any, states: Any) -> None:
    provider.reply("/ping", 204)
    result = run(written(message, ping), provider, Serving(states.handle))
    assert verdicts(result) == {"callback": Verdict.UNPROVEN, "a ping": Verdict.KEPT}
    assert [(one.cause, "`messages: {path: …}`" in one.lines[0]) for one in result.interactions if one.key] == [
        (Cause.NOT_SERVED, True)
    ]


def test_a_pending_interaction_that_is_not_kept_is_pending(written: Written, provider: Any, serving: Serving) -> None:
    pact = json.loads(written(ping))
    pact["interactions"][0]["pending"] = True
    found = only(run(pact, provider, serving))
    assert (found.verdict, found.cause) == (Verdict.PENDING, Cause.MISMATCH)
    provider.reply("/ping", 204)
    assert kept(run(pact, provider, serving))


def test_a_provider_under_a_path_is_reached(written: Written, provider: Any, serving: Serving) -> None:
    provider.reply("/deep/ping", 204)
    assert kept(run(written(ping), provider.url + "/deep", serving))


def test_a_provider_that_does_not_listen_gives_no_answer(written: Written, serving: Serving) -> None:
    broken = only(run(written(ping), "http://127.0.0.1:9", serving))
    assert broken.cause is Cause.NO_ANSWER
    assert "did not answer (it closed the connection, sent no HTTP, or does not listen)" in broken.lines[0]


def test_a_provider_that_is_too_slow_gives_no_answer(written: Written, provider: Any, serving: Serving) -> None:
    provider.when_asked = lambda: time.sleep(2)
    broken = only(run(written(ping), provider, serving, request_timeout_s=0.5))
    assert broken.cause is Cause.NO_ANSWER
    assert "did not answer within 0.5 s" in broken.lines[0]


def test_a_secret_header_is_not_shown(written: Written, provider: Any, serving: Serving) -> None:
    def cookie(pact: Pact) -> None:
        pact.upon_receiving("c").with_request("GET", "/c").will_respond_with(200).with_header("Set-Cookie", "a=canary-1")

    provider.reply("/c", 200, Set_Cookie="a=canary-2")
    assert only(run(written(cookie), provider, serving)).lines == ("header Set-Cookie: the value does not match (not shown)",)


def test_secrets_and_proxies_of_the_surroundings_play_no_part(
    written: Written, provider: Any, serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    environments: list[dict[str, str]] = []
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("CANARY", "canary-of-the-surroundings")
    provider.when_asked = lambda: environments.append(replaying()[-1].environ())
    provider.reply("/ping", 204)
    assert kept(run(written(ping), provider, serving))
    assert "canary-of-the-surroundings" not in str(environments)
    assert environments[0]["PACT_DO_NOT_TRACK"] == "true"


def test_interactions_with_the_same_description_each_have_their_result(written: Written, provider: Any, serving: Serving) -> None:
    pact = json.loads(written(ping))
    second = json.loads(json.dumps(pact["interactions"][0])) | {"key": "second", "_id": "id-from-a-broker"}
    second["request"]["path"] = "/other"
    pact["interactions"].append(second)
    provider.reply("/ping", 204)
    result = run(pact, provider, serving)
    assert [(one.name, one.key, one.interaction_id, one.verdict) for one in result.interactions] == [
        ("a ping", None, None, Verdict.KEPT),
        ("second", "second", "id-from-a-broker", Verdict.BROKEN),
    ]


def test_old_pacts_are_replayed(provider: Any, serving: Serving, states: Any) -> None:
    parties = {"consumer": {"name": "orders"}, "provider": {"name": "billing"}}
    call = {"description": "d", "providerState": "s", "request": {"method": "GET", "path": "/ping"}, "response": {"status": 204}}
    sent = {"description": "m", "providerStates": [{"name": "t"}], "contents": {"a": 1}, "metaData": {}}
    provider.reply("/ping", 204)
    states.sent = ({"a": 1}, {})
    assert kept(run(parties | {"interactions": [call]}, provider, serving))
    version = {"metadata": {"pactSpecification": {"version": "3.0.0"}}}
    assert kept(run(parties | version | {"messages": [sent]}, provider, serving))
    assert [name for name, _, action in states.changes if action == "setup"] == ["s", "t"]


@pytest.mark.parametrize(
    ("pact", "reason"),
    [
        ([], "not a JSON object"),
        (None, "not a JSON object"),
        ({"consumer": {"name": "c"}}, "does not name its provider"),
        ({"consumer": None, "provider": {"name": "billing"}}, "does not name its consumer"),
        ({"consumer": {"name": None}, "provider": {"name": "billing"}}, "does not name its consumer"),
        ({"consumer": {"name": "c"}, "provider": {"name": "other"}, "interactions": [{}]}, "is with other, not with billing"),
        ({"consumer": {"name": "c"}, "provider": {"name": "billing"}, "interactions": []}, "has no interaction"),
        ({"consumer": {"name": "c"}, "provider": {"name": "billing"}, "interactions": None}, "has no interaction"),
        ({"consumer": {"name": "c"}, "provider": {"name": "billing"}, "interactions": [5]}, "not a list of objects"),
        (
            {"consumer": {"name": "c"}, "provider": {"name": "billing"}, "metadata": {"pactSpecification": {"version": "9.1"}}},
            r"version '9\.1' of the Pact specification, which is not known",
        ),
    ],
)
def test_what_is_no_pact_of_this_provider_is_an_error(pact: Any, reason: str) -> None:
    with pytest.raises(ReplayError, match=reason):
        read_pact(pact, "billing")


@pytest.mark.parametrize("version", [{}, {"pactSpecification": {"version": "2.0.0"}}, {"pactSpecificationVersion": 1}, None])
def test_every_known_version_of_the_specification_is_read(version: Any) -> None:
    pact = {"consumer": {"name": "c"}, "provider": {"name": "billing"}, "metadata": version, "interactions": [{}]}
    assert len(read_pact(pact, "billing")) == 1


def test_interactions_without_a_name_of_their_own_are_told_by_their_number() -> None:
    parts = [
        {"description": "d"},
        {"description": None},
        {"description": "d"},
        {"key": "k"},
        {},
        {"key": "k"},
        {"description": "e"},
    ]
    pact = {"consumer": {"name": "c"}, "provider": {"name": "billing"}, "interactions": parts}
    assert [one.name for one in read_pact(pact, "billing")] == [
        "d (interaction 1)",
        "without a description (interaction 2)",
        "d (interaction 3)",
        "k (interaction 4)",
        "without a description (interaction 5)",
        "k (interaction 6)",
        "e",
    ]


def test_interactions_without_a_description_are_judged(written: Written, provider: Any, serving: Serving) -> None:
    pact = json.loads(written(ping))
    bare = {name: value for name, value in pact["interactions"][0].items() if name != "description"}
    pact["interactions"] = [bare, bare | {"description": None, "request": {"method": "GET", "path": "/other"}}]
    provider.reply("/ping", 204)
    assert list(verdicts(run(pact, provider, serving)).values()) == [Verdict.KEPT, Verdict.BROKEN]


def test_a_number_that_pact_cannot_hold_leaves_its_interaction_unproven(provider: Any, serving: Serving) -> None:
    call = '{"description": "d", "request": {"method": "GET", "path": "/n"}, "response": {"status": 200, "body": 1E+400}}'
    pact = {"consumer": {"name": "c"}, "provider": {"name": "billing"}, "interactions": [exact.loads(call)]}
    result = only(run(pact, provider, serving))
    assert (result.verdict, result.cause) == (Verdict.UNPROVEN, Cause.NOT_JUDGED)
    assert "gave no result: Failed to load pact 'the pact' - Failed to parse Pact JSON. Mend" in result.lines[0]


def test_a_plugin_that_is_not_installed_is_named_with_its_version(tmp_path: Path) -> None:
    wanted = [{"name": "csv", "version": "0.0.3"}, {"name": "here", "version": "1.0"}]
    (tmp_path / "here-2.0").mkdir()
    (tmp_path / "here-2.0" / "pact-plugin.json").write_text('{"name": "here", "version": "2.0"}')
    with pytest.raises(ReplayError, match=r"needs the Pact plugin csv 0\.0\.3, which is not installed here"):
        check_installed({"metadata": {"plugins": wanted}}, {"PACT_PLUGIN_DIR": str(tmp_path)})


@pytest.mark.parametrize("metadata", [None, {}, {"plugins": None}, {"plugins": [None, {}]}])
def test_a_pact_without_plugins_needs_none(metadata: Any, tmp_path: Path) -> None:
    check_installed({"metadata": metadata}, {"PACT_PLUGIN_DIR": str(tmp_path)})


def test_an_interaction_that_pact_leaves_out_is_unproven(written: Written, provider: Any, serving: Serving) -> None:
    pact = json.loads(written(ping))
    pact["interactions"].append({"type": "Telepathy", "description": "a thought", "key": "t"})
    provider.reply("/ping", 204)
    result = run(pact, provider, serving)
    assert verdicts(result) == {"a ping": Verdict.KEPT, "t": Verdict.UNPROVEN}
    assert re.search("gave no result: .*incorrect type", result.interactions[1].lines[0])


def test_a_replay_that_takes_too_long_is_stopped_with_the_place_named(written: Written, provider: Any, serving: Serving) -> None:
    released = threading.Event()
    provider.when_asked = lambda: released.wait(PATIENCE_S)
    try:
        result = run(written(ping), provider, serving, timeout_s=4)  # a tenth of it is enough to come to the ping
    finally:
        released.set()
    assert "stopped in 'a ping', after 0 of 1 interactions: it took longer than 4 s" in result.trouble
    assert result.interactions == ()
    assert replaying() == []


def test_what_was_found_before_a_crash_of_the_verifier_is_given_with_the_reason(
    written: Written, provider: Any, serving: Serving
) -> None:
    provider.reply("/holds/1", 201)
    provider.reply("/ping", 204)
    provider.when_asked = lambda: kill_the_child() if provider.seen[-1].path == "/ping" else None
    pact = json.loads(written(hold, ping))
    pact["interactions"].sort(key=lambda one: one["description"] == "a ping")
    result = run(pact, provider, serving)
    assert verdicts(result) == {"shop/reserve/forward/done": Verdict.BROKEN}
    assert "ended with exit status -9 in 'a ping', after 1 of 2" in result.trouble


def test_an_address_that_is_none_is_an_error_with_its_reason(written: Written, serving: Serving) -> None:
    assert "ended with exit status 1" in run(written(ping), "nowhere", serving).trouble


def test_a_replay_ends_when_somebody_says_so_meanwhile(written: Written, provider: Any, serving: Serving) -> None:
    def ended() -> None:
        raise SagapactError("the provider has ended")

    released = threading.Event()
    provider.when_asked = lambda: released.wait(PATIENCE_S)
    provider.reply("/ping", 204)
    try:
        with pytest.raises(SagapactError, match="the provider has ended"):
            run(written(ping), provider, serving, meanwhile=ended)
    finally:
        released.set()

    assert replaying() == []
