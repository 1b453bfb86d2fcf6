"""How a call is sent: what it holds, whom it may reach, and what is told of its answer."""

import hashlib
import hmac
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import own_ca
from hook_receiver import Answer, Receiver

REQUEST = {"method": "POST", "body": {"a": 1}}


def tried(broker: Any, url: str, **request: Any) -> Any:
    """Try a webhook that is not stored."""
    return broker.post("/webhooks/execute", {"request": {**REQUEST, "url": url, **request}})


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[Receiver]:
    for name, text in (("key", own_ca.KEY), ("certificate", own_ca.CERTIFICATE)):
        (tmp_path / name).write_text(text)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "certificate", tmp_path / "key")
    made = Receiver(context)
    yield made
    made.stop()


def test_a_certificate_is_checked_and_an_operators_own_authority_is_trusted(
    serve: Any, webhook_settings: Any, secured: Receiver
) -> None:
    strict = serve(webhooks=webhook_settings())
    trusting = serve(webhooks=webhook_settings(certificates=(own_ca.CERTIFICATE,)))
    careless = serve(webhooks=webhook_settings(verify_tls=False))

    refused = tried(strict, f"{secured.url}/x")
    assert "certificate verify failed (self-signed certificate)" in refused["error"]["message"]
    assert refused["success"] is False
    for broker in (trusting, careless):
        for host in ("127.0.0.1", "localhost"):
            assert tried(broker, f"https://{host}:{secured.port}/x")["response"]["status"] == 200
    assert "no TLS connection" in tried(trusting, f"https://127.0.0.1:{_plain_port(strict)}/x")["error"]["message"]


def _plain_port(broker: Any) -> str:
    return str(broker.url.rpartition(":")[2])


def test_a_redirect_is_not_followed_and_is_a_failure(still: Any, receiver: Receiver) -> None:
    receiver.answers["/away"] = Answer(302, "", {"Location": f"{receiver.url}/inside"})
    shown = tried(still, f"{receiver.url}/away")
    assert (shown["success"], shown["response"]["status"]) == (False, 302)
    assert receiver.at("/inside") == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "127.1", "2130706433", "[::ffff:127.0.0.1]", "0.0.0.0"])  # noqa: S104
def test_without_an_entry_no_address_inside_is_called_however_it_is_written(
    serve: Any, webhook_settings: Any, receiver: Receiver, host: str
) -> None:
    broker = serve(webhooks=webhook_settings(hosts=()))
    reply = broker.http.post("/webhooks/execute", json={"request": {**REQUEST, "url": f"http://{host}:{receiver.port}/x"}})
    assert receiver.received == []
    assert reply.status_code in {200, 400}
    if reply.status_code == 200:
        assert reply.json()["success"] is False


def test_what_is_resolved_when_it_is_sent_counts_and_not_what_was_allowed_when_it_was_written(
    serve: Any, webhook_settings: Any, receiver: Receiver, make_webhook: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket  # noqa: PLC0415

    known = socket.getaddrinfo

    def resolve(host: str, port: Any, *words: Any, **named: Any) -> Any:
        return known("127.0.0.1" if host == "moving.example" else host, port, *words, **named)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    open_ = serve(webhooks=webhook_settings(hosts=()))
    shown = tried(open_, f"http://moving.example:{receiver.port}/x")
    assert receiver.received == []
    assert "is at an address inside" in shown["error"]["message"]
    named = serve(webhooks=webhook_settings(hosts=("moving.example",)))
    assert tried(named, f"http://moving.example:{receiver.port}/x")["success"] is True
    inside = serve(webhooks=webhook_settings(hosts=(), private_networks=True))
    assert tried(inside, f"http://moving.example:{receiver.port}/x")["success"] is True
    assert [one.headers["host"] for one in receiver.received] == [f"moving.example:{receiver.port}"] * 2


def test_without_a_list_of_hosts_the_answer_is_not_shown(serve: Any, webhook_settings: Any, receiver: Receiver) -> None:
    receiver.answers["/x"] = Answer(500, "inside knowledge", {"X-Inside": "knowledge"})
    broker = serve(webhooks=webhook_settings(hosts=(), private_networks=True))
    shown = tried(broker, f"{receiver.url}/x")
    assert "For security purposes" in shown["message"]
    assert "response" not in shown
    assert "knowledge" not in str(shown)


def test_what_is_no_longer_allowed_is_not_called(
    serve: Any, webhook_settings: Any, receiver: Receiver, make_webhook: Any
) -> None:
    made = make_webhook(serve(webhooks=webhook_settings()), f"{receiver.url}/x")
    strict = serve(webhooks=webhook_settings(hosts=("elsewhere.example",)))
    shown = strict.post(f"/webhooks/{made['uuid']}/execute", None)
    assert "host must be in the whitelist" in shown["error"]["message"]
    assert receiver.received == []


def test_a_receiver_that_does_not_answer_is_given_up(serve: Any, webhook_settings: Any, receiver: Receiver) -> None:
    receiver.silent.add("/slow")
    shown = tried(serve(webhooks=webhook_settings(timeout_s=0.3)), f"{receiver.url}/slow")
    assert shown["error"]["message"] == "No answer within 0.3 seconds"


def test_an_answer_is_read_to_a_bound(still: Any, receiver: Receiver) -> None:
    receiver.answers["/large"] = Answer(200, "x" * 200_000, {"Content-Type": "text/plain"})
    shown = tried(still, f"{receiver.url}/large")
    assert shown["success"] is True
    assert len(shown["response"]["body"]) == 64 * 1024
    assert shown["logs"].endswith("x … (cut)\n")


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "HEAD", "post"])
def test_every_allowed_method_is_sent_with_its_body(serve: Any, webhook_settings: Any, receiver: Receiver, method: str) -> None:
    broker = serve(webhooks=webhook_settings(methods=("POST", "GET", "PUT", "PATCH", "DELETE", "HEAD")))
    assert tried(broker, f"{receiver.url}/m", method=method)["success"] is True
    assert [(one.method, one.raw) for one in receiver.received] == [(method.upper(), b'{"a":1}')]


def test_a_signed_call_can_be_checked_by_who_knows_the_key(serve: Any, webhook_settings: Any, receiver: Receiver) -> None:
    broker = serve(webhooks=webhook_settings(signing_key="shared"))
    tried(broker, f"{receiver.url}/x", headers={"X-Sagapact-Signature": "forged"})
    got = receiver.received[0]
    seconds, _, digest = got.headers["x-sagapact-signature"].removeprefix("t=").partition(",v1=")
    assert digest == hmac.new(b"shared", f"{seconds}.".encode() + got.raw, hashlib.sha256).hexdigest()


def test_names_never_break_what_they_stand_in(still: Any, receiver: Receiver, make_pact: Any) -> None:
    consumer, provider, number = 'quote"s \\ & ü', "Pro vider/é", '1"2'
    still.publish(consumer, number, (provider, make_pact(consumer, provider, "a")))
    request = {
        "body": {"${pactbroker.consumerName}": "${pactbroker.consumerVersionNumber}"},
        "headers": {"X-N": "${pactbroker.providerName}"},
        "username": "${pactbroker.consumerVersionNumber}",
    }
    tried(still, f"{receiver.url}/a/${{pactbroker.providerName}}?v=${{pactbroker.providerName}}", **request)
    tried(still, f"{receiver.url}/text", body='{"n": "${pactbroker.consumerName}"}')
    first, second = receiver.received
    assert first.body == {consumer: number}
    assert first.path == "/a/Pro%20vider%2F%C3%A9?v=Pro+vider%2F%C3%A9"
    assert second.body == {"n": consumer}


def test_secrets_are_in_no_log_and_no_answer_whatever_comes_back(still: Any, receiver: Receiver, make_webhook: Any) -> None:
    secrets = ["PASSWORD-1", "HEADER-2-SECRET", "BODY-3-SECRET", "QUERY-4-SECRET", "COOKIE-6-SECRET"]
    receiver.answers["/echo?api_key=QUERY-4-SECRET"] = Answer(
        200, {"you": secrets, "access_token": "ANSWER-7-SECRET"}, {"Set-Cookie": "s=ANSWER-8-SECRET"}
    )
    made = make_webhook(
        still,
        receiver.url.replace("http://", "http://user:IN-URL-5@") + "/echo?api_key=QUERY-4-SECRET",
        request={
            "headers": {"X-Auth-Token": "HEADER-2-SECRET", "Cookie": "COOKIE-6-SECRET"},
            "body": {"deep": [{"token": "BODY-3-SECRET"}], "plain": "text BODY-3-SECRET"},
            "username": "user",
            "password": "PASSWORD-1",
        },
    )
    assert "IN-URL-5" not in str(made)
    assert "PASSWORD-1" not in str(made)
    shown = still.post(f"/webhooks/{made['uuid']}/execute", None)
    assert shown["success"] is True
    for secret in (*secrets, "ANSWER-7-SECRET", "ANSWER-8-SECRET"):
        assert secret not in str(shown), secret
    assert receiver.received[0].body["deep"] == [{"token": "BODY-3-SECRET"}]


def test_a_document_that_is_sent_back_as_it_was_shown_changes_nothing(still: Any, receiver: Receiver, make_webhook: Any) -> None:
    request = {
        "headers": {"Authorization": "Bearer SECRET-1", "X-Token": "${pactbroker.eventName}"},
        "username": "u",
        "password": "SECRET-2",
    }
    made = make_webhook(
        still, f"{receiver.url}/x", "contract_published", request={**request, "body": ["a", None]}, description="d"
    )
    before = _got(still, made, receiver)
    still.put(f"/webhooks/{made['uuid']}", still.get(f"/webhooks/{made['uuid']}"), 200)
    assert _got(still, made, receiver) == before
    still.put(f"/webhooks/{made['uuid']}", {"request": {"method": "POST", "url": f"{receiver.url}/x", "password": None}}, 200)
    shown = still.get(f"/webhooks/{made['uuid']}")
    assert shown["request"] == {"method": "POST", "url": f"{receiver.url}/x"}
    assert (shown["description"], shown["events"]) == ("d", [{"name": "contract_content_changed"}])


def _got(broker: Any, made: Any, receiver: Receiver) -> Any:
    broker.post(f"/webhooks/{made['uuid']}/execute", None)
    last = receiver.received[-1]
    return last.headers, last.raw


def test_receivers_that_do_not_answer_keep_nobody_from_publishing(
    serve: Any, webhook_settings: Any, receiver: Receiver, make_pact: Any, until: Any
) -> None:
    broker = serve(webhooks=webhook_settings(timeout_s=20.0))
    receiver.silent.add("/slow")
    request = {"request": {**REQUEST, "url": f"{receiver.url}/slow"}}
    with ThreadPoolExecutor(8) as pool:
        tries = [pool.submit(broker.http.post, "/webhooks/execute", json=request) for _ in range(8)]
        until(lambda: len(receiver.received) == 4)
        broker.publish("Foo", "1", ("Bar", make_pact("Foo", "Bar", "a")))
        broker.get("/pacticipants/Foo")
        receiver.ends.set()
        statuses = sorted(one.result().status_code for one in tries)
    assert statuses[:4] == [200] * 4
    assert set(statuses[4:]) <= {200, 503}
