"""Real clients with names that a path must encode, with a broker at the root of its address and under a context path."""

import json
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]

CONSUMER, PROVIDER = "a b/c+é", "Bär & Co"
VERSION, BRANCH, TAG = "feat/1 +2", "feat/x y", "t/1 ü"
OF_VERSION = ("-a", CONSUMER, "-e", VERSION)


class Relay(socketserver.ThreadingTCPServer):
    """Passes bytes on to a broker, so that the address that clients know is there before the broker is."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _PassOn)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.to = ("", 0)


class _PassOn(socketserver.BaseRequestHandler):
    server: Relay

    def handle(self) -> None:
        with socket.create_connection(self.server.to) as broker:
            back = threading.Thread(target=_pass, args=(broker, self.request), daemon=True)
            back.start()
            _pass(self.request, broker)
            back.join()


def _pass(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:  # the other side has ended
        return


@pytest.fixture(params=["", "/tools/pacts"], ids=["root", "path"])
def broker(request: pytest.FixtureRequest, serve: Any) -> Iterator[Any]:
    """A broker whose `url` is what its clients know, with the context path."""
    relay = Relay()
    threading.Thread(target=relay.serve_forever, args=(0.01,), daemon=True).start()
    made = serve(base_urls=(relay.url + request.param,))
    relay.to = ("127.0.0.1", int(made.url.rpartition(":")[2]))
    made.url = relay.url + request.param
    yield made
    relay.shutdown()
    relay.server_close()


@pytest.fixture
def pact_file(make_pact: Callable[..., Any], tmp_path: Path) -> str:
    path = tmp_path / "pact.json"
    path.write_text(json.dumps(make_pact(CONSUMER, PROVIDER, "ä")))
    return str(path)


def test_the_command_finds_its_way(broker: Any, pact_broker: Any, pact_file: str, tmp_path: Path) -> None:
    published = pact_broker("publish", pact_file, "-a", VERSION, "--branch", BRANCH, "--tag", TAG)
    assert f"Created {CONSUMER} version {VERSION} with branch {BRANCH} and tags {TAG}" in published.text
    assert f"{broker.url}/pacts/provider/B%C3%A4r%20%26%20Co/consumer/a%20b%2Fc%2B%C3%A9/version/" in published.text

    pact_broker("create-or-update-pacticipant", "--name", CONSUMER, "--main-branch", "main")
    pact_broker("create-version-tag", *OF_VERSION, "--tag", "q/1")
    pact_broker("delete-version-tag", *OF_VERSION, "--tag", "q/1")
    for record in ("record-deployment", "record-release"):
        pact_broker(record, *OF_VERSION, "--environment", "test")
    version = pact_broker("describe-version", *OF_VERSION, "-o", "json").json()
    pact_broker("record-undeployment", "-a", CONSUMER, "--environment", "test")
    pact_broker("record-support-ended", *OF_VERSION, "--environment", "test")
    gate = pact_broker("can-i-deploy", *OF_VERSION, "--to-environment", "test", status=1)
    listed = pact_broker("get-pacts", "--provider", PROVIDER, "--branch", BRANCH).text
    pact_broker("delete-branch", "-a", CONSUMER, "--branch", BRANCH)

    assert version["number"] == VERSION
    assert [one["name"] for one in version["_embedded"]["tags"]] == [TAG]
    assert [len(version["_links"][f"pb:{kind}-environments"]) for kind in ("deployed", "released")] == [1, 1]
    assert f"There is no verified pact between version {VERSION} of {CONSUMER} and a version of {PROVIDER}" in gate.text
    assert f"Pact between {CONSUMER} ({VERSION}) and {PROVIDER}" in listed


def test_the_verifier_finds_its_way(
    broker: Any, provider: Any, pact_broker: Any, pact_python: Callable[..., Any], pact_file: str
) -> None:
    pact_broker("publish", pact_file, "-a", VERSION, "--branch", BRANCH)
    run = {
        "provider": PROVIDER,
        "provider_url": f"{provider.url}/run",
        "broker_url": broker.url,
        "selectors": [{"branch": BRANCH}],
        "branch": "p/1 é",
        "publish": {"version": "10/ä", "branch": "p/1 é", "tags": [TAG]},
    }

    answer = pact_python(run)

    assert answer["passed"] is True, answer["output"]
    pact_broker("record-deployment", "-a", PROVIDER, "-e", "10/ä", "--environment", "test")
    assert "Computer says yes" in pact_broker("can-i-deploy", *OF_VERSION, "--to-environment", "test").text
    version = pact_broker("describe-version", "-a", PROVIDER, "-e", "10/ä", "-o", "json").json()["_embedded"]
    assert [one["name"] for one in version["branchVersions"]] == ["p/1 é"]
    assert [one["name"] for one in version["tags"]] == [TAG]
