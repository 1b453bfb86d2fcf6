"""Versions: their fields, lists, the latest ones, and what follows from deleting them."""

from collections.abc import Callable
from typing import Any

MakePact = Callable[..., dict[str, Any]]
FOO = "/pacticipants/Foo"


def numbers(document: Any) -> list[str]:
    return [one["number"] for one in document["_embedded"]["versions"]]


def test_a_version_shows_its_branches_tags_and_environments(broker: Any, make_pact: MakePact) -> None:
    broker.publish("Foo", "1", ("Bar", make_pact("Foo", "Bar", "a")), branch="main", tags=["b", "a"], buildUrl="http://ci/1")
    broker.deploy("Foo", "1", "test", applicationInstance="blue")
    broker.post(f"{FOO}/versions/1/released-versions/environment/{broker.environment('production')}", {}, 201)

    version = broker.get(f"{FOO}/versions/1")

    assert (version["number"], version["buildUrl"]) == ("1", "http://ci/1")
    assert [(one["name"], one["latest"]) for one in version["_embedded"]["branchVersions"]] == [("main", True)]
    assert [one["name"] for one in version["_embedded"]["tags"]] == ["a", "b"]
    links = version["_links"]
    assert [(one["name"], one["application_instance"]) for one in links["pb:deployed-environments"]] == [("Test", "blue")]
    assert [(one["name"], one["currently_supported"]) for one in links["pb:released-environments"]] == [("Production", True)]
    assert [one["name"] for one in links["pb:pact-versions"]] == ["Pact between Foo (1) and Bar"]
    for relation, path in (("pb:record-deployment", "deployed-versions"), ("pb:record-release", "released-versions")):
        hrefs = {one["name"]: one["href"] for one in links[relation]}
        assert hrefs["test"] == f"{broker.url}{FOO}/versions/1/{path}/environment/{broker.environment('test')}"
        assert set(hrefs) == {"test", "production"}


def test_the_relations_for_recording_are_there_even_without_environments(broker: Any) -> None:
    for name in ("test", "production"):
        broker.delete(f"/environments/{broker.environment(name)}")
    links = broker.put(f"{FOO}/versions/1", {})["_links"]
    assert (links["pb:record-deployment"], links["pb:record-release"], links["pb:deployed-environments"]) == ([], [], [])


def test_a_put_replaces_the_tags_and_ignores_the_branch(broker: Any) -> None:
    broker.put(f"{FOO}/versions/1", {"tags": [{"name": "a"}, {"name": "b"}], "branch": "main", "buildUrl": "http://ci"})
    changed = broker.put(f"{FOO}/versions/1", {"_embedded": {"tags": [{"name": "c"}]}}, 200)
    kept = broker.put(f"{FOO}/versions/1", {}, 200)

    assert [one["name"] for one in changed["_embedded"]["tags"]] == ["c"]
    assert [one["name"] for one in kept["_embedded"]["tags"]] == ["c"]
    assert changed["_embedded"]["branchVersions"] == []
    assert "buildUrl" not in changed


def test_a_patch_changes_only_what_it_gives_and_adds_no_branch(broker: Any) -> None:
    made = broker.patch(f"{FOO}/versions/1", {"buildUrl": "http://ci/1", "tags": [{"name": "a"}]}, 201)
    changed = broker.patch(f"{FOO}/versions/1", {"branch": "main"})

    assert made["number"] == "1"
    assert (changed["buildUrl"], changed["_embedded"]["branchVersions"]) == ("http://ci/1", [])
    assert [one["name"] for one in changed["_embedded"]["tags"]] == ["a"]


def test_put_and_patch_take_their_own_media_type_only(broker: Any) -> None:
    for method, media_type in (("PUT", "application/merge-patch+json"), ("PATCH", "application/json"), ("PUT", "text/plain")):
        reply = broker.http.request(method, f"{FOO}/versions/1", content="{}", headers={"Content-Type": media_type})
        assert (reply.status_code, reply.content) == (415, b""), (method, media_type)


def test_versions_made_on_the_way_count_as_updated_at_once(broker: Any, make_pact: MakePact) -> None:
    broker.publish("Foo", "published", ("Bar", make_pact("Foo", "Bar", "a")))
    broker.put(f"{FOO}/versions/put", {})
    broker.put(f"{FOO}/branches/main/versions/branch", {})
    broker.put(f"{FOO}/versions/tag/tags/t", {})
    broker.put("/pacts/provider/Bar/consumer/Foo/version/pact", make_pact("Foo", "Bar", "a"))
    broker.publish("Foo", "built", ("Bar", make_pact("Foo", "Bar", "a")))
    for build in ({}, {"buildUrl": "http://ci"}):
        broker.publish("Foo", "built", ("Bar", make_pact("Foo", "Bar", "a")), **build)
    broker.verify("Foo", "pact", "Bar", "result")

    versions = broker.get(f"{FOO}/versions")["_embedded"]["versions"]

    updated = {one["number"] for one in versions if "updatedAt" in one}
    assert updated == {"branch", "tag", "pact", "built"}
    assert "updatedAt" in broker.get("/pacticipants/Bar/versions/result")


def test_the_latest_version_is_the_one_made_last_whatever_its_number(broker: Any) -> None:
    for number, tag in (("2.0.0", "prod"), ("10", "dev"), ("1.0.0", "prod"), ("0.1", "none")):
        broker.put(f"{FOO}/versions/{number}/tags/{tag}", {})

    assert numbers(broker.get(f"{FOO}/versions")) == ["0.1", "1.0.0", "10", "2.0.0"]
    assert broker.get(f"{FOO}/latest-version")["number"] == "0.1"
    assert broker.get(f"{FOO}/latest-version/prod")["number"] == "1.0.0"
    assert broker.get(f"{FOO}/latest-version")["_links"]["self"]["href"] == f"{broker.url}{FOO}/latest-version"
    assert numbers(broker.get(f"{FOO}/tags/prod/versions")) == ["1.0.0", "2.0.0"]
    assert numbers(broker.get(f"{FOO}/versions", page=2, size=3)) == ["2.0.0"]
    assert broker.get(f"{FOO}/versions", page=2, size=3)["page"]["totalElements"] == 4


def test_versions_of_an_environment_are_those_ever_deployed_or_released_there(broker: Any) -> None:
    for number in ("1", "2", "3"):
        broker.put(f"{FOO}/versions/{number}", {})
    broker.deploy("Foo", "1", "test")
    broker.deploy("Foo", "2", "test")
    uuid = broker.environment("test")

    assert numbers(broker.get(f"{FOO}/environments/{uuid}/versions")) == ["2", "1"]
    broker.get(f"{FOO}/environments/00000000-0000-0000-0000-000000000000/versions", 404)


def test_what_does_not_exist_is_answered_404(broker: Any) -> None:
    broker.put(f"{FOO}/versions/1", {})
    general = {"error": "The requested document was not found on this server."}
    for path in ("versions/2", "latest-version/none", "tags/none/versions", "branches/none/versions", "versions/1/tags/none"):
        assert broker.get(f"{FOO}/{path}", 404) == general, path
    assert broker.delete(f"{FOO}/versions/2", 404) == general
    for path in ("versions", "latest-version"):
        assert broker.get(f"/pacticipants/None/{path}", 404) == {"error": "No pacticipant with name 'None' found"}, path


def test_a_deleted_version_moves_the_head_of_its_branch_back(broker: Any, make_pact: MakePact) -> None:
    for number in ("1", "2"):
        broker.publish("Foo", number, ("Bar", make_pact("Foo", "Bar", number)), branch="main", tags=["t"])
    broker.verify("Foo", "2", "Bar", "9")
    broker.deploy("Foo", "2", "test")

    broker.delete(f"{FOO}/versions/2")

    assert broker.get(f"{FOO}/branches/main/latest-version")["number"] == "1"
    assert broker.get(f"{FOO}/latest-version/t")["number"] == "1"
    broker.get("/pacts/provider/Bar/consumer/Foo/version/2", 404)
    uuid = broker.environment("test")
    assert broker.get(f"/environments/{uuid}/deployed-versions/currently-deployed")["_embedded"]["deployedVersions"] == []


def test_a_deleted_provider_version_takes_its_results_along(broker: Any, make_pact: MakePact) -> None:
    broker.publish("Foo", "1", ("Bar", make_pact("Foo", "Bar", "a")))
    result = broker.verify("Foo", "1", "Bar", "9")
    broker.delete("/pacticipants/Bar/versions/9")
    broker.get(result["_links"]["self"]["href"], 404)
