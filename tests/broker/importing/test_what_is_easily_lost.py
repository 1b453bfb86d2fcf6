"""What an import loses easily: names like files, work in progress, who verified, environments, the order within one second."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from saga_broker.importing import Source, compare, import_all
from saga_broker.store.database.engine import Database

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SINCE = {"includeWipPactsSince": "2013-01-01", "providerVersionBranch": "main", "includePendingStatus": True}


@pytest.fixture
def copied(plain_source: Any, database_url: str, serve: Any) -> Iterator[Any]:
    """Gives a broker on a copy of what `plain_source` holds by then."""
    database = Database(database_url)

    def copy() -> Any:
        with Source(plain_source.url) as there:
            import_all(there, database)
            compared = compare(there, database_url, 60)
        assert compared.differences == ()
        return serve()

    yield copy
    database.close()


def test_names_like_files_are_copied(plain_source: Any, copied: Any, make_pact: Any) -> None:
    plain_source.publish("dot.csv", "2.json", ("p.svg", make_pact("dot.csv", "p.svg", "a")), branch="x.yaml", tags=["t.json"])
    plain_source.verify("dot.csv", "2.json", "p.svg", "1.csv")
    copy = copied()
    version = copy.get("/pacticipants/dot.csv/versions/2.json")
    assert [tag["name"] for tag in version["_embedded"]["tags"]] == ["t.json"]
    assert [branch["name"] for branch in version["_embedded"]["branchVersions"]] == ["x.yaml"]
    (row,) = copy.get("/matrix?q[][pacticipant]=dot.csv&q[][pacticipant]=p.svg")["matrix"]
    assert row["provider"]["version"]["number"] == "1.csv"


def work(broker: Any, branch: str = "main") -> list[tuple[str, bool]]:
    asked = {**SINCE, "providerVersionBranch": branch, "consumerVersionSelectors": [{"mainBranch": True}]}
    pacts = broker.post("/pacts/provider/Bar/for-verification", asked)["_embedded"]["pacts"]
    return sorted((one["_links"]["self"]["name"], one["verificationProperties"].get("wip", False)) for one in pacts)


def test_results_of_work_in_progress_stay_so(plain_source: Any, copied: Any, make_pact: Any) -> None:
    plain_source.post("/pacticipants", {"name": "Foo", "mainBranch": "main"}, 201)
    plain_source.put("/pacticipants/Bar/branches/main/versions/1", {})
    plain_source.publish("Foo", "1", ("Bar", make_pact("Foo", "Bar", "a")), branch="main")
    plain_source.publish("Foo", "2", ("Bar", make_pact("Foo", "Bar", "b")), branch="feat/x")
    plain_source.publish("Foo", "3", ("Bar", make_pact("Foo", "Bar", "c")), branch="feat/y")
    asked = {**SINCE, "consumerVersionSelectors": [{"mainBranch": True}]}
    for one in plain_source.post("/pacts/provider/Bar/for-verification", asked)["_embedded"]["pacts"]:
        if "(3)" in one["_links"]["self"]["name"]:
            continue
        result = {"success": True, "providerApplicationVersion": "1"}
        plain_source.post(one["_links"]["self"]["href"] + "/verification-results", result, 201)
    plain_source.verify("Foo", "3", "Bar", "1")  # asked for by name: this one counts

    copy = copied()

    expected = [("Pact between Foo (1) and Bar", False), ("Pact between Foo (2) and Bar", True)]
    assert work(plain_source) == work(copy) == expected
    assert work(copied()) == expected


def test_all_that_is_known_of_the_verifier_is_copied(plain_source: Any, copied: Any, make_pact: Any) -> None:
    plain_source.publish("Foo", "1", ("Bar", make_pact("Foo", "Bar", "a")))
    pact = plain_source.get("/pacts/provider/Bar/consumer/Foo/version/1")
    told = {
        "implementation": "x",
        "version": "1",
        "clientLanguage": {"name": "rust", "version": "2", "testFramework": "t"},
        "more": 1,
    }
    body = {"success": True, "providerApplicationVersion": "1", "verifiedBy": told}
    plain_source.post(pact["_links"]["pb:publish-verification-results"]["href"], body, 201)
    shown = [
        broker.get("/pacts/provider/Bar/consumer/Foo/latest/verification-results/latest")["verifiedBy"]
        for broker in (plain_source, copied())
    ]
    assert shown == [{**told, "client_implementation": "rust"}] * 2


def test_environments_that_the_source_does_not_have_do_not_appear(plain_source: Any, copied: Any) -> None:
    plain_source.delete(f"/environments/{plain_source.environment('test')}")
    plain_source.post("/environments", {"name": "own", "production": True, "contacts": [{"name": "team"}]}, 201)
    copy = copied()
    listed = copy.get("/environments")["_embedded"]["environments"]
    assert [one["name"] for one in listed] == ["own", "production"]
    assert listed[0]["contacts"] == [{"name": "team"}]


def test_the_order_within_one_second_is_kept(plain_source: Any, copied: Any, make_pact: Any) -> None:
    pairs = [(f"C{number * 7 % 10}", f"P{number * 3 % 10}") for number in range(10)]
    at_the_beginning_of_a_second()
    for consumer, provider in pairs:
        plain_source.publish(consumer, "1", (provider, make_pact(consumer, provider, "a")))
    for number in (3, 1, 4, 5, 9, 2, 6):
        plain_source.put(f"/pacticipants/Bar/branches/b{number}/versions/{number}", {})
        plain_source.deploy("Bar", str(number), "test", applicationInstance=f"i{number}")
    copy = copied()
    for path, name, told in (
        ("/integrations", "integrations", lambda one: (one["consumer"]["name"], one["provider"]["name"])),
        ("/pacticipants/Bar/branches", "branches", lambda one: one["name"]),
        ("/pacticipants/Bar/versions", "versions", lambda one: one["number"]),
        (
            f"/environments/{copy.environment('test')}/deployed-versions/currently-deployed",
            "deployedVersions",
            lambda one: one["_embedded"]["version"]["number"],
        ),
    ):
        theirs, ours = ([told(one) for one in broker.get(path)["_embedded"][name]] for broker in (plain_source, copy))
        assert ours == theirs, path


def at_the_beginning_of_a_second() -> None:
    begun = datetime.now(UTC).second
    while datetime.now(UTC).second == begun:
        pass
