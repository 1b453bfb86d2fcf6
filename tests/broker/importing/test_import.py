"""Copying everything from one broker to another: nothing is lost, nothing is added, and doing it twice changes nothing."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from saga_broker.importing import Source, compare, import_all
from saga_broker.store.database.engine import Database


@pytest.fixture
def copy(source: Any, database_url: str) -> Iterator[Any]:
    """Import from the filled broker into a fresh database."""
    database = Database(database_url)

    def run(**options: Any) -> Any:
        with Source(source.url, **options) as there:
            return import_all(there, database)

    yield run
    database.close()


def test_everything_is_copied_and_the_answers_are_the_same(copy: Any, source: Any, serve: Any) -> None:
    done = copy()

    target = serve()
    assert (done.pacts, done.results, done.places, done.differing) == (5, 5, 7, [])
    assert_alike(told(source, source.url), told(target, target.url))


def test_every_row_is_copied_in_its_order(copy: Any, source: Any, database_url: str, rows: Any) -> None:
    copy()

    theirs, ours = rows(source.database_url), rows(database_url)
    for name in ("Foo", "Bar", "a/b"):
        assert numbers_of(ours, name) == numbers_of(theirs, name)
    assert {row["uuid"] for row in ours["environments"]} == {row["uuid"] for row in theirs["environments"]}
    for table in ("deployed_versions", "released_versions"):
        assert {row["uuid"]: row["created_at"] for row in ours[table]} == {
            row["uuid"]: row["created_at"].replace(microsecond=0) for row in theirs[table]
        }
    for table in ("pacticipants", "versions", "tags", "labels", "branches", "contents", "publications", "verifications"):
        assert [row["created_at"] for row in ours[table]] == sorted(row["created_at"] for row in ours[table]), table
        assert {row["created_at"] for row in ours[table]} == {row["created_at"].replace(microsecond=0) for row in theirs[table]}
        assert len(ours[table]) == len(theirs[table]), table
    assert [row["success"] for row in ours["verifications"]] == [row["success"] for row in theirs["verifications"]]
    assert len(ours["verification_tags"]) == len(theirs["verification_tags"]) > 0


def numbers_of(rows: Any, name: str) -> list[str]:
    (owner,) = [row["id"] for row in rows["pacticipants"] if row["name"] == name]
    return [row["number"] for row in rows["versions"] if row["pacticipant_id"] == owner]


def test_a_repeated_import_changes_nothing(copy: Any, database_url: str, rows: Any) -> None:
    copy()
    before = rows(database_url)

    done = copy()

    assert (done.pacts, done.results) == (0, 0)
    assert rows(database_url) == before


def test_importing_again_brings_what_came_since(copy: Any, source: Any, serve: Any, make_pact: Any) -> None:
    copy()
    source.publish("Foo", "3", ("Bar", make_pact("Foo", "Bar", "new")), branch="main")
    source.verify("Foo", "3", "Bar", "10")
    source.deploy("Bar", "10", "stage")

    done = copy()

    target = serve()
    assert (done.pacts, done.results) == (1, 1)
    assert_alike(told(source, source.url), told(target, target.url))


def test_an_environment_that_is_used_here_keeps_its_uuid(copy: Any, serve: Any) -> None:
    target = serve()
    target.put("/pacticipants/Own/versions/1", {})
    target.deploy("Own", "1", "test")
    own = target.environment("test")

    copy()

    assert target.environment("test") == own
    live = target.get(f"/environments/{own}/deployed-versions/currently-deployed")["_embedded"]["deployedVersions"]
    assert {row["_embedded"]["version"]["number"] for row in live} == {"1", "10", "11"}


def test_both_brokers_answer_alike_afterwards(copy: Any, source: Any, database_url: str) -> None:
    copy()
    with Source(source.url) as there:
        compared = compare(there, database_url, 50)
    assert compared.asked >= 10
    assert compared.differences == ()


def test_a_different_answer_is_found(copy: Any, source: Any, database_url: str) -> None:
    copy()
    source.verify("Foo", "2", "Bar", "11")
    with Source(source.url) as there:
        compared = compare(there, database_url, 50)
    assert any("Foo" in text and "only here" in text for text in compared.differences) or compared.differences
    assert any("there yes" in text or "there unknown" in text or "only there" in text for text in compared.differences)


def assert_alike(theirs: dict[str, Any], ours: dict[str, Any]) -> None:
    assert set(theirs) == set(ours)
    differing = [f"{path}\nthere {theirs[path]}\nhere  {ours[path]}" for path in theirs if theirs[path] != ours[path]]
    assert not differing, "\n".join(differing)


def told(broker: Any, base: str) -> dict[str, Any]:
    """Give all documents that can be reached by links of these kinds, without addresses and what is the broker's own."""
    found: dict[str, Any] = {}
    waiting = ["/environments", "/pacticipants", "/integrations", "/labels", "/pacts/latest"]
    waiting += [
        "/can-i-deploy?pacticipant=Foo&version=1&environment=stage",
        "/can-i-deploy?pacticipant=Foo&version=2&environment=test",
    ]
    waiting += ["/matrix?q[][pacticipant]=Foo&q[][pacticipant]=Bar", "/matrix?q[][pacticipant]=a%2Fb&q[][pacticipant]=Bar"]
    waiting += ["/pacts/provider/Bar/for-verification", "/pacts/provider/Bar/consumer/Foo/versions"]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        document = broker.get(path)
        found[path] = plain(document, base)
        waiting += [href for href in followed(document, base) if href not in found]
    return found


FOLLOWED = (
    "self",
    "pb:versions",
    "pb:branches",
    "pb:pact-versions",
    "pb:deployed-environments",
    "pb:released-environments",
    "pb:currently-deployed-deployed-versions",
    "pb:currently-supported-released-versions",
    "pb:latest-version",
)


def followed(document: Any, base: str) -> Iterator[str]:
    if isinstance(document, list):
        for value in document:
            yield from followed(value, base)
    if isinstance(document, dict):
        for name, value in document.items():
            if name == "_links":
                for relation in FOLLOWED:
                    links = value.get(relation, [])
                    for link in links if isinstance(links, list) else [links]:
                        path = link["href"].removeprefix(base)
                        if path.startswith("/") and not any(part in path for part in ("verification-results", "/metadata/", "{")):
                            yield path
            else:
                yield from followed(value, base)


def plain(document: Any, base: str) -> Any:
    """Leave out addresses, when something was last touched, and the order of lists: moments are told to the second only."""
    if isinstance(document, dict):
        return {key: plain(value, base) for key, value in document.items() if key not in {"_links", "updatedAt"}}
    if isinstance(document, list):
        return sorted((plain(value, base) for value in document), key=lambda value: json.dumps(value, sort_keys=True))
    return document.replace(base, "") if isinstance(document, str) else document
