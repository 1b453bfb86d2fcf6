"""Copying everything from one broker to another."""

from contextlib import closing
from pathlib import Path
from typing import Any

from saga_broker.importing import Peer, copy_all


def test_everything_is_copied_and_the_answers_are_the_same(serve: Any, make_pact: Any, tmp_path: Path, migrated: Path) -> None:
    other = tmp_path / "other.sqlite"
    other.write_bytes(migrated.read_bytes())
    source, target = serve(), serve(database_url=f"sqlite:///{other}")
    fill(source, make_pact)

    with closing(Peer(source.url)) as there, closing(Peer(target.url)) as here:
        done = copy_all(there, here)

    assert (done.pacts, done.results, done.deployments, done.differing) == (3, 3, 2, [])
    for path in (
        "/matrix?q[][pacticipant]=Foo&q[][pacticipant]=Bar",
        "/can-i-deploy?pacticipant=Foo&version=2&environment=test",
        "/can-i-deploy?pacticipant=Foo&version=1&environment=stage",
        "/pacticipants/Foo/branches",
        "/pacticipants/a%2Fb/versions",
    ):
        assert told(source.get(path)) == told(target.get(path)), path


def fill(broker: Any, make_pact: Any) -> None:
    broker.environment("stage")
    broker.publish("Foo", "1", ("Bar", make_pact("Foo", "Bar", "a")), branch="main", tags=["t"], buildUrl="http://ci/1")
    broker.publish("Foo", "2", ("Bar", make_pact("Foo", "Bar", "b")), branch="feat/x")
    broker.publish("a/b", "1", ("Bar", make_pact("a/b", "Bar", "c")))
    broker.put("/pacticipants/Bar/branches/main/versions/10", {})
    broker.verify("Foo", "1", "Bar", "10", success=False)
    broker.verify("Foo", "1", "Bar", "10")
    broker.verify("Foo", "2", "Bar", "10", success=False)
    broker.deploy("Bar", "10", "test", applicationInstance="blue")
    broker.deploy("Bar", "10", "stage")


def told(document: Any) -> Any:
    """Leave out what differs between brokers: addresses, moments and numbers of results."""
    if isinstance(document, dict):
        left_out = {"_links", "createdAt", "updatedAt", "verifiedAt", "uuid"}
        return {key: told(value) for key, value in document.items() if key not in left_out}
    return [told(value) for value in document] if isinstance(document, list) else document
