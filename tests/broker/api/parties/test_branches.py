"""Branches, tags, and what follows when a version gets one."""

from collections.abc import Callable
from typing import Any

MakePact = Callable[..., dict[str, Any]]
ServeBroker = Callable[..., Any]
FOO = "/pacticipants/Foo"


def names(document: Any) -> list[str]:
    return [one["name"] for one in document["_embedded"]["branches"]]


def test_a_version_is_put_on_a_branch_and_made_when_it_is_new(broker: Any) -> None:
    first = broker.http.put(f"{FOO}/branches/feat%2Fx/versions/1%2F2", json={})
    again = broker.put(f"{FOO}/branches/feat%2Fx/versions/1%2F2", {}, 200)

    address = f"{broker.url}{FOO}/branches/feat%2Fx/versions/1%2F2"
    assert (first.status_code, first.headers["Location"]) == (201, address)
    assert again["_links"]["pb:branch"]["name"] == "feat/x"
    assert broker.get(address)["_links"]["pb:version"]["name"] == "1/2"


def test_only_a_version_that_is_newly_added_becomes_the_head(broker: Any) -> None:
    for number in ("1", "2"):
        broker.put(f"{FOO}/branches/main/versions/{number}", {})
    broker.put(f"{FOO}/branches/main/versions/1", {}, 200)
    assert broker.get(f"{FOO}/branches/main/latest-version")["number"] == "2"

    broker.put(f"{FOO}/versions/0", {})
    broker.put(f"{FOO}/versions/3", {})
    broker.put(f"{FOO}/branches/main/versions/0", {})
    assert broker.get(f"{FOO}/branches/main/latest-version")["number"] == "0"

    broker.delete(f"{FOO}/branches/main/versions/0")
    assert broker.get(f"{FOO}/branches/main/latest-version")["number"] == "2"
    listed = broker.get(f"{FOO}/branches/main/versions")["_embedded"]["versions"]
    assert [(one["number"], one["_embedded"]["branchVersions"][0]["latest"]) for one in listed] == [("2", True), ("1", False)]


def test_a_version_can_be_on_several_branches(broker: Any) -> None:
    for branch in ("a", "b"):
        broker.put(f"{FOO}/branches/{branch}/versions/1", {})
    found = broker.get(f"{FOO}/versions/1")["_embedded"]["branchVersions"]
    assert [(one["name"], one["latest"]) for one in found] == [("a", True), ("b", True)]


def test_branches_are_listed_the_last_changed_first_in_parts_of_a_hundred(broker: Any) -> None:
    for branch in ("a", "b", "feat/c"):
        broker.put(f"{FOO}/branches/{branch.replace('/', '%2F')}/versions/1", {})
    broker.put(f"{FOO}/branches/a/versions/2", {})

    listed = broker.get(f"{FOO}/branches")

    assert names(listed) == ["a", "feat/c", "b"]
    assert listed["page"] == {"number": 1, "size": 100, "totalElements": 3, "totalPages": 1}
    assert [link["name"] for link in listed["_links"]["pb:branches"]] == ["a", "feat/c", "b"]
    assert names(broker.get(f"{FOO}/branches", q="FEAT")) == ["feat/c"]
    assert names(broker.get(f"{FOO}/branches", page=2, size=2)) == ["b"]


def test_a_deleted_branch_leaves_its_versions(broker: Any) -> None:
    broker.put(f"{FOO}/branches/main/versions/1", {})
    assert broker.get(f"{FOO}/branches/main")["_links"]["pb:latest-version"]["href"].endswith("/branches/main/latest-version")

    broker.delete(f"{FOO}/branches/main")

    broker.get(f"{FOO}/branches/main", 404)
    broker.delete(f"{FOO}/branches/main", 404)
    broker.get(f"{FOO}/branches/main/latest-version", 404)
    assert broker.get(f"{FOO}/versions/1")["_embedded"]["branchVersions"] == []


def test_all_branches_but_some_are_deleted_at_once(broker: Any) -> None:
    for branch in ("main", "a", "b", "keep"):
        broker.put(f"{FOO}/branches/{branch}/versions/1", {})

    reply = broker.http.delete(f"{FOO}/branches?exclude[]=keep")

    text = "Scheduled deletion of 2 branches for pacticipant Foo. Remaining branches are: keep, main"
    assert (reply.status_code, reply.json()) == (202, {"notices": [{"type": "success", "text": text}]})
    assert sorted(names(broker.get(f"{FOO}/branches"))) == ["keep", "main"]
    assert broker.get(f"{FOO}/versions/1")["number"] == "1"


def test_a_tag_is_put_shown_and_taken_off(broker: Any) -> None:
    path = f"{FOO}/versions/1/tags/a%2Fb"
    first = broker.http.put(path, json={})
    broker.put(path, {}, 200)

    assert (first.status_code, first.headers["Location"]) == (201, broker.url + path)
    assert set(broker.get(path)["_links"]) == {"self", "version", "pacticipant"}
    broker.delete(path)
    broker.delete(path, 404)
    broker.get(path, 404)
    assert broker.http.put(path, content="{}", headers={"Content-Type": "text/plain"}).status_code == 415


def test_the_main_branch_is_found_by_its_name(broker: Any) -> None:
    for name, put in (
        ("a", "branches/feat/versions/1"),
        ("a", "branches/master/versions/1"),
        ("a", "branches/main/versions/1"),
        ("b", "versions/1/tags/develop"),
        ("c", "branches/trunk/versions/1"),
    ):
        broker.put(f"/pacticipants/{name}/{put}", {})
    found = [broker.get(f"/pacticipants/{name}").get("mainBranch") for name in "abc"]
    assert found == ["master", "develop", None]


def test_the_first_tag_of_a_young_version_becomes_its_branch(broker: Any) -> None:
    for number, *puts in (("1", "tags/a", "tags/b"), ("2", "tags/b")):
        for put in puts:
            broker.put(f"{FOO}/versions/{number}/{put}", {})
    broker.put(f"{FOO}/branches/feat/versions/3", {})
    broker.put(f"{FOO}/versions/3/tags/c", {})

    versions = broker.get(f"{FOO}/versions")["_embedded"]["versions"]
    found = {one["number"]: [branch["name"] for branch in one["_embedded"]["branchVersions"]] for one in versions}

    assert found == {"1": ["a"], "2": ["b"], "3": ["feat"]}


def test_the_consequences_of_names_can_be_switched_off(serve: ServeBroker) -> None:
    off = {"auto_detect_main_branch": False, "use_first_tag_as_branch": False, "create_deployed_versions_for_tags": False}
    broker = serve(**off)
    broker.put(f"{FOO}/versions/1/tags/main", {})
    broker.put(f"{FOO}/versions/1/tags/test", {})

    assert "mainBranch" not in broker.get(FOO)
    version = broker.get(f"{FOO}/versions/1")
    assert (version["_embedded"]["branchVersions"], version["_links"]["pb:deployed-environments"]) == ([], [])


def test_a_tag_named_like_an_environment_records_a_deployment_each_time(broker: Any, make_pact: MakePact) -> None:
    def deployed() -> list[str]:
        path = f"/environments/{broker.environment('test')}/deployed-versions/currently-deployed"
        return [one["_embedded"]["version"]["number"] for one in broker.get(path)["_embedded"]["deployedVersions"]]

    broker.publish("Foo", "0", ("Bar", make_pact("Foo", "Bar", "a")), tags=["test"])
    assert deployed() == []
    for number, status in (("1", 201), ("2", 201), ("1", 200)):
        broker.put(f"{FOO}/versions/{number}/tags/test", {}, status)
        assert deployed() == [number]
