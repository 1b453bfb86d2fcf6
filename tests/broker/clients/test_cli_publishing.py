"""`pact broker publish` and the subcommands that read pacts, by the real command; what was stored is read over the API."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

WritePact = Callable[..., str]
GIT = ("git", "-c", "user.name=a", "-c", "user.email=a@example.com")


def test_one_pact_is_published_with_branch_tags_and_build_url(broker: Any, pact_broker: Any, write_pact: WritePact) -> None:
    path = write_pact("Foo", "Bar", "a")

    words = ("-a", "1", "--branch", "feat/x", "--tag", "dev,qa", "--build-url", "https://ci.example/1")
    told = pact_broker("publish", path, *words)

    assert "Created Foo version 1 with branch feat/x and tags dev, qa" in told.text
    assert "Pact successfully published for Foo version 1 and provider Bar." in told.text
    version = broker.get("/pacticipants/Foo/versions/1")
    assert version["buildUrl"] == "https://ci.example/1"
    assert [one["name"] for one in version["_embedded"]["branchVersions"]] == ["feat/x"]
    assert {one["name"] for one in version["_embedded"]["tags"]} == {"dev", "qa"}
    assert broker.get("/pacts/provider/Bar/consumer/Foo/version/1")["interactions"][0]["description"] == "a"


def test_a_folder_of_pacts_is_published(broker: Any, pact_broker: Any, write_pact: WritePact) -> None:
    folder = str(Path(write_pact("Foo", "Bar", "a")).parent)
    write_pact("Foo", "Baz", "b")

    pact_broker("publish", folder, "-a", "1", "--branch", "main")

    links = broker.get("/pacts/latest")["_links"]["pb:pacts"]
    assert sorted(one["title"] for one in links) == ["Latest pact between Foo and Bar", "Latest pact between Foo and Baz"]


def test_what_a_publication_did_can_be_asked_for_as_json(pact_broker: Any, write_pact: WritePact) -> None:
    told = pact_broker("publish", write_pact("Foo", "Bar", "a"), "-a", "1", "-o", "json").json()
    assert told["_embedded"]["version"]["number"] == "1"
    assert told["notices"][0] == {"type": "debug", "text": "Created Foo version 1"}


def test_the_same_pact_again_changes_nothing(broker: Any, pact_broker: Any, write_pact: WritePact) -> None:
    path = write_pact("Foo", "Bar", "a")
    pact_broker("publish", path, "-a", "1")
    told = pact_broker("publish", path, "-a", "1")
    assert "Pact successfully republished for Foo version 1 and provider Bar with no content changes." in told.text
    assert len(broker.get("/pacts/provider/Bar/consumer/Foo/versions")["_embedded"]["pacts"]) == 1


@pytest.mark.parametrize("more", [(), ("--merge",)])
def test_another_content_under_the_same_version_is_refused_with_the_difference(
    broker: Any, pact_broker: Any, write_pact: WritePact, more: tuple[str, ...]
) -> None:
    pact_broker("publish", write_pact("Foo", "Bar", "a"), "-a", "1")

    told = pact_broker("publish", write_pact("Foo", "Bar", "b"), "-a", "1", *more, status=1)

    assert "Cannot change the content of the pact for Foo version 1 and provider Bar" in told.text
    assert '- "description": "a" + "description": "b"' in told.text
    assert broker.get("/pacts/provider/Bar/consumer/Foo/version/1")["interactions"][0]["description"] == "a"


def test_where_contracts_may_be_modified_pacts_of_one_version_are_merged(
    serve: Any, pact_broker: Any, write_pact: WritePact
) -> None:
    broker = serve(allow_dangerous_contract_modification=True)
    to = ("-b", broker.url)
    pact_broker("publish", write_pact("Foo", "Bar", "a"), "-a", "1", *to)

    told = pact_broker("publish", write_pact("Foo", "Bar", "b"), "-a", "1", "--merge", *to)

    assert "Pact content merged with existing content for Foo version 1 and provider Bar." in told.text
    stored = broker.get("/pacts/provider/Bar/consumer/Foo/version/1")["interactions"]
    assert sorted(one["description"] for one in stored) == ["a", "b"]


def test_version_and_branch_are_detected_from_a_ci_server(broker: Any, pact_broker: Any, write_pact: WritePact) -> None:
    env = {"BUILDKITE_COMMIT": "abc123", "BUILDKITE_BRANCH": "feat/y", "BUILDKITE_BUILD_URL": "https://ci.example/9"}

    pact_broker("publish", write_pact("Foo", "Bar", "a"), "--auto-detect-version-properties", **env)

    branches = broker.get("/pacticipants/Foo/versions/abc123")["_embedded"]["branchVersions"]
    assert [one["name"] for one in branches] == ["feat/y"]


def test_version_and_branch_are_detected_from_a_git_repository(
    broker: Any, pact_broker: Any, write_pact: WritePact, tmp_path: Path
) -> None:
    path = write_pact("Foo", "Bar", "a")
    repository = tmp_path / "repository"
    subprocess.run([*GIT, "init", "-q", "-b", "trunk", str(repository)], check=True)
    subprocess.run([*GIT, "commit", "-q", "--allow-empty", "-m", "x"], check=True, cwd=repository)
    asked = subprocess.run([*GIT, "rev-parse", "HEAD"], check=True, cwd=repository, capture_output=True, text=True)

    pact_broker("publish", path, "--auto-detect-version-properties", folder=repository)

    branch = broker.get("/pacticipants/Foo/branches/trunk/latest-version")
    assert branch["number"] == asked.stdout.strip()


def test_without_detection_and_version_nothing_is_published(broker: Any, pact_broker: Any, write_pact: WritePact) -> None:
    path = write_pact("Foo", "Bar", "a")
    assert "--consumer-app-version" in pact_broker("publish", path, status=2).text
    assert "Consumer app version is required" in pact_broker("publish", path, "-r", status=1).text
    assert broker.get("/pacticipants")["_embedded"]["pacticipants"] == []


def test_files_that_are_no_pacts_are_refused_by_the_command(broker: Any, pact_broker: Any, tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("no JSON")
    assert "does not exist" in pact_broker("publish", "nothing.json", "-a", "1", status=1).text
    assert "file is not JSON" in pact_broker("publish", str(tmp_path / "broken.json"), "-a", "1", status=1).text
    assert broker.get("/pacticipants")["_embedded"]["pacticipants"] == []


def test_a_pact_that_is_too_large_is_refused(serve: Any, pact_broker: Any, write_pact: WritePact) -> None:
    broker = serve(max_body_bytes=2000)
    path = write_pact("Foo", "Bar", *(str(number) for number in range(100)))

    told = pact_broker("publish", path, "-a", "1", "-b", broker.url, status=1)

    assert "413" in told.text
    broker.get("/pacticipants/Foo", 404)


def test_a_name_that_reads_like_a_known_one_is_refused(broker: Any, pact_broker: Any, write_pact: WritePact) -> None:
    pact_broker("publish", write_pact("shop-basket", "Bar", "a"), "-a", "1")
    told = pact_broker("publish", write_pact("ShopBasket", "Bar", "a"), "-a", "1", status=1)
    assert "shop-basket" in told.text
    broker.get("/pacticipants/ShopBasket", 404)


def test_a_broker_that_does_not_answer_is_named(pact_broker: Any, write_pact: WritePact) -> None:
    told = pact_broker("publish", write_pact("Foo", "Bar", "a"), "-a", "1", "-b", "http://127.0.0.1:1", status=1)
    assert "http://127.0.0.1:1" in told.text


@pytest.mark.parametrize("credentials", [("-k", "a-token"), ("-u", "reader", "-p", "a-password")])
def test_credentials_are_no_hindrance_where_the_broker_asks_for_none(
    broker: Any, pact_broker: Any, write_pact: WritePact, credentials: tuple[str, ...]
) -> None:
    pact_broker("publish", write_pact("Foo", "Bar", "a"), "-a", "1", *credentials)
    assert broker.get("/pacticipants/Foo/versions/1")["number"] == "1"


def test_the_latest_pacts_are_listed(pact_broker: Any, write_pact: WritePact) -> None:
    pact_broker("publish", write_pact("Foo", "Bar", "a"), "-a", "1")
    pact_broker("publish", write_pact("Foo", "Bar", "b"), "-a", "2")

    assert '"Foo" ┆ "2" ┆ "Bar"' in pact_broker("list-latest-pact-versions").text
    listed = pact_broker("list-latest-pact-versions", "-o", "json").json()["pacts"]
    assert [one["_embedded"]["consumer"]["_embedded"]["version"]["number"] for one in listed] == ["2"]


@pytest.mark.parametrize(
    ("words", "number"),
    [((), "1"), (("--latest",), "1"), (("--branch", "feat"), "2"), (("--branch", "feat", "--latest"), "2")],
)
def test_pacts_of_a_provider_are_fetched(
    pact_broker: Any, write_pact: WritePact, tmp_path: Path, words: tuple[str, ...], number: str
) -> None:
    pact_broker("publish", write_pact("Foo", "Bar", "a"), "-a", "1", "--branch", "main")
    pact_broker("publish", write_pact("Foo", "Bar", "b"), "-a", "2", "--branch", "feat")
    fetched = tmp_path / "fetched"

    told = pact_broker("get-pacts", "--provider", "Bar", *words, "--download", "--download-dir", str(fetched))

    assert f"Pact between Foo ({number}) and Bar" in told.text
    pact = json.loads((fetched / f"Foo-Bar-{number}.json").read_text())
    assert pact["interactions"][0]["description"] == {"1": "a", "2": "b"}[number]


def test_pacts_of_one_consumer_are_fetched(pact_broker: Any, write_pact: WritePact) -> None:
    pact_broker("publish", write_pact("Foo", "Bar", "a"), "-a", "1", "--branch", "main")
    pact_broker("publish", write_pact("Other", "Bar", "b"), "-a", "9", "--branch", "main")
    asked = ("get-pacts", "--provider", "Bar", "--consumer", "Foo", "-o", "json")

    listed = [pact_broker(*asked).json(), pact_broker(*asked, "--branch", "main").json()]
    latest = [pact_broker(*asked, "--latest").json(), pact_broker(*asked, "--latest", "--branch", "main").json()]

    for found in listed:
        assert [one["_embedded"]["consumerVersion"]["number"] for one in found["_embedded"]["pacts"]] == ["1"]
    assert [pact["interactions"][0]["description"] for pact in latest] == ["a", "a"]


def test_pacts_that_are_not_there_are_missed(pact_broker: Any, write_pact: WritePact) -> None:
    pact_broker("publish", write_pact("Foo", "Bar", "a"), "-a", "1")
    asked = ("get-pacts", "--consumer", "Foo", "--provider")
    assert "404 Not Found" in pact_broker("get-pacts", "--provider", "Nobody", status=1).text
    assert "404 Not Found" in pact_broker(*asked, "Bar", "--branch", "none", "--latest", status=1).text


@pytest.mark.parametrize("words", [(), ("--branch", "main"), ("--environment", "test")])
def test_the_provider_states_of_a_provider_are_listed(
    broker: Any, pact_broker: Any, make_pact: Any, words: tuple[str, ...]
) -> None:
    pact = make_pact("Foo", "Bar", "a")
    pact["interactions"][0]["providerStates"] = [{"name": "a thing exists", "params": {"id": 1}}]
    broker.publish("Foo", "1", ("Bar", pact), branch="main")
    broker.deploy("Foo", "1", "test")

    listed = pact_broker("provider-states", "list", "--provider", "Bar", "--json", *words).json()

    assert listed == {"providerStates": [{"name": "a thing exists", "params": {"id": 1}, "consumers": ["Foo"]}]}
    assert "a thing exists ┆ Foo" in pact_broker("provider-states", "list", "--provider", "Bar", *words).text


def test_an_unknown_provider_has_no_states(pact_broker: Any) -> None:
    assert "404 Not Found" in pact_broker("provider-states", "list", "--provider", "Nobody", status=1).text
