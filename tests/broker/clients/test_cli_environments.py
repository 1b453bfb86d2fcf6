"""The subcommands of `pact broker` for environments, deployments and releases; what was stored is read over the API."""

from typing import Any

import pytest

pytestmark = pytest.mark.slow


def live(broker: Any, environment: str) -> dict[str | None, str]:
    """Give the version of Foo that is deployed to each application instance."""
    found = broker.get(f"/environments/{broker.environment(environment)}/deployed-versions/currently-deployed")
    rows = found["_embedded"]["deployedVersions"]
    return {row.get("applicationInstance"): row["_embedded"]["version"]["number"] for row in rows}


def supported(broker: Any, environment: str) -> set[str]:
    found = broker.get(f"/environments/{broker.environment(environment)}/released-versions/currently-supported")
    return {row["_embedded"]["version"]["number"] for row in found["_embedded"]["releasedVersions"]}


@pytest.fixture
def versions(broker: Any) -> None:
    for number in ("1", "2"):
        broker.put(f"/pacticipants/Foo/versions/{number}", {})


def test_an_environment_is_created_described_and_listed(broker: Any, pact_broker: Any) -> None:
    contact = ("--contact-name", "team", "--contact-email-address", "team@example.com")
    details = ("--name", "uat", "--display-name", "Acceptance", "--production", *contact)

    uuid = pact_broker("create-environment", *details, "-o", "id").text

    stored = broker.get(f"/environments/{uuid}")
    assert [stored[field] for field in ("name", "displayName", "production")] == ["uat", "Acceptance", True]
    assert stored["contacts"] == [{"name": "team", "details": {"emailAddress": "team@example.com"}}]
    described = pact_broker("describe-environment", "--uuid", uuid)
    assert "Name: uat Display Name: Acceptance Production: true" in described.text
    assert pact_broker("describe-environment", "--uuid", uuid, "-o", "json").json() == stored
    listed = pact_broker("list-environments", "-o", "json").json()["_embedded"]["environments"]
    assert {one["name"] for one in listed} == {"test", "production", "uat"}
    assert f"{uuid} ┆ uat ┆ Acceptance ┆ true" in pact_broker("list-environments").text


def test_a_name_is_given_to_one_environment_only(broker: Any, pact_broker: Any) -> None:
    told = pact_broker("create-environment", "--name", "test", status=1)
    assert "name 'test' is already used by an existing environment" in told.text
    assert len(broker.get("/environments")["_embedded"]["environments"]) == 2


def test_an_environment_is_updated(broker: Any, pact_broker: Any) -> None:
    uuid = broker.environment("uat")
    pact_broker("update-environment", "--uuid", uuid, "--name", "uat2", "--display-name", "Later", "--production")
    stored = broker.get(f"/environments/{uuid}")
    assert [stored[field] for field in ("name", "displayName", "production")] == ["uat2", "Later", True]


def test_an_environment_is_deleted_once(broker: Any, pact_broker: Any) -> None:
    uuid = broker.environment("uat")
    assert "deleted successfully" in pact_broker("delete-environment", "--uuid", uuid).text
    broker.get(f"/environments/{uuid}", 404)
    assert "404 Not Found" in pact_broker("delete-environment", "--uuid", uuid, status=1).text


@pytest.mark.parametrize("command", ["describe-environment", "update-environment", "delete-environment"])
def test_an_unknown_environment_is_missed(pact_broker: Any, command: str) -> None:
    told = pact_broker(command, "--uuid", "00000000-0000-4000-8000-000000000000", status=1).text
    assert "404 Not Found" in told or "not found" in told


@pytest.mark.usefixtures("versions")
def test_a_deployment_takes_the_place_of_the_one_before(broker: Any, pact_broker: Any) -> None:
    deploying = ("record-deployment", "-a", "Foo", "--environment", "test", "-e")
    assert "Recorded deployment of Foo version 1 to test environment" in pact_broker(*deploying, "1").text
    pact_broker(*deploying, "1", "--application-instance", "blue")

    as_json = pact_broker(*deploying, "2", "-o", "json").json()

    assert as_json["currentlyDeployed"] is True
    assert live(broker, "test") == {None: "2", "blue": "1"}


@pytest.mark.usefixtures("versions")
def test_an_undeployment_ends_one_instance_only(broker: Any, pact_broker: Any) -> None:
    broker.deploy("Foo", "1", "test")
    broker.deploy("Foo", "1", "test", applicationInstance="blue")
    undeploying = ("record-undeployment", "-a", "Foo", "--environment", "test")

    unknown = pact_broker(*undeploying, "--application-instance", "green", status=1)
    assert "not currently deployed to application instance 'green'" in unknown.text
    assert live(broker, "test") == {None: "1", "blue": "1"}
    pact_broker(*undeploying)
    assert live(broker, "test") == {"blue": "1"}
    pact_broker(*undeploying, "--application-instance", "blue")
    assert live(broker, "test") == {}
    assert "not currently deployed to test environment" in pact_broker(*undeploying, status=1).text


@pytest.mark.usefixtures("versions")
def test_releases_stay_until_their_support_ends(broker: Any, pact_broker: Any) -> None:
    for number in ("1", "2"):
        told = pact_broker("record-release", "-a", "Foo", "-e", number, "--environment", "production")
        assert f"Recorded release of Foo version {number} to production environment" in told.text
    assert supported(broker, "production") == {"1", "2"}
    ending = ("record-support-ended", "-a", "Foo", "-e", "1", "--environment", "production")

    assert "Recorded support ended" in pact_broker(*ending).text

    assert supported(broker, "production") == {"2"}
    assert "No currently released versions found for Foo" in pact_broker(*ending, status=1).text


@pytest.mark.usefixtures("versions")
@pytest.mark.parametrize("command", ["record-deployment", "record-release", "record-undeployment", "record-support-ended"])
def test_an_unknown_environment_or_version_is_missed(broker: Any, pact_broker: Any, command: str) -> None:
    version = () if command == "record-undeployment" else ("-e", "1")
    told = pact_broker(command, "-a", "Foo", *version, "--environment", "none", status=1).text
    assert "Environment none" in told
    unknown = () if command == "record-undeployment" else ("-e", "9")
    told = pact_broker(command, "-a", "Foo", *unknown, "--environment", "test", status=1).text
    assert "404 Not Found" in told or "not currently" in told or "No currently" in told
    assert (live(broker, "test"), supported(broker, "test")) == ({}, set())
