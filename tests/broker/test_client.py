"""The client asks a real broker."""

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from saga_broker.client.broker import BrokerClient, BrokerRefusedError, BrokerUnreachableError
from saga_broker.client.records import DeckHistory, NewDeckResult
from saga_contracts.errors import UsageError


def files(make_pact: Any, *providers: str, text: str = "a") -> list[tuple[str, str, bytes]]:
    return [("saga_service", name, json.dumps(make_pact("saga_service", name, text)).encode()) for name in providers]


def test_a_provider_reads_its_pacts_and_publishes_results(client: BrokerClient, broker: Any, make_pact: Any) -> None:
    client.publish_contracts("saga_service", "1", branch="main", pact_files=files(make_pact, "billing"), build_url="http://ci/1")

    pact = client.pacts_for_verification("billing", selectors=[{"mainBranch": True}], provider_branch="main")[0]
    client.register_provider_version("billing", "10", branch="main", tags=["t"])
    client.publish_verification(pact.publish_results_url, success=True, version="10", test_results=[{"success": True}])
    broker.deploy("billing", "10", "test")

    assert (pact.consumer, pact.provider, pact.pending, pact.consumer_version) == ("saga_service", "billing", True, "1")
    assert pact.pact["interactions"][0]["description"] == "a"
    assert client.can_i_deploy("saga_service", "1", "test").verdict == "yes"


def test_an_unknown_provider_has_no_pacts(client: BrokerClient) -> None:
    assert client.pacts_for_verification("nobody") == ()


def test_sagas_and_decks_go_to_the_broker_and_back(client: BrokerClient, saga_text: str) -> None:
    saga = client.publish_saga("vas_purchase", "1", saga_text, branch="main")
    step = saga.steps[0]
    seen = {"broken": (), "seen": ("reply", "status"), "unseen": (), "trouble": ""}
    history = DeckHistory(word="C", verdict="kept", obligations=("O8",), text="fine", **seen)
    result = NewDeckResult(
        derivation=1,
        faults=1,
        verifier="0.1.0",
        verdict="kept",
        claim="Checked.",
        obligations={"O8": "kept"},
        histories=(history,),
    )
    place = {"sha": step.sha, "step": step.step, "provider": step.participant, "version": "10"}

    stored = client.publish_deck_result("vas_purchase", result=result, **place)
    client.register_provider_version("billing", "11")

    assert client.deck_results("vas_purchase", **place) == (stored,)
    assert client.saga("vas_purchase", "1").content == saga_text
    assert [one.saga for one in client.sagas(provider="billing")] == ["vas_purchase"]
    decision = client.can_run("vas_purchase", "test", {"saga_service": "1", "billing": ["10", "11"]}, faults=0)
    assert decision.verdict == "unknown"
    assert {step.version for step in decision.steps if step.participant == "billing"} == {"10", "11"}
    assert (decision.faults, decision.today is not None) == (0, True)


def test_a_conflict_is_told_in_the_broker_s_words(client: BrokerClient, make_pact: Any) -> None:
    client.publish_contracts("saga_service", "1", branch=None, pact_files=files(make_pact, "billing"))
    with pytest.raises(BrokerRefusedError, match="Cannot change the content of the pact") as refused:
        client.publish_contracts("saga_service", "1", branch=None, pact_files=files(make_pact, "billing", text="b"))
    assert refused.value.exit_status == 1


def test_names_that_the_broker_does_not_know_are_wrong_usage(client: BrokerClient, saga_text: str) -> None:
    with pytest.raises(UsageError, match="No saga with name 'nothing' found"):
        client.can_run("nothing", "test")
    client.publish_saga("vas_purchase", "1", saga_text)
    with pytest.raises(UsageError, match="Did you mean billing"):
        client.can_run("vas_purchase", "test", {"biling": "1"})
    with pytest.raises(UsageError, match="Cannot find environment nowhere"):
        client.record_deployment("billing", "1", "nowhere")


def test_a_broker_that_is_not_there_is_named_with_the_mend() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        with BrokerClient(url) as client, pytest.raises(BrokerUnreachableError) as failed:
            client.sagas()
    assert url in str(failed.value)
    assert "--broker-url" in str(failed.value)
    assert failed.value.exit_status == 4


def test_an_address_without_a_scheme_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match=r"http://broker\.example:9292"):
        BrokerClient("localhost:9292")


@pytest.fixture
def asking() -> Iterator[tuple[str, list[str | None]]]:
    """A server that refuses every request for want of credentials; gives its address, and the credentials that it was sent."""
    seen: list[str | None] = []

    class Refusing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.headers["Authorization"])
            self.send_response(401)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class names it so)
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}", seen
        server.shutdown()


def test_credentials_of_the_address_are_used_and_never_shown(asking: tuple[str, list[str | None]]) -> None:
    address, seen = asking
    with BrokerClient(f"http://me:hunter2@{address}/") as client, pytest.raises(BrokerUnreachableError) as refused:
        client.sagas()

    assert seen == ["Basic bWU6aHVudGVyMg=="]
    assert "hunter2" not in str(refused.value)
    assert f"http://{address}:" in str(refused.value)


@pytest.mark.parametrize(
    "url", ["broker.example", "ftp://me:hunter2@x", "http://", "http://x?y=1", "http://[::1", "http://u:hunter2@x:y"]
)
def test_what_is_no_address_is_wrong_usage_and_its_credentials_are_not_shown(url: str) -> None:
    with pytest.raises(UsageError, match="Correct --broker-url") as refused:
        BrokerClient(url)
    assert "hunter2" not in str(refused.value)
