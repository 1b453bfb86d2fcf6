"""Webhooks against recordings of the running original: documents, texts of faults, and what a receiver got.

Each step is sent to this broker; addresses, uuids and times are made alike first. Where this broker answers otherwise on purpose,
the reason stands in `DEVIATIONS`.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from hook_receiver import Answer, Receiver
from saga_broker.events.event import PACT_EVENTS
from saga_broker.settings import WebhookSettings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
ANSWERS = {
    "/err": Answer(500, {"message": "boom"}),
    "/redir": Answer(302, "", {"Location": "http://127.0.0.1:9498/ok"}),
    "/204": Answer(204, ""),
    "/text": Answer(200, "hällo <b>", {"Content-Type": "text/plain; charset=utf-8"}),
    "/bin": Answer(200, b"\xff\x00abc\xfe", {"Content-Type": "application/octet-stream"}),
}
DEVIATIONS = {
    "01-create 6": "a name in the body that contradicts the path is refused",
    "01-create 7": "no link to the webhooks of a pair without names",
    "02-validation 27": "a list of headers is refused, and nothing is stored",
    "02-validation 28": "the value of a header is a text",
    "02-validation 29": "null is no value of a header",
    "02-validation 32": "a list is refused, not an error of the broker",
    "02-validation 33": "the parser's own words",
    "03-get-list-delete 0": "lists what was made: see the deviations above",
    "04-update 0": "events are not needed when a webhook is replaced",
    "04-update 1": "it was replaced",
    "04-update 3": "events are not needed when a webhook is replaced",
    "04-update 4": "it was replaced",
    "04-update 6": "events are not needed when a webhook is replaced",
    "04-update 7": "it was replaced",
    "05-execute 8": "a text answer keeps its characters",
    "05-execute 9": "bytes that are no UTF-8 are replaced, not left out",
    "05-execute 12": "our own words for a time-out",
    "05-execute 15": "an unknown variable is told in the log",
    "05-execute 21": "an event that a webhook names twice calls once; some webhooks were refused above",
    "05-execute 34": "here no webhook was called by then",
    "11-header-and-body-kinds 20": "a line break in a header is refused, not an error of the broker",
    "11-header-and-body-kinds 32": "the original had webhooks by then",
    "11-header-and-body-kinds 33": "values are escaped in JSON; a blank in a path is %20",
}
FILES = ("01-create", "02-validation", "03-get-list-delete", "04-update", "05-execute", "04b-update-with-events")
PARTIES = ("Foo", "Bar", "Baz ü/1")


@dataclass
class Replay:
    """One broker that is asked what the original was asked."""

    broker: Any
    receiver: Receiver
    names: dict[str, str] = field(default_factory=dict)
    differences: list[str] = field(default_factory=list)

    def play(self, path: Path) -> None:
        recorded = json.loads(path.read_text())
        base = recorded["broker"].rpartition(" ")[2]
        for index, step in enumerate(recorded["steps"]):
            if "request" in step:
                self._ask(f"{recorded['name']} {index}", base, step["request"], step["response"])

    def _ask(self, place: str, base: str, request: dict[str, Any], expected: dict[str, Any]) -> None:
        body = request.get("body")
        text = self._ours(body if isinstance(body, str) else json.dumps(body)) if body is not None else None
        reply = self.broker.http.request(request["method"], self._ours(request["path"]), content=text, headers=request["headers"])
        found = reply.json() if reply.content and "json" in reply.headers.get("content-type", "") else reply.text
        self._learn(expected.get("body"), found)
        before, now = self._alike(expected.get("body"), base), self._alike(found, self.broker.url)
        same = reply.status_code == expected["status"] and before == now
        if not same and place not in DEVIATIONS:
            self.differences.append(f"{place}: {expected['status']} {before}\n  now {reply.status_code} {now}")
        if same and place in DEVIATIONS:
            self.differences.append(f"{place} is as recorded: take it out of DEVIATIONS")

    def _ours(self, text: str) -> str:
        for theirs, ours in self.names.items():
            text = text.replace(theirs, ours)
        return re.sub(r"http://127\.0\.0\.1:94\d\d", self.receiver.url, text)

    def _learn(self, expected: Any, found: Any) -> None:
        if isinstance(expected, dict) and isinstance(found, dict) and "uuid" in expected and "uuid" in found:
            self.names[expected["uuid"]] = found["uuid"]

    def _alike(self, document: Any, base: str) -> str:
        text = json.dumps(document, sort_keys=True, ensure_ascii=False).replace(base, "BROKER")
        for theirs, ours in self.names.items():
            text = text.replace(ours, theirs)
        text = re.sub(rf"127\.0\.0\.1:(?:94\d\d|{self.receiver.port})", "RECEIVER", text)
        text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|\+00:00)", "TIME", text)
        text = re.sub(r'("content-length"|content-length): "?\d+"?', r"\1: N", text)
        text = re.sub(r'"date": "[^"]*"|date: \w{3}, [^\\]*', "DATE", text)
        text = re.sub(r'"server": "[^"]*"|server: [^\\]*', "SERVER", text)
        text = re.sub(r'"x-custom-answer": "yes", |\[TIME\] INFO: x-custom-answer: yes\\n|, "x-custom-answer": "yes"', "", text)
        text = re.sub(r"(verification-results/|Verification result )\d+", r"\1N", text)
        return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "UUID", text)


@pytest.fixture
def database_url(fresh_database: Any) -> Iterator[str]:
    with fresh_database("sqlite") as url:
        yield url


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    made.answers.update(ANSWERS)
    made.silent.add("/slow")
    yield made
    made.stop()


@pytest.fixture
def replay(serve: Any, receiver: Receiver) -> Replay:
    hooks = WebhookSettings(schemes=("http", "https"), hosts=("127.0.0.1", "localhost"), retry_schedule_s=(2, 3), timeout_s=0.5)
    broker = serve(webhooks=hooks)
    for name in PARTIES:
        broker.post("/pacticipants", {"name": name}, 201)
    return Replay(broker, receiver)


def test_webhooks_are_written_read_and_tried_as_recorded(replay: Replay, recordings: Path) -> None:
    for name in FILES:
        replay.play(recordings / "webhooks" / f"{name}.json")
    assert replay.differences == [], "\n".join(replay.differences[:6])


def test_every_kind_of_header_and_body_is_sent_as_recorded(replay: Replay, recordings: Path) -> None:
    path = recordings / "webhooks" / "11-header-and-body-kinds.json"
    replay.broker.publish("Foo", "1", ("Bar", {"consumer": {"name": "Foo"}, "provider": {"name": "Bar"}, "interactions": []}))
    replay.play(path)
    assert replay.differences == [], "\n".join(replay.differences[:6])
    received = [one for step in json.loads(path.read_text())["steps"] for one in step.get("webhook_requests_received", [])]
    assert len(replay.receiver.received) > len(received) / 2


@pytest.mark.parametrize(
    ("name", "pair"), [("06-events-publish", ("E1", "P1", "e1")), ("07-events-verification", ("E2", "P2", "e2"))]
)
def test_receivers_are_told_of_events_as_recorded(
    serve: Any, receiver: Receiver, recordings: Path, until: Any, name: str, pair: tuple[str, str, str]
) -> None:
    recorded = json.loads((recordings / "webhooks" / f"{name}.json").read_text())
    expected = [one for step in recorded["steps"] for one in step.get("webhook_requests_received", [])]
    hooks = WebhookSettings(schemes=("http",), hosts=("127.0.0.1",), first_call_after_s=0.3)
    broker = serve(work=True, webhooks=hooks)
    _prepare(broker, receiver, pair, list(expected[0]["body"]))
    replay, place = Replay(broker, receiver), recorded["broker"].rpartition(" ")[2]
    for step in recorded["steps"]:
        if "request" in step and step["request"]["method"] != "GET":
            request = step["request"]
            path = request["path"].replace("/101", "/1")
            broker.http.request(request["method"], path, json=request["body"], headers=request["headers"])
        wanted = step.get("webhook_requests_received", [])
        if wanted:
            until(partial(_has, receiver, len(wanted)))
            found = sorted(replay._alike([one.path, one.body], broker.url) for one in receiver.received)
            assert found == sorted(replay._alike([one["path"], one["body"]], place) for one in wanted), step
            receiver.received.clear()


def _has(receiver: Receiver, count: int) -> bool:
    return len(receiver.received) == count


def _prepare(broker: Any, receiver: Receiver, pair: tuple[str, str, str], names: list[str]) -> None:
    consumer, provider, path = pair
    for one in (consumer, provider):
        broker.post("/pacticipants", {"name": one}, 201)
    broker.put(f"/pacticipants/{provider}/branches/main/versions/10", {}, 201)
    broker.put(f"/pacticipants/{provider}/versions/10/tags/ptag", {}, 201)
    if consumer == "E1":  # its provider had no version yet
        broker.delete(f"/pacticipants/{provider}/versions/10")
    for event in PACT_EVENTS:
        body = {one: f"${{pactbroker.{one}}}" for one in names}
        request = {"method": "POST", "url": f"{receiver.url}/{path}/{event}", "body": body}
        hook = {"events": [{"name": event}], "request": {**request, "headers": {"Content-Type": "application/json"}}}
        if event != "contract_requiring_verification_published" and not (consumer == "E2" and event.startswith("contract")):
            broker.post(f"/webhooks/provider/{provider}/consumer/{consumer}", hook, 201)
