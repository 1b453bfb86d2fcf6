"""Every link of every answer of a filled broker leads to something that is there."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

import small_sagas
from saga_contracts.sagafile import parse_saga

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SAGA = small_sagas.saga_text(small_sagas.step("pay"))
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
    "environmentTag": "t",
    "saga": parse_saga(SAGA, "x.json").saga,
}
ELSEWHERE = {"curies"}  # documentation
# What a client may put, or may find absent: the Pact Broker has these links always, and clients know them so.
OF_OTHERS = {
    "pb:webhook",
    "saga:announcement",
    "saga:can-deploy",
    "saga:what-if",
}  # nothing of the kind is there, or more is asked for
PERHAPS = {"pb:tag-prod-version", "pb:tag-version", "pb:previous-distinct", "pb:latest-untagged-pact-version"}


@pytest.fixture
def filled(broker: Any, make_pact: Any) -> Any:
    consumer, provider = NAMES["consumer"], NAMES["provider"]
    for name in (consumer, provider):
        broker.post("/pacticipants", {"name": name, "mainBranch": NAMES["branch"]}, 201)
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
    body = {"content": SAGA, "contentType": "application/json", "branch": "main"}
    for number in ("1", NAMES["version"]):
        broker.put(f"/sagas/{NAMES['saga']}/versions/{number}", body)
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


def test_every_link_leads_somewhere(filled: Any) -> None:
    starts = ("", "pacticipants", "integrations", "environments", "labels", "sagas", "dashboard", "pacts/latest", "webhooks")
    asked = "&".join(f"q[][pacticipant]={quote(NAMES[side], safe='')}" for side in ("consumer", "provider"))
    waiting = [("start", f"{filled.url}/{path}") for path in (*starts, f"matrix?{asked}")]
    seen: set[str] = set()
    wrong = []
    while waiting:
        relation, address = waiting.pop()
        if address in seen:
            continue
        seen.add(address)
        assert address.startswith(filled.url), address
        reply = filled.http.get(address)
        if reply.status_code == 404 and relation in PERHAPS:
            continue
        if reply.status_code not in (200, 307) and not {"POST", "PUT", "DELETE"} & set(
            reply.headers.get("Allow", "").split(", ")
        ):
            wrong.append(f"{reply.status_code} {relation} {address}")
        if reply.content and reply.headers.get("Content-Type", "").startswith("application/hal+json"):
            for named, link in links_in(reply.json()):
                href = link["href"] if link["href"].startswith("http") else filled.url + link["href"]
                if named in ELSEWHERE:
                    continue
                if "{" not in href:
                    waiting.append((named, href))
                elif not {"GET", "POST", "PUT"} & methods(filled, href):
                    wrong.append(f"no resource is at {named} {href}")
    assert wrong == [], "\n".join(wrong)
    assert len(seen) > 60


def methods(broker: Any, template: str) -> set[str]:
    """Give what can be done at a template's addresses."""
    path = re.sub(r"\{\??\w+\}", "x", template).partition("?")[0]
    return set(broker.http.options(path).headers.get("Access-Control-Allow-Methods", "").split(", "))


def test_the_templates_of_the_index_lead_to_what_there_is(filled: Any) -> None:
    newest = filled.get(f"/pacts/provider/{quote(NAMES['provider'])}/consumer/{quote(NAMES['consumer'], safe='')}/latest")
    uuid = filled.environment("test")
    values = {**NAMES, "uuid": uuid, "pactVersion": newest["_links"]["pb:pact-version"]["name"]}
    index = [(name, one["href"]) for name, one in links_in(filled.get("/")) if "{" in one["href"] and name not in ELSEWHERE]
    wrong = []
    for name, href in index:
        if set(re.findall(r"\{(\w+)\}", href)) <= values.keys() and name not in OF_OTHERS:
            address = re.sub(r"\{(\w+)\}", lambda found: quote(values[found[1]], safe=""), href)
            reply = filled.http.get(address)
            if reply.status_code not in (200, 307) and "PUT" not in reply.headers.get("Allow", ""):
                wrong.append(f"{reply.status_code} {name} {address}")
    assert wrong == [], "\n".join(wrong)
    assert len(index) > 20
