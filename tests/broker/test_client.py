"""The client asks a real broker."""

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from own_ca import ca_file, serving
from raw_server import dribbling, speaking
from saga_broker.client.broker import BrokerClient, BrokerRefusedError, BrokerUnreachableError
from saga_broker.client.records import ConsumerVersion, DeckHistory, NewDeckResult, SelectedPact
from saga_broker.client.transport import Credentials, credentials_for
from saga_contracts.errors import UsageError
from saga_contracts.rim.server import Answer, LoopbackServer, Received, as_json


def files(make_pact: Any, *providers: str, text: str = "a") -> list[tuple[str, str, bytes]]:
    return [("saga_service", name, json.dumps(make_pact("saga_service", name, text)).encode()) for name in providers]


def test_a_provider_reads_its_pacts_and_publishes_results(client: BrokerClient, broker: Any, make_pact: Any) -> None:
    client.publish_contracts("saga_service", "1", branch="main", pact_files=files(make_pact, "billing"), build_url="http://ci/1")

    (selected,) = client.selected_pacts("billing", selectors=[{"mainBranch": True}], provider_branch="main")
    pact = client.pact(selected)
    client.register_provider_version("billing", "10", branch="main", tags=["t"])
    client.publish_verification(pact.publish_results_url, success=True, version="10", test_results=[{"success": True}])
    broker.deploy("billing", "10", "test")

    assert (pact.consumer, pact.provider, pact.pending, pact.consumer_version) == ("saga_service", "billing", True, "1")
    assert selected.short_description == "latest from main branch"
    assert [one["when"] for one in selected.notices][:1] == ["before_verification"]
    assert pact.pact["interactions"][0]["description"] == "a"
    assert client.can_i_deploy("saga_service", "1", "test").verdict == "yes"


def test_an_unknown_provider_has_no_pacts(client: BrokerClient) -> None:
    assert client.selected_pacts("nobody") == ()
    assert client.latest_pacts("nobody") == ()


def test_pacts_that_nobody_selected_are_found_with_the_places_of_their_versions(
    client: BrokerClient, broker: Any, make_pact: Any
) -> None:
    client.publish_contracts("saga_service", "1", branch="feat/x", tags=["dev"], pact_files=files(make_pact, "billing"))
    broker.deploy("saga_service", "1", "test")

    (place,) = client.latest_pacts("billing")
    assert client.whereabouts(place) == ConsumerVersion(
        consumer="saga_service", number="1", branches=("feat/x",), tags=("dev",), environments=("Test",)
    )


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
    assert stored is not None
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


LISTED: dict[str, Any] = {"_embedded": {"pacts": []}}


def linking(href: str) -> dict[str, Any]:
    """The answer of a broker that selects one pact, at an address."""
    entry = {"verificationProperties": {}, "_links": {"self": {"name": "a pact", "href": href}}}
    return {"_embedded": {"pacts": [entry]}}


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, list[Received]]]:
    """Another server; gives its address at another name of this machine, and what it got."""
    got: list[Received] = []

    def take(received: Received) -> Answer:
        got.append(received)
        return as_json(200, LISTED)

    with LoopbackServer(take, host="127.0.0.2") as server:
        yield server.base_url, got


@pytest.mark.parametrize(
    "link", ["http://other.invalid/pacts/1", "https://127.0.0.1.evil.invalid/pacts/1", "http://127.0.0.1@evil.invalid/"]
)
def test_a_link_to_another_host_is_refused_and_never_gets_the_credentials(link: str) -> None:
    with LoopbackServer(lambda _: as_json(200, linking(link))) as server, BrokerClient(server.base_url, token="canary") as client:
        (selected,) = client.selected_pacts("billing")
        with pytest.raises(
            BrokerUnreachableError, match="is not asked, since the broker's credentials are for itself only"
        ) as refused:
            client.pact(selected)
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize(
    ("base", "link", "asked"),
    [
        ("http://localhost:{port}", "https://localhost/pacts/1?x=y", "/pacts/1?x=y"),
        ("http://localhost:{port}", "http://127.0.0.2:1/pacts/1", "/pacts/1"),
        ("http://localhost:{port}/broker", "https://localhost/broker/pacts/1", "/broker/pacts/1"),
        ("http://localhost:{port}/broker", "https://localhost/pacts/1", "/broker/pacts/1"),
        ("http://localhost:{port}", "http://me:word@localhost:{port}/pacts/1", "/pacts/1"),
        ("http://localhost:{port}", "/pacts/1", "/pacts/1"),
    ],
)
def test_a_link_of_a_broker_that_does_not_know_its_outer_address_is_asked_at_that_address(
    base: str, link: str, asked: str
) -> None:
    got: list[Received] = []

    def take(received: Received) -> Answer:
        got.append(received)
        return as_json(404, {"error": "none"})

    with (
        LoopbackServer(take) as server,
        BrokerClient(base.format(port=server.port), token="word") as client,
        pytest.raises(UsageError),
    ):
        client.pact(SelectedPact(name="a pact", url=link.format(port=server.port)))
    assert [f"{one.path}{'?' if one.query else ''}{one.query}" for one in got] == [asked]
    assert got[0].headers["Authorization"] == "Bearer word"


def test_a_redirect_is_told_and_not_followed(elsewhere: tuple[str, list[Received]]) -> None:
    place, got = elsewhere
    answer = Answer(308, [("Location", f"{place}/pacts")])
    with (
        LoopbackServer(lambda _: answer) as server,
        BrokerClient(server.base_url, token="word") as client,
        pytest.raises(BrokerUnreachableError, match=f"sends on to {place}/pacts .*--broker-url"),
    ):
        client.sagas()
    assert got == []


def test_a_secret_that_the_broker_repeats_is_not_shown() -> None:
    with (
        LoopbackServer(lambda one: Answer(400, [], one.headers["Authorization"].encode())) as server,
        BrokerClient(server.base_url, token="canary-7f3a") as client,
        pytest.raises(UsageError) as refused,
    ):
        client.sagas()
    assert "canary" not in str(refused.value)


def test_an_answer_that_dribbles_past_the_time_out_is_no_answer() -> None:
    with (
        speaking(dribbling(b"HTTP/1.1 200 OK\r\nX: " + 200 * b"x")) as port,
        BrokerClient(f"http://127.0.0.1:{port}", timeout_s=0.5) as client,
        pytest.raises(BrokerUnreachableError, match=r"did not answer within 0\.5 s"),
    ):
        client.sagas()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_the_ca_file_of_the_environment_counts_for_this_machine_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, host: str
) -> None:
    body = b'{"_embedded": {"sagas": []}}'
    said = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    with speaking(lambda connection: connection.sendall(said), serving(tmp_path)) as port:
        with BrokerClient(f"https://{host}:{port}") as client, pytest.raises(BrokerUnreachableError, match="SSL_CERT_FILE"):
            client.sagas()
        monkeypatch.setenv("SSL_CERT_FILE", str(ca_file(tmp_path)))
        with BrokerClient(f"https://{host}:{port}") as client:
            assert client.sagas() == ()


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


GIVEN = {
    "SAGAPACT_BROKER_TOKEN": ("t", "", ""),
    "SAGAPACT_TOKEN": ("t", "", ""),
    "SAGAPACT_BROKER_USERNAME": ("", "t", ""),
    "PACT_BROKER_TOKEN": ("t", "", ""),
    "PACT_BROKER_USERNAME": ("", "t", ""),
}


@pytest.mark.parametrize("name", GIVEN)
def test_credentials_come_from_the_environment(name: str) -> None:
    assert credentials_for("http://x", Credentials("", "", ""), {name: "t"}) == GIVEN[name]


def test_what_is_given_wins_over_the_environment_and_ours_over_pacts() -> None:
    environ = {"SAGAPACT_BROKER_TOKEN": "ours", "PACT_BROKER_TOKEN": "pact's", "PACT_BROKER_USERNAME": "me"}
    assert credentials_for("http://x", Credentials("given", "", ""), environ).token == "given"
    assert credentials_for("http://x", Credentials("", "me", "secret"), environ) == ("", "me", "secret")
    assert credentials_for("http://x", Credentials("", "", ""), environ) == ("ours", "", "")


@pytest.mark.parametrize(
    ("url", "is_shown"), [("http://x/", True), ("http://x", True), ("http://y", False), ("https://x", False)]
)
def test_a_token_of_pact_is_shown_to_the_broker_that_it_is_for(url: str, is_shown: bool) -> None:  # noqa: FBT001  (a fact of the row)
    environ = {"PACT_BROKER_TOKEN": "t", "PACT_BROKER_BASE_URL": url}
    assert (credentials_for("http://x", Credentials("", "", ""), environ).token == "t") == is_shown
