"""Lists of pacts: of a pair, of a provider, and the latest of all pairs."""

from collections.abc import Callable
from typing import Any

import pytest

MakePact = Callable[..., dict[str, Any]]
PAIR = "/pacts/provider/Bar/consumer/Foo"
HISTORY: tuple[tuple[str, str, str, list[str]], ...] = (
    ("Foo", "1", "main", ["prod"]),
    ("Foo", "2", "feat", ["dev"]),
    ("Foo", "3", "main", ["dev"]),
    ("Zoo", "1", "main", ["prod"]),
    ("Zoo", "2", "feat", []),
)


@pytest.fixture
def filled(broker: Any, make_pact: MakePact) -> Any:
    for consumer, number, branch, tags in HISTORY:
        fields = {"branch": branch, "tags": tags}
        broker.publish(consumer, number, ("Bar", make_pact(consumer, "Bar", number)), **fields)
    broker.publish("Foo", "4", branch="main")
    return broker


def test_the_pacts_of_a_pair_are_listed_the_newest_first_and_on_branches_the_oldest(filled: Any) -> None:
    expected = {
        "versions": ["3", "2", "1"],
        "tag/dev": ["3", "2"],
        "tag/none": [],
        "branch/main": ["1", "3"],
        "branch/none": [],
        "branch/versions": ["1", "3"],
        "branch/main/latest/versions": ["3"],
        "branch/latest/versions": ["3"],
    }
    found = {path: filled.get(f"{PAIR}/{path}") for path in expected}

    def numbers(document: Any) -> list[str]:
        return [one["_embedded"]["consumerVersion"]["number"] for one in document["_embedded"]["pacts"]]

    assert {path: numbers(document) for path, document in found.items()} == expected
    assert len(found["versions"]["_links"]["pact-versions"]) == 3
    assert [one["name"][:9] for one in found["tag/dev"]["_links"]["pb:pact-versions"]] == ["Version 3", "Version 2"]


def test_the_pacts_of_a_provider_are_listed_in_both_relations(filled: Any) -> None:
    expected = {
        "": [("Foo", "3"), ("Foo", "2"), ("Foo", "1"), ("Zoo", "2"), ("Zoo", "1")],
        "/latest": [("Foo", "3"), ("Zoo", "2")],
        "/latest/prod": [("Foo", "1"), ("Zoo", "1")],
        "/latest/none": [],
        "/tag/dev": [("Foo", "3"), ("Foo", "2")],
        "/branch": [("Foo", "3"), ("Foo", "1"), ("Zoo", "1")],
        "/branch/feat": [("Foo", "2"), ("Zoo", "2")],
        "/branch/latest": [("Foo", "3"), ("Zoo", "1")],
        "/branch/feat/latest": [("Foo", "2"), ("Zoo", "2")],
    }
    for path, pacts in expected.items():
        links = filled.get(f"/pacts/provider/Bar{path}")["_links"]
        for relation in ("pb:pacts", "pacts"):
            found = [(link["name"], link["href"].rpartition("/")[2]) for link in links[relation]]
            assert sorted(found) == sorted(pacts), path
        assert links["pb:provider"]["name"] == "Bar"
        filled.get(f"/pacts/provider/None{path}", 404)


def test_the_latest_pact_of_every_pair_is_listed(filled: Any) -> None:
    document = filled.get("/pacts/latest")

    found = [
        (one["_embedded"]["consumer"]["name"], one["_embedded"]["consumer"]["_embedded"]["version"]["number"])
        for one in document["pacts"]
    ]
    assert found == [("Foo", "3"), ("Zoo", "2")]
    assert [len(one["_links"]["self"]) for one in document["pacts"]] == [2, 2]
    assert len(document["_links"]["pb:pacts"]) == len(document["_links"]["pacts"]) == 2


def test_several_pacts_of_a_pair_are_deleted_at_once(filled: Any) -> None:
    left = {
        "tag/prod": ["3", "2"],
        "branch/feat": ["3"],
        "versions": [],
    }
    for path, numbers in left.items():
        filled.delete(f"{PAIR}/{path}", 204 if path == "versions" else 200)
        if numbers:
            pacts = filled.get(f"{PAIR}/versions")["_embedded"]["pacts"]
            assert [one["_embedded"]["consumerVersion"]["number"] for one in pacts] == numbers, path
    filled.get(f"{PAIR}/latest", 404)
    assert filled.get("/pacts/provider/Bar/consumer/Zoo/latest")["interactions"][0]["description"] == "2"


def test_the_previous_distinct_pact_skips_equal_contents(broker: Any, make_pact: MakePact) -> None:
    for number, content in (("1", "a"), ("2", "b"), ("3", "b")):
        broker.publish("Foo", number, ("Bar", make_pact("Foo", "Bar", content)))

    assert broker.get(f"{PAIR}/version/3/previous-distinct")["_links"]["self"]["name"] == "Pact between Foo (1) and Bar"
    broker.get(f"{PAIR}/version/1/previous-distinct", 404)
