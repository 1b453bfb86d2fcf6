"""Every link of every answer of a filled broker leads to something that is there."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

import small_sagas
from saga_contracts.sagafile import parse_saga

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
NAMES = {
    "pacticipant": "Foo/1",
    "consumer": "Foo/1",
    "provider": "Bar é",
    "version": "1.json",
    "consumerApplicationVersion": "1.json",
    "tag": "t",
    "branch": "feat/x",
    "label": "red",
    "environment": "test",
}
ELSEWHERE = {"curies"}  # documentation, with a template of its own
FORMS = ("application/hal+json, application/json", "text/html")


@pytest.fixture
def filled(broker: Any, make_pact: Any) -> Any:
    consumer, provider = NAMES["consumer"], NAMES["provider"]
    path = f"/pacts/provider/{quote(provider)}/consumer/{quote(consumer, safe='')}"
    for number, content in (("0", "a"), (NAMES["version"], "b")):
        broker.publish(consumer, number, (provider, make_pact(consumer, provider, content)), branch=NAMES["branch"], tags=["t"])
        pact = broker.get(f"{path}/version/{number}")
        for success in (False, True):
            result = {"success": success, "providerApplicationVersion": "9"}
            broker.post(pact["_links"]["pb:publish-verification-results"]["href"], result, 201)
    broker.put(f"/pacticipants/{quote(consumer, safe='')}/labels/red", {})
    broker.put(f"/pacticipants/{quote(provider)}/branches/{quote('feat/x', safe='')}/versions/9", {})
    for name in ("0", NAMES["version"]):
        broker.deploy(quote(consumer, safe=""), name, "test")
    uuid = broker.environment("test")
    broker.post(f"/pacticipants/{quote(provider)}/versions/9/released-versions/environment/{uuid}", {}, 201)
    text = small_sagas.saga_text(small_sagas.step("pay"))
    body = {"content": text, "contentType": "application/json", "branch": "main"}
    broker.put(f"/sagas/{parse_saga(text, 'x.json').saga}/versions/1", body)
    return broker


def links_in(document: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give all links of a document, at any depth, with their relations."""
    if isinstance(document, list):
        for one in document:
            yield from links_in(one)
    if isinstance(document, dict):
        for name, value in document.items():
            if name == "_links":
                for relation, links in value.items():
                    yield from ((relation, one) for one in (links if isinstance(links, list) else [links]))
            else:
                yield from links_in(value)


def addresses(broker: Any, document: Any) -> Iterator[str]:
    values = {**NAMES, "uuid": broker.environment("test")}
    for relation, link in links_in(document):
        if relation in ELSEWHERE:
            continue
        href = re.sub(r"\{(\w+)\}", lambda found: quote(values[found[1]], safe=""), link["href"])
        yield href if href.startswith("http") else broker.url + href


def test_every_link_leads_somewhere(filled: Any) -> None:
    waiting, seen, wrong = [f"{filled.url}/"], set[str](), []
    starts = ("pacticipants", "integrations", "environments", "labels", "sagas", "dashboard", "pacts/latest", "webhooks")
    waiting += [f"{filled.url}/{path}" for path in starts]
    asked = [("q[][pacticipant]", NAMES["consumer"]), ("q[][pacticipant]", NAMES["provider"])]
    waiting.append(f"{filled.url}/matrix?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in asked))
    while waiting:
        address = waiting.pop()
        if address in seen:
            continue
        seen.add(address)
        assert address.startswith(filled.url), address
        for accept in FORMS:
            reply = filled.http.get(address, headers={"Accept": accept})
            if reply.status_code not in (200, 307, 405, 406):
                wrong.append(f"{reply.status_code} {accept} {address}")
            if reply.status_code == 405 and not {"POST", "PUT", "DELETE"} & set(reply.headers["Allow"].split(", ")):
                wrong.append(f"nothing at all can be done at {address}")
            if reply.headers.get("Content-Type", "").startswith("application/hal+json"):
                waiting += addresses(filled, reply.json())
    assert wrong == [], "\n".join(wrong)
    assert len(seen) > 100
