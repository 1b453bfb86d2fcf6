"""Single pacts: publishing one, merging, reading it by several ways, deleting it."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

MakePact = Callable[..., dict[str, Any]]
ServeBroker = Callable[..., Any]
PAIR = "/pacts/provider/Bar/consumer/Foo"
GENERAL_404 = {"error": "The requested document was not found on this server."}


def sha_of(document: Any) -> str:
    return str(document["_links"]["pb:pact-version"]["name"])


def test_a_pact_is_published_under_its_version_and_given_back_with_links(broker: Any, make_pact: MakePact) -> None:
    broker.put(f"{PAIR}/version/1", make_pact("Foo", "Bar", "a"))
    again = broker.put(f"{PAIR}/versions/1", make_pact("Foo", "Bar", "a"), 200)

    assert set(again["_links"]) == {
        *("self", "pb:consumer", "pb:consumer-version", "pb:provider", "pb:pact-version", "pb:latest-pact-version"),
        *("pb:all-pact-versions", "pb:latest-untagged-pact-version", "pb:latest-tagged-pact-version", "pb:previous-distinct"),
        *("pb:diff-previous-distinct", "pb:diff", "pb:pact-webhooks", "pb:consumer-webhooks", "pb:tag-prod-version"),
        *("pb:tag-version", "pb:publish-verification-results", "pb:latest-verification-results", "pb:triggered-webhooks"),
        *("pb:matrix-for-consumer-version", "curies"),
    }
    assert again["_links"]["pb:provider"] == {"title": "Provider", "name": "Bar", "href": f"{broker.url}/pacticipants/Bar"}
    assert "createdAt" in again


def test_the_interactions_get_ids_of_their_content(broker: Any, make_pact: MakePact) -> None:
    document = make_pact("Foo", "Bar", "a") | {"messages": [{"description": "m", "_id": "sent"}]}
    broker.put(f"{PAIR}/version/1", document)

    shown = broker.get(f"{PAIR}/version/1")

    written = json.dumps(document["interactions"][0], sort_keys=True, separators=(",", ":")).encode()
    digests = [hashlib.sha1(text, usedforsecurity=False).hexdigest() for text in (written, b'{"description":"m"}')]
    assert next(iter(shown["interactions"][0].items())) == ("_id", digests[0])
    assert shown["messages"] == [{"_id": digests[1], "description": "m"}]


def test_a_pact_is_offered_in_several_forms(broker: Any, make_pact: MakePact) -> None:
    broker.publish("Foo", "1", ("Bar", make_pact("Foo", "Bar", "a")), tags=["dev", "old"])
    broker.put("/pacticipants/Foo/versions/2/tags/old", {})
    extended = "application/vnd.pactbrokerextended.v1+json"
    for accept in ("application/hal+json", "application/json", extended, "application/problem+json"):
        reply = broker.http.get(f"{PAIR}/version/1", headers={"Accept": accept})
        assert reply.status_code == 200, accept
        if not accept.endswith("problem+json"):
            assert reply.headers["content-type"] == f"{accept};charset=utf-8"
    document = broker.http.get(f"{PAIR}/version/1", headers={"Accept": extended}).json()
    assert document["contract"]["consumer"] == {"name": "Foo"}
    assert [(tag["name"], tag["latest"]) for tag in document["_embedded"]["tags"]] == [("dev", True), ("old", False)]
    for accept, path in (("application/json", "/pacticipants"), ("text/csv", f"{PAIR}/version/1")):
        reply = broker.http.get(path, headers={"Accept": accept})
        assert (reply.status_code, reply.content) == (406, b"")


def test_the_names_in_a_pact_must_be_those_of_the_address(broker: Any, make_pact: MakePact) -> None:
    errors = broker.put(f"{PAIR}/version/1", make_pact("Fox", "Bat", "a"), 400)["errors"]
    assert errors == {
        "consumer.name": ["name in pact 'Fox' does not match name in URL path 'Foo'."],
        "provider.name": ["name in pact 'Bat' does not match name in URL path 'Bar'."],
    }


def test_any_object_is_taken_as_a_pact(broker: Any) -> None:
    broker.put(f"{PAIR}/version/1", {"not": "a pact"})
    assert broker.get(f"{PAIR}/version/1")["not"] == "a pact"
    for body in ("[]", '"text"', "{", ""):
        reply = broker.http.put(f"{PAIR}/version/2", content=body, headers={"Content-Type": "application/json"})
        assert reply.status_code == 400, body
    assert broker.http.put(f"{PAIR}/version/2", content="{}", headers={"Content-Type": "text/plain"}).status_code == 415


def test_a_version_keeps_its_pact_unless_that_is_allowed(serve: ServeBroker, make_pact: MakePact) -> None:
    broker = serve()
    broker.put(f"{PAIR}/version/1", make_pact("Foo", "Bar", "a"))
    refused = broker.put(f"{PAIR}/version/1", make_pact("Foo", "Bar", "b"), 409)
    assert refused["error"].startswith("Cannot change the content of the pact for Foo version 1 and provider Bar, as race")

    daring = serve(allow_dangerous_contract_modification=True)
    changed = daring.put(f"{PAIR}/version/1", make_pact("Foo", "Bar", "b"), 200)
    told = daring.publish("Foo", "1", ("Bar", make_pact("Foo", "Bar", "c")))["notices"]
    assert changed["interactions"][0]["description"] == "b"
    assert next(one["type"] for one in told if "content" in one["text"]) == "warning"


def test_all_of_the_text_counts_when_the_broker_is_told_so(serve: ServeBroker, make_pact: MakePact) -> None:
    texts = ('{"interactions":[],"x":1}', '{ "interactions": [], "x": 1 }', '{"interactions":[],"x":2}')
    found = []
    for whole in (False, True):
        broker = serve(base_equality_only_on_content_that_affects_verification_results=not whole)
        provider = "whole" if whole else "content"
        for number, text in enumerate(texts):
            path = f"/pacts/provider/{provider}/consumer/Foo/version/{provider}{number}"
            reply = broker.http.put(path, content=text, headers={"Content-Type": "application/json"})
            found.append(sha_of(reply.json()))
    assert found[:3] == ["ed7c1aebc3e11064ce9afc29297e1e36203583cd"] * 3
    assert found[3] == found[4] == hashlib.sha1(texts[0].encode(), usedforsecurity=False).hexdigest()
    assert found[5] == hashlib.sha1(texts[2].encode(), usedforsecurity=False).hexdigest()


def test_a_name_that_reads_like_another_is_refused(serve: ServeBroker, make_pact: MakePact) -> None:
    broker = serve()
    broker.put(f"{PAIR}/version/1", make_pact("Foo", "Bar", "a"))

    reply = broker.http.put("/pacts/provider/Bar%20Service/consumer/Foo/version/2", json=make_pact("Foo", "Bar Service", "a"))
    told = broker.publish("foos", "1", ("Bar", make_pact("foos", "Bar", "a")), status=409)

    assert (reply.status_code, reply.headers["content-type"]) == (409, "text/plain;charset=utf-8")
    assert reply.text.startswith('This is the first time a pact has been published for "Bar Service".\n')
    assert "* Bar\n" in reply.text
    assert told["errors"]["contracts"] == [one["text"] for one in told["notices"]]
    assert '"foos" is very similar' in told["notices"][0]["text"]
    broker.get("/pacticipants/foos", 404)
    broker.post("/pacticipants", {"name": "Bar Service"}, 201)
    broker.put("/pacts/provider/Bar%20Service/consumer/Foo/version/2", make_pact("Foo", "Bar Service", "a"))
    lax = serve(check_for_potential_duplicate_pacticipant_names=False)
    lax.publish("foos", "1", ("Bar", make_pact("foos", "Bar", "a")))


def test_a_patch_merges_interactions(broker: Any, make_pact: MakePact) -> None:
    def patch(document: Any, status: int) -> Any:
        reply = broker.http.patch(f"{PAIR}/version/1", json=document)
        assert reply.status_code == status, reply.text
        return reply.json() if reply.content else None

    patch(make_pact("Foo", "Bar", "a"), 201)
    appended = patch(make_pact("Foo", "Bar", "b"), 200)
    other_response = make_pact("Foo", "Bar", "a")
    other_response["interactions"][0]["response"]["status"] = 404
    replaced = patch(other_response, 200)
    other_request = make_pact("Foo", "Bar", "a")
    other_request["interactions"][0]["request"]["path"] = "/other"

    assert [one["description"] for one in appended["interactions"]] == ["a", "b"]
    assert [one["response"]["status"] for one in replaced["interactions"]] == [404, 200]
    assert patch(other_request, 409) is None
    assert patch({"messages": []}, 409) is None
    assert len({sha_of(appended), sha_of(replaced)}) == 2
    broker.get(f"{PAIR}/pact-version/{sha_of(replaced)}")


def test_a_pact_is_found_by_its_content(broker: Any, make_pact: MakePact) -> None:
    for number in ("1", "2"):
        broker.publish("Foo", number, ("Bar", make_pact("Foo", "Bar", "a")))
    sha = sha_of(broker.get(f"{PAIR}/version/1"))
    chosen = broker.post("/pacts/provider/Bar/for-verification", {})["_embedded"]["pacts"][0]["_links"]["self"]["href"]

    assert broker.get(f"{PAIR}/pact-version/{sha}")["_links"]["self"]["name"] == "Pact between Foo (2) and Bar"
    with_metadata = broker.get(chosen)
    assert [one["name"] for one in with_metadata["_links"]["pb:consumer-versions"]] == ["2"]
    results = with_metadata["_links"]["pb:publish-verification-results"]["href"]
    assert results == f"{chosen}/verification-results"
    assert "pb:consumer-versions" not in broker.get(f"{PAIR}/pact-version/{sha}/metadata/%21%21")["_links"]
    assert broker.get(f"{PAIR}/pact-version/{'0' * 40}", 404) == GENERAL_404


def test_the_latest_pact_is_that_of_the_newest_version_of_its_kind(broker: Any, make_pact: MakePact) -> None:
    for number, branch, tags in (("1", "main", ["prod"]), ("2", "feat", ["dev"]), ("3", "main", ["prod"]), ("4", "feat", [])):
        fields = {"branch": branch, "tags": tags}
        broker.publish("Foo", number, ("Bar", make_pact("Foo", "Bar", number)), **fields)
    broker.put("/pacticipants/Foo/branches/main/versions/5", {})
    broker.put("/pacticipants/Foo/versions/5/tags/prod", {})

    found = {}
    for path in ("latest", "latest/prod", "latest/dev", "latest-untagged", "branch/main/latest", "branch/latest"):
        reply = broker.http.get(f"{PAIR}/{path}")
        found[path] = reply.headers["X-Pact-Consumer-Version"]
        assert reply.json()["_links"]["self"]["name"] == f"Pact between Foo ({found[path]}) and Bar"

    expected = {"latest": "4", "latest/prod": "3", "latest/dev": "2", "latest-untagged": "4"}
    assert found == expected | {"branch/main/latest": "3", "branch/latest": "3"}
    for path in ("latest/none", "branch/none/latest"):
        assert broker.get(f"{PAIR}/{path}", 404) == GENERAL_404
    assert broker.get("/pact/provider/Bar/consumer/Foo/latest/prod")["interactions"][0]["description"] == "3"


def test_a_deleted_pact_leaves_the_version_and_names_the_next(broker: Any, make_pact: MakePact) -> None:
    for number in ("1", "2"):
        broker.publish("Foo", number, ("Bar", make_pact("Foo", "Bar", number)))

    first = broker.delete(f"{PAIR}/version/2", 200)
    last = broker.delete(f"{PAIR}/version/1", 200)

    assert set(first["_links"]) == {"index", "pb:latest-pact-version"}
    assert set(last["_links"]) == {"index"}
    assert broker.get("/pacticipants/Foo/versions/2")["number"] == "2"
    assert broker.delete(f"{PAIR}/version/1", 404) == GENERAL_404
