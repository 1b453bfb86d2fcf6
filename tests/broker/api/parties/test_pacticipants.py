"""Pacticipants and their labels."""

from collections.abc import Callable
from typing import Any

MakePact = Callable[..., dict[str, Any]]


def test_a_new_pacticipant_has_a_title_and_no_empty_fields(broker: Any) -> None:
    reply = broker.http.post("/pacticipants", json={"name": "my-svc", "repositoryUrl": "http://git/x"})

    made = reply.json()
    assert (reply.status_code, reply.headers["Location"]) == (201, f"{broker.url}/pacticipants/my-svc")
    assert (made["name"], made["displayName"], made["repositoryUrl"]) == ("my-svc", "My Svc", "http://git/x")
    assert {"updatedAt", "mainBranch", "repositoryName"}.isdisjoint(made)


def test_posting_an_existing_pacticipant_changes_nothing(broker: Any) -> None:
    broker.post("/pacticipants", {"name": "Foo", "displayName": "first"}, 201)
    again = broker.post("/pacticipants", {"name": "Foo", "displayName": "second"}, 201)
    assert again["displayName"] == "first"


FAULTS: list[tuple[dict[str, Any], dict[str, list[str]]]] = [
    ({}, {"name": ["is missing"]}),
    ({"name": ""}, {"name": ["must be filled"]}),
    ({"name": " "}, {"name": ["cannot be blank"]}),
    ({"name": 1}, {"name": ["must be a string"]}),
    ({"name": "a\nb"}, {"name": ["cannot contain multiple lines", "cannot contain multiple lines"]}),
    ({"name": "B", "mainBranch": "a b"}, {"mainBranch": ["cannot contain spaces"]}),
    ({"name": "B", "mainBranch": ""}, {"mainBranch": ["cannot be blank"]}),
    ({"name": "B", "mainBranch": "a\nb"}, {"mainBranch": ["cannot contain multiple lines"]}),
    ({"name": "B", "displayName": "a\nb"}, {"displayName": ["cannot contain multiple lines"]}),
    ({"name": "B", "displayName": " "}, {"displayName": ["cannot be blank"]}),
    ({"name": "B", "repositoryUrl": "a\nb"}, {"repositoryUrl": ["cannot contain multiple lines"]}),
    ({"name": "B", "repositoryName": 1}, {"repositoryName": ["must be a string"]}),
    ({"name": "B", "repositoryNamespace": "a\nb"}, {"repositoryNamespace": ["cannot contain multiple lines"]}),
]


def test_faulty_fields_of_a_pacticipant_are_named(broker: Any) -> None:
    found = [broker.post("/pacticipants", body, 400)["errors"] for body, _ in FAULTS]
    assert found == [errors for _, errors in FAULTS]
    assert broker.get("/pacticipants")["pacticipants"] == []


def test_pacticipants_are_listed_by_name_in_the_old_and_the_new_place(broker: Any) -> None:
    for name in ("beta", "Alpha", "Gamma"):
        broker.post("/pacticipants", {"name": name}, 201)

    listed = broker.get("/pacticipants")

    names = ["Alpha", "beta", "Gamma"]
    assert [one["name"] for one in listed["_embedded"]["pacticipants"]] == names
    assert [one["name"] for one in listed["pacticipants"]] == names
    assert {one["title"][:10] for one in listed["pacticipants"]} == {"DEPRECATED"}
    assert [link["name"] for link in listed["_links"]["pb:pacticipants"]] == names
    assert [link["title"] for link in listed["_links"]["pacticipants"]] == names
    assert listed["_links"]["pb:pacticipants-with-label"]["templated"] is True


def test_lists_are_given_in_parts_with_links_to_the_neighbours(broker: Any) -> None:
    for name in "abcde":
        broker.post("/pacticipants", {"name": name}, 201)

    second = broker.get("/pacticipants", page=2, size=2)
    old = broker.get("/pacticipants", pageNumber=3, pageSize=2)

    assert second["page"] == {"number": 2, "size": 2, "totalElements": 5, "totalPages": 3}
    assert [one["name"] for one in second["_embedded"]["pacticipants"]] == ["c", "d"]
    assert broker.get(second["_links"]["next"]["href"])["pacticipants"][0]["name"] == "e"
    assert broker.get(second["_links"]["previous"]["href"])["pacticipants"][0]["name"] == "a"
    assert [one["name"] for one in old["pacticipants"]] == ["e"]
    assert "next" not in old["_links"]
    assert "page" not in broker.get("/pacticipants")
    assert broker.get("/pacticipants", page=1)["page"]["size"] == 100
    assert broker.get("/pacticipants", size=2)["page"]["number"] == 1


def test_parts_are_counted_from_one(broker: Any) -> None:
    too_small = ["must be greater than or equal to 1"]
    for params, errors in (
        ({"page": "0"}, {"page": too_small}),
        ({"size": "-1"}, {"size": too_small}),
        ({"page": "x"}, {"page": ["is not a number"]}),
        ({"pageNumber": "0", "pageSize": "2"}, {"pageNumber": too_small}),
    ):
        for path in ("/pacticipants", "/labels", "/integrations", "/dashboard"):
            assert broker.get(path, 400, **params) == {"errors": errors}, path


def test_pacticipants_are_found_by_a_part_of_their_name(broker: Any) -> None:
    for name in ("order-service", "Orders UI", "billing", "50%_x"):
        broker.post("/pacticipants", {"name": name}, 201)

    def found(part: str) -> list[str]:
        return [one["name"] for one in broker.get("/pacticipants", q=part)["pacticipants"]]

    assert found("order") == ["order-service", "Orders UI"]
    assert found("%_") == ["50%_x"]
    assert found("nothing") == []


def test_a_pacticipant_shows_its_newest_version_labels_and_links(broker: Any, make_pact: MakePact) -> None:
    broker.publish("Foo", "1", ("Bar", make_pact("Foo", "Bar", "a")), branch="main")
    broker.put("/pacticipants/Foo/versions/0.9", {})
    broker.put("/pacticipants/Foo/labels/core", {})
    broker.deploy("Foo", "1", "test")

    shown = broker.get("/pacticipants/Foo")

    assert shown["mainBranch"] == "main"
    assert shown["_embedded"]["latestVersion"]["number"] == "0.9"
    assert shown["_embedded"]["latest-version"]["title"].startswith("DEPRECATED")
    assert [label["name"] for label in shown["_embedded"]["labels"]] == ["core"]
    links = shown["_links"]
    assert {name for name, link in links.items() if isinstance(link, dict) and link.get("templated")} == {
        *("pb:version", "pb:version-tag", "pb:branch-version", "pb:label"),
        *("pb:can-i-deploy-badge", "pb:can-i-deploy-branch-to-environment-badge"),
    }
    assert {"self", "pb:versions", "pb:branches", "versions", "curies"} <= set(links)
    assert [(one["name"], one["currently_deployed"]) for one in links["pb:deployed-environments"]] == [("Test", True)]


def test_a_patch_keeps_what_it_does_not_give_and_a_put_clears_it(broker: Any) -> None:
    made = broker.patch("/pacticipants/Foo", {"name": "ignored", "mainBranch": "main", "displayName": "F"}, 201)
    patched = broker.http.patch("/pacticipants/Foo", json={"repositoryUrl": "http://git"}).json()
    cleared = broker.put("/pacticipants/Foo", {"repositoryName": "r"}, 200)

    assert made["name"] == "Foo"
    assert (patched["mainBranch"], patched["repositoryUrl"], patched["displayName"]) == ("main", "http://git", "F")
    assert "updatedAt" in patched
    assert {"mainBranch", "repositoryUrl"}.isdisjoint(cleared)
    assert cleared["repositoryName"] == "r"


def test_a_pacticipant_is_made_by_a_patch_and_not_by_a_put(broker: Any) -> None:
    patch = broker.http.patch("/pacticipants/Foo", json={})
    assert (patch.status_code, patch.headers["Location"]) == (201, f"{broker.url}/pacticipants/Foo")
    assert broker.put("/pacticipants/None", {}, 404) == {"error": "No pacticipant with name 'None' found"}


def test_a_merge_patch_is_no_body_for_a_put(broker: Any) -> None:
    broker.post("/pacticipants", {"name": "Foo"}, 201)
    reply = broker.http.put("/pacticipants/Foo", content="{}", headers={"Content-Type": "application/merge-patch+json"})
    assert (reply.status_code, reply.content) == (415, b"")


def test_a_deleted_pacticipant_takes_everything_of_it_along(broker: Any, make_pact: MakePact) -> None:
    broker.publish("Foo", "1", ("Bar", make_pact("Foo", "Bar", "a")), branch="main", tags=["t"])
    broker.publish("Bar", "1", ("Baz", make_pact("Bar", "Baz", "b")))
    broker.verify("Foo", "1", "Bar", "2")
    broker.deploy("Bar", "2", "test")

    broker.delete("/pacticipants/Bar")

    assert [one["name"] for one in broker.get("/pacticipants")["pacticipants"]] == ["Baz", "Foo"]
    assert broker.get("/pacts/latest")["pacts"] == []
    uuid = broker.environment("test")
    assert broker.get(f"/environments/{uuid}/deployed-versions/currently-deployed")["_embedded"]["deployedVersions"] == []
    assert broker.delete("/pacticipants/Bar", 404) == {"error": "No pacticipant with name 'Bar' found"}


def test_labels_come_and_go(broker: Any) -> None:
    first = broker.http.put("/pacticipants/Foo/labels/a%2Fb", json={})
    broker.put("/pacticipants/Foo/labels/a%2Fb", {}, 200)
    shown = broker.get("/pacticipants/Foo/labels/a%2Fb")

    assert first.status_code == 201
    assert shown["name"] == "a/b"
    assert {"self", "pacticipant"} <= set(shown["_links"])
    assert "createdAt" in shown
    broker.delete("/pacticipants/Foo/labels/a%2Fb")
    broker.delete("/pacticipants/Foo/labels/a%2Fb", 404)
    broker.get("/pacticipants/Foo/labels/a%2Fb", 404)


def test_the_label_of_an_unknown_pacticipant_makes_it(broker: Any) -> None:
    broker.put("/pacticipants/New/labels/x", {})
    assert broker.get("/pacticipants/New")["name"] == "New"


def test_pacticipants_are_found_by_label(broker: Any) -> None:
    for name, label in (("a", "core"), ("b", "core"), ("c", "edge")):
        broker.put(f"/pacticipants/{name}/labels/{label}", {})

    def found(path: str, **params: Any) -> list[str]:
        return [one["name"] for one in broker.get(path, **params)["_embedded"]["pacticipants"]]

    assert found("/pacticipants/label/core") == ["a", "b"]
    assert found("/pacticipants/label/core", q="b") == ["b"]
    assert found("/pacticipants/label/core", page=2, size=1) == ["b"]
    assert found("/pacticipants/label/none") == []
    assert "pacticipants" not in broker.get("/pacticipants/label/core")
    assert [one["name"] for one in broker.get("/labels")["_embedded"]["labels"]] == ["core", "edge"]
    assert broker.get("/labels", page=2, size=1)["_embedded"]["labels"] == [{"name": "edge"}]
