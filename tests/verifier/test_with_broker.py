"""Verifying pacts that a broker selects: none hides another, only what was measured is published, zero checks are no yes."""

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from saga_broker.client.broker import BrokerClient
from saga_contracts.declare.verdict import Verdict
from saga_contracts.errors import SagapactError
from saga_contracts.rim.server import Answer, LoopbackServer, NoAnswer, Received, as_json
from saga_verifier import reporting
from saga_verifier.isolation import ProcessIsolation, Running
from saga_verifier.provider_file import ProviderFile
from saga_verifier.run import ProviderOutcome, Settings, Version, verify_provider

Publish = Callable[..., None]
Result = Callable[[str, str], Any]
ProviderOf = Callable[..., ProviderFile]
TODAY = dt.date(2026, 1, 1)
MAIN = ({"mainBranch": True},)
MESSAGES = {
    "metadata": {"pactSpecification": {"version": "3.0.0"}},
    "messages": [{"description": "order placed", "contents": {"id": 1}, "metaData": {}}],
}


def verify(
    provider: ProviderFile, broker: BrokerClient, selectors: tuple[dict[str, Any], ...] = MAIN, branch: str | None = None
) -> ProviderOutcome:
    settings = Settings(1, TODAY, selectors, publish=True)
    return verify_provider(provider, Version("p1", branch), broker, ProcessIsolation(), settings)


def said(outcome: ProviderOutcome) -> str:
    return "\n".join(reporting.lines(outcome))


def test_one_pact_that_could_not_be_found_out_does_not_hide_the_others(
    plain: ProviderOf, broker: BrokerClient, publish: Publish, result: Result
) -> None:
    publish("a-good", "mixed", "/ok")
    publish("b-bad", "mixed", "/ok", "/no")
    publish("c-messages", "mixed", **MESSAGES)
    publish("d-good", "mixed", "/ok")
    outcome = verify(plain("mixed"), broker)

    assert outcome.exit_status == 1
    assert [(one.consumer, one.published, bool(one.troubles)) for one in outcome.pacts] == [
        ("a-good", True, False),
        ("b-bad", True, False),
        ("c-messages", False, True),
        ("d-good", True, False),
    ]
    published = {one.consumer: result(one.consumer, "mixed") for one in outcome.pacts}
    assert {consumer: found and found["success"] for consumer, found in published.items()} == {
        "a-good": True,
        "b-bad": False,
        "c-messages": None,
        "d-good": True,
    }
    assert "broken: /no" in said(outcome)
    assert "it is a message, and it was not verified" in said(outcome)


def test_a_pending_interaction_does_not_fail_the_pact_but_is_told(
    plain: ProviderOf, broker: BrokerClient, publish: Publish, result: Result
) -> None:
    call = {"type": "Synchronous/HTTP", "request": {"method": "GET", "path": "/ok"}, "response": {"status": 200}}
    later = call | {"pending": True, "key": "later", "description": "same", "request": {"method": "GET", "path": "/no"}}
    version = {"metadata": {"pactSpecification": {"version": "4.0"}}}
    publish("waits", "patient", **version, interactions=[call | {"key": "now", "description": "same"}, later])
    outcome = verify(plain("patient"), broker)

    assert (outcome.verdict, outcome.exit_status) == (Verdict.PENDING, 3)
    published = result("waits", "patient")
    assert published["success"] is True
    successes = [(one["interactionId"] != "", one["success"]) for one in published["testResults"]]
    assert sorted(successes) == [(True, False), (True, True)]


def test_of_a_state_that_cannot_be_set_up_nothing_is_published(
    plain: ProviderOf, broker: BrokerClient, publish: Publish, result: Result
) -> None:
    call = {"description": "a call", "providerState": "leaky", "request": {"method": "GET", "path": "/ok"}}
    publish("shop", "stateless", interactions=[call | {"response": {"status": 200}}])
    outcome = verify(plain("stateless", "states: {path: /_states}\n"), broker)

    assert (outcome.exit_status, outcome.pacts[0].published, result("shop", "stateless")) == (4, False, None)
    assert "the state 'leaky' could not be set up" in said(outcome)


def test_what_is_unproven_is_not_published_as_a_yes(
    plain: ProviderOf, broker: BrokerClient, publish: Publish, result: Result
) -> None:
    generators = {"query": {"id": {"type": "ProviderState", "expression": "${given}"}}}
    request = {"method": "GET", "path": "/ok", "query": {"id": ["1"]}, "generators": generators}
    interactions = [{"description": "d", "request": request, "response": {"status": 200}}]
    publish("guesses", "guessed", metadata={"pactSpecification": {"version": "3.0.0"}}, interactions=interactions)
    outcome = verify(plain("guessed"), broker)

    assert (outcome.exit_status, result("guesses", "guessed")) == (3, None)
    assert "was not published: 1 of 1 interactions are unproven" in said(outcome)


def test_two_pacts_of_one_consumer_are_told_apart(
    plain: ProviderOf, broker: BrokerClient, publish: Publish, served: Running
) -> None:
    publish("twice", "two", "/no", version="1.0")
    broker.record_deployment("twice", "1.0", "production")
    publish("twice", "two", "/ok", version="1.1")
    outcome = verify(plain("two"), broker, ({"mainBranch": True}, {"deployedOrReleased": True}))

    assert "pact with twice 1.0 (deployed to production): 0 of 1 interactions kept" in said(outcome)
    assert "pact with twice 1.1 (latest from main branch): 1 of 1 interactions kept" in said(outcome)
    assert "consumer version(s) currently deployed to production (1.0)" in said(outcome)
    shown = [(one["consumer_version"], one["selected"], bool(one["notices"])) for one in reporting.as_json(outcome)["pacts"]]
    assert shown == [("1.0", "deployed to production", True), ("1.1", "latest from main branch", True)]


def test_a_pending_pact_is_told_with_the_broker_s_notices(plain: ProviderOf, broker: BrokerClient, publish: Publish) -> None:
    publish("newcomer", "calm", "/no")
    outcome = verify(plain("calm"), broker, branch="main")

    assert (outcome.verdict, outcome.exit_status) == (Verdict.PENDING, 3)
    assert "(latest from main branch, pending)" in said(outcome)
    assert "This pact is in pending state for this version of calm" in said(outcome)
    assert "This pact is still in pending state for any version of calm from branch 'main'" in said(outcome)
    assert "no longer in pending state" not in said(outcome)


def test_a_pending_pact_that_is_unproven_is_not_told_as_a_success(
    plain: ProviderOf, broker: BrokerClient, publish: Publish
) -> None:
    publish("newcomer", "silent", **MESSAGES)
    told = said(verify(plain("silent"), broker, branch="main"))
    assert "as a successful verification result has not yet been published" in told
    assert "the successful verification results have not yet been published" not in told


class TestNothingSelected:
    """Zero checks are never a yes, unless the broker says that there is nothing to check."""

    def test_pacts_that_no_selector_chooses_are_named_with_their_places(
        self, plain: ProviderOf, broker: BrokerClient, publish: Publish
    ) -> None:
        publish("unheard", "chosen", "/no", branch="feat/x")
        for selectors in (MAIN, ({"branch": "no-such"},)):
            with pytest.raises(SagapactError) as failed:
                verify(plain("chosen"), broker, selectors)
            assert failed.value.exit_status == 4
            assert "there are pacts of 1 consumer with chosen, but none was selected" in str(failed.value)
            assert "unheard 1 (branch feat/x)" in str(failed.value)

    def test_of_many_consumers_a_few_are_named(self, plain: ProviderOf, broker: BrokerClient, publish: Publish) -> None:
        for number in range(7):
            publish(f"consumer-{number}", "crowded", "/ok", branch=None)
        with pytest.raises(SagapactError, match=r"pacts of 7 consumers .*consumer-0 1 \(on no branch\); .*; and 2 more"):
            verify(plain("crowded"), broker)

    def test_a_provider_that_no_pact_and_no_saga_names_is_not_applicable(
        self, plain: ProviderOf, broker: BrokerClient, publish: Publish
    ) -> None:
        publish("lonely", "somebody", "/ok")
        outcome = verify(plain("lonely"), broker)
        assert (outcome.verdict, outcome.exit_status) == (Verdict.NOT_APPLICABLE, 0)
        assert "no pact and no saga names lonely" in said(outcome)

    def test_a_provider_that_the_broker_does_not_know_is_not_found_out(self, plain: ProviderOf, broker: BrokerClient) -> None:
        with pytest.raises(SagapactError, match="knows no pacticipant nobody"):
            verify(plain("nobody"), broker)


@contextmanager
def between(served: Running, instead: Callable[[Received], Answer | NoAnswer | None]) -> Iterator[BrokerClient]:
    """A client of the broker, with something between that may answer instead."""
    with httpx.Client(trust_env=False) as http:

        def passed(one: Received) -> Answer | NoAnswer:
            answer = instead(one)
            if answer is not None:
                return answer
            target = f"{served.base_url}{one.path}{'?' if one.query else ''}{one.query}"
            reply = http.request(one.method, target, headers=one.headers, content=one.body)
            return Answer(reply.status_code, [("Content-Type", reply.headers.get("Content-Type", ""))], reply.content)

        with LoopbackServer(passed) as server, BrokerClient(server.base_url) as client:
            yield client


def test_a_broker_that_goes_in_mid_run_leaves_what_was_found_and_could_not_find_out(
    plain: ProviderOf, publish: Publish, result: Result, served: Running
) -> None:
    publish("first", "orphan", "/ok")
    publish("second", "orphan", "/ok")
    published: list[Received] = []

    def gone(one: Received) -> NoAnswer | None:
        is_result = one.method == "POST" and one.path.endswith("/verification-results")
        published.extend([one] if is_result else [])
        return NoAnswer.CLOSE if len(published) > 1 or (published and not is_result) else None

    with between(served, gone) as broker:
        outcome = verify(plain("orphan"), broker)

    assert outcome.exit_status == 4
    assert [one.verdict for one in outcome.pacts[0].interactions] == [Verdict.KEPT]
    assert (outcome.pacts[0].published, result("first", "orphan")["success"]) == (True, True)
    assert not outcome.pacts[1].published
    assert "closed the connection" in outcome.pacts[1].troubles[0]
    assert "orphan p1: could not find out" in said(outcome)


def test_a_pact_that_the_broker_cannot_give_does_not_hide_the_others(
    plain: ProviderOf, publish: Publish, served: Running
) -> None:
    publish("lost", "torn", "/ok")
    publish("whole", "torn", "/ok")

    def torn(one: Received) -> Answer | None:
        return Answer(500, [], b"torn") if one.method == "GET" and "/consumer/lost/" in one.path else None

    with between(served, torn) as broker:
        outcome = verify(plain("torn"), broker)

    assert (outcome.exit_status, [one.verdict for one in outcome.pacts]) == (4, [Verdict.UNPROVEN, Verdict.KEPT])
    assert "could not find out: Cannot read Pact between lost (1) and torn" in said(outcome)


def test_a_broker_without_sagas_gets_the_results_of_pacts(
    plain: ProviderOf, publish: Publish, result: Result, served: Running
) -> None:
    publish("usual", "elsewhere", "/ok")
    asked: list[str] = []

    def other(one: Received) -> Answer | None:
        asked.append(one.path)
        if one.path == "/":
            return as_json(200, {"_links": {"pb:pacticipants": {"href": "/pacticipants"}}})
        return Answer(404) if one.path.startswith("/sagas") else None

    with between(served, other) as broker:
        assert verify(plain("elsewhere"), broker).exit_status == 0
        assert verify(plain("usual"), broker).verdict == Verdict.NOT_APPLICABLE
    assert result("usual", "elsewhere")["success"]
    assert not any(path.startswith("/sagas") for path in asked)


@pytest.mark.parametrize("body", [b"{}", b'{"_links": 5}', b"[]"])
def test_a_pact_that_is_none_is_told(plain: ProviderOf, publish: Publish, served: Running, body: bytes) -> None:
    publish("strange", "stranger", "/ok")

    def strange(one: Received) -> Answer | None:
        return Answer(200, [], body) if one.method == "GET" and "/consumer/strange/" in one.path else None

    with between(served, strange) as broker:
        outcome = verify(plain("stranger"), broker)

    assert outcome.exit_status == 4
    assert "is not what a Pact Broker answers" in said(outcome)


def test_what_is_no_pact_broker_is_told(plain: ProviderOf) -> None:
    with (
        LoopbackServer(lambda _: as_json(200, {"hello": "world"})) as server,
        BrokerClient(server.base_url) as broker,
        pytest.raises(SagapactError, match="is not what a Pact Broker answers"),
    ):
        verify(plain("plain"), broker)
