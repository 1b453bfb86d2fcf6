"""The subcommands of `pact broker` for pacticipants, versions, tags and branches; what was stored is read over the API.

Left out: `create-version-tag --tag-with-git-branch`, for which this version of the command says that it tagged and sends nothing.
"""

import re
from typing import Any
from uuid import UUID

import pytest

pytestmark = pytest.mark.slow


def tags_of(broker: Any, version: str) -> set[str]:
    return {tag["name"] for tag in broker.get(f"/pacticipants/Foo/versions/{version}")["_embedded"]["tags"]}


def branches_of(broker: Any, version: str) -> set[str]:
    return {one["name"] for one in broker.get(f"/pacticipants/Foo/versions/{version}")["_embedded"]["branchVersions"]}


def test_a_pacticipant_is_created_and_updated(broker: Any, pact_broker: Any) -> None:
    name = ("create-or-update-pacticipant", "--name", "a b/c")
    details = ("--display-name", "Shown", "--main-branch", "trunk", "--repository-url", "https://git.example/r")

    assert "created successfully" in pact_broker(*name, *details).text
    assert "updated successfully" in pact_broker(*name, "--main-branch", "main").text

    stored = broker.get("/pacticipants/a%20b%2Fc")
    shown = [stored[field] for field in ("name", "displayName", "mainBranch", "repositoryUrl")]
    assert shown == ["a b/c", "Shown", "main", "https://git.example/r"]


def test_a_pacticipant_with_a_wrong_branch_name_is_refused(broker: Any, pact_broker: Any) -> None:
    broker.post("/pacticipants", {"name": "Foo", "mainBranch": "main"}, 201)
    told = pact_broker("create-or-update-pacticipant", "--name", "Foo", "--main-branch", "a b", status=1)
    assert "mainBranch: cannot contain spaces" in told.text
    assert broker.get("/pacticipants/Foo")["mainBranch"] == "main"


def test_pacticipants_are_described_and_listed(broker: Any, pact_broker: Any) -> None:
    broker.post("/pacticipants", {"name": "Foo", "displayName": "Shown", "mainBranch": "main"}, 201)
    broker.post("/pacticipants", {"name": "Bar"}, 201)

    assert "Name: Foo Display Name: Shown Main Branch: main" in pact_broker("describe-pacticipant", "--name", "Foo").text
    assert pact_broker("describe-pacticipant", "--name", "Foo", "-o", "json").json() == broker.get("/pacticipants/Foo")
    assert '"Foo" ┆ "Shown"' in pact_broker("list-pacticipants").text
    listed = pact_broker("list-pacticipants", "-o", "json").json()["_embedded"]["pacticipants"]
    assert [one["name"] for one in listed] == ["Bar", "Foo"]
    assert "404 Not Found" in pact_broker("describe-pacticipant", "--name", "Nobody", status=1).text


def test_a_version_is_created_with_branch_and_tag_and_described(broker: Any, pact_broker: Any) -> None:
    told = pact_broker("create-or-update-version", "-a", "Foo", "-e", "1", "--branch", "feat/x", "--tag", "dev")
    assert "Branch 'feat/x' created for version '1' Tag 'dev' created for version '1'" in told.text
    pact_broker("create-or-update-version", "-a", "Foo", "-e", "2")

    assert (branches_of(broker, "1"), tags_of(broker, "1")) == ({"feat/x"}, {"dev"})
    assert (branches_of(broker, "2"), tags_of(broker, "2")) == (set(), set())
    assert "1 ┆ dev" in pact_broker("describe-version", "-a", "Foo", "-e", "1").text
    as_json = pact_broker("describe-version", "-a", "Foo", "-e", "1", "-o", "json").json()
    assert as_json == broker.get("/pacticipants/Foo/versions/1")


@pytest.mark.parametrize(("words", "number"), [((), "2"), (("--latest",), "2"), (("--latest", "dev"), "1")])
def test_the_latest_version_is_described(broker: Any, pact_broker: Any, words: tuple[str, ...], number: str) -> None:
    broker.put("/pacticipants/Foo/versions/1/tags/dev", {})
    broker.put("/pacticipants/Foo/versions/2", {})
    assert pact_broker("describe-version", "-a", "Foo", *words, "-o", "json").json()["number"] == number


@pytest.mark.parametrize(("words", "expected"), [((), ["1", "2"]), (("--deployed",), ["1"]), (("--released",), ["2"])])
def test_the_versions_in_an_environment_are_described(
    broker: Any, pact_broker: Any, words: tuple[str, ...], expected: list[str]
) -> None:
    broker.put("/pacticipants/Foo/versions/1", {})
    broker.put("/pacticipants/Foo/versions/2", {})
    broker.deploy("Foo", "1", "test")
    broker.post(f"/pacticipants/Foo/versions/2/released-versions/environment/{broker.environment('test')}", {}, 201)

    told = pact_broker("describe-version", "-a", "Foo", "--environment", "test", *words)

    assert re.findall(r"│ (\w+) +┆ \w+ +┆ test", told.out) == expected


def test_versions_and_environments_that_are_not_there_are_missed(broker: Any, pact_broker: Any) -> None:
    broker.put("/pacticipants/Foo/versions/1", {})
    asked = ("describe-version", "-a", "Foo")
    assert "Pacticipant version not found" in pact_broker(*asked, "-e", "9", status=1).text
    assert "Pacticipant version not found" in pact_broker("describe-version", "-a", "Nobody", status=1).text
    assert "Environment 'none' not found" in pact_broker(*asked, "--environment", "none", status=1).text


def test_a_version_is_tagged(broker: Any, pact_broker: Any) -> None:
    broker.put("/pacticipants/Foo/versions/1", {})
    pact_broker("create-version-tag", "-a", "Foo", "-e", "1", "--tag", "dev", "feat/x")
    assert tags_of(broker, "1") == {"dev", "feat/x"}


def test_a_version_is_made_by_a_tag_only_when_asked_for(broker: Any, pact_broker: Any) -> None:
    tagging = ("create-version-tag", "-a", "Foo", "-e", "1", "--tag", "dev")
    assert "Use --auto-create-version" in pact_broker(*tagging, status=1).text
    broker.get("/pacticipants/Foo", 404)
    pact_broker(*tagging, "--auto-create-version")
    assert tags_of(broker, "1") == {"dev"}


def test_a_tag_is_deleted(broker: Any, pact_broker: Any) -> None:
    broker.put("/pacticipants/Foo/versions/1/tags/dev", {})
    deleting = ("delete-version-tag", "-a", "Foo", "-e", "1", "--tag", "dev")
    assert "Successfully deleted tag 'dev'" in pact_broker(*deleting).text
    assert tags_of(broker, "1") == set()
    assert "was not found" in pact_broker(*deleting).text


def test_a_branch_is_deleted_and_its_versions_stay(broker: Any, pact_broker: Any, make_pact: Any) -> None:
    broker.publish("Foo", "1", ("Bar", make_pact("Foo", "Bar", "a")), branch="feat/x")
    deleting = ("delete-branch", "-a", "Foo", "--branch", "feat/x")

    assert "Successfully deleted branch 'feat/x'" in pact_broker(*deleting).text

    broker.get("/pacticipants/Foo/branches/feat%2Fx", 404)
    assert broker.get("/pacts/provider/Bar/consumer/Foo/version/1")["interactions"] != []
    assert "was not found" in pact_broker(*deleting).text
    assert "was not found" in pact_broker(*deleting, "--error-when-not-found=true", status=1).text


def test_a_uuid_is_generated(pact_broker: Any) -> None:
    assert UUID(pact_broker("generate-uuid").text).version == 4
