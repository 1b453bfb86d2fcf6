"""Environments, deployments and releases."""

from collections.abc import Callable
from typing import Any

import pytest

ServeBroker = Callable[..., Any]
GENERAL_404 = {"error": "The requested document was not found on this server."}
NO_UUID = "16926ef3-590f-4e3f-838e-719717aa88c9"
VERSIONS = "/pacticipants/Foo/versions"


@pytest.fixture
def with_versions(broker: Any) -> Any:
    for number in ("1", "2", "3"):
        broker.put(f"{VERSIONS}/{number}", {})
    return broker


def deployed(broker: Any, environment: str = "test", **params: str) -> list[tuple[str, str | None]]:
    path = f"/environments/{broker.environment(environment)}/deployed-versions/currently-deployed"
    found = broker.get(path, **params)["_embedded"]["deployedVersions"]
    return [(one["_embedded"]["version"]["number"], one.get("applicationInstance")) for one in found]


def supported(broker: Any, **params: str) -> list[str]:
    path = f"/environments/{broker.environment('test')}/released-versions/currently-supported"
    return [one["_embedded"]["version"]["number"] for one in broker.get(path, **params)["_embedded"]["releasedVersions"]]


def test_a_new_broker_has_two_environments(broker: Any) -> None:
    listed = broker.get("/environments")
    found = [(one["name"], one["displayName"], one["production"]) for one in listed["_embedded"]["environments"]]
    assert found == [("production", "Production", True), ("test", "Test", False)]
    assert [link["name"] for link in listed["_links"]["pb:environments"]] == ["production", "test"]


def test_an_environment_is_made_replaced_and_deleted(broker: Any) -> None:
    contacts = [{"name": "team", "details": {"email": "a@b"}}]
    reply = broker.http.post("/environments", json={"name": "my-env", "production": False, "contacts": contacts})
    made = reply.json()
    path = f"/environments/{made['uuid']}"

    assert (reply.status_code, reply.headers["Location"]) == (201, broker.url + path)
    assert (made["displayName"], made["contacts"]) == ("My Env", contacts)
    assert {"self", "pb:currently-deployed-deployed-versions", "pb:currently-supported-released-versions"} <= set(made["_links"])
    (listed,) = broker.get("/environments", name="my-env")["_embedded"]["environments"]
    assert listed["contacts"] == contacts
    changed = broker.put(path, {"name": "my-env", "displayName": "Mine", "production": True}, 200)
    assert (changed["displayName"], changed["production"], changed["uuid"]) == ("Mine", True, made["uuid"])
    assert "contacts" not in changed
    assert "updatedAt" in changed
    assert [one["name"] for one in broker.get("/environments", name="my-env")["_embedded"]["environments"]] == ["my-env"]
    broker.delete(path)
    for method in (broker.get, broker.delete):
        assert method(path, 404) == GENERAL_404
    assert broker.put(path, {"name": "x", "production": True}, 404) == GENERAL_404


def test_faulty_environments_are_refused_with_the_fields_named(broker: Any) -> None:
    missing = ["is missing"]
    cases: list[tuple[dict[str, Any], dict[str, list[str]]]] = [
        ({}, {"name": missing, "production": missing}),
        ({"name": "", "production": True}, {"name": ["must be filled"]}),
        ({"name": "a b", "production": True}, {"name": ["cannot contain spaces"]}),
        ({"name": "a\nb", "production": True}, {"name": ["cannot contain multiple lines"]}),
        ({"name": "test", "production": True}, {"name": ["name 'test' is already used by an existing environment."]}),
        ({"name": "x", "production": "yes"}, {"production": ["must be one of: true, false"]}),
        ({"name": "x", "production": True, "contacts": [{}]}, {"contacts": ["name is missing (at index 0)"]}),
    ]
    for body, errors in cases:
        assert broker.post("/environments", body, 400) == {"errors": errors}, body
        if "test" not in body.values():
            assert broker.put(f"/environments/{broker.environment('test')}", body, 400) == {"errors": errors}, body
    for body_text in ("", "{", "1"):
        reply = broker.http.post("/environments", content=body_text, headers={"Content-Type": "application/json"})
        assert reply.status_code == 400, body_text
    assert len(broker.get("/environments")["_embedded"]["environments"]) == 2


def test_a_deployment_takes_the_place_of_the_one_before_in_its_instance(with_versions: Any) -> None:
    broker = with_versions
    first = broker.deploy("Foo", "1", "test")
    again = broker.deploy("Foo", "1", "test")
    broker.deploy("Foo", "1", "production")
    broker.deploy("Foo", "2", "test", applicationInstance="blue")
    broker.deploy("Foo", "2", "test", target="green")
    broker.deploy("Foo", "3", "test")

    assert first["uuid"] == again["uuid"]
    assert deployed(broker) == [("3", None), ("2", "green"), ("2", "blue")]
    assert deployed(broker, "production") == [("1", None)]
    assert deployed(broker, applicationInstance="blue") == [("2", "blue")]
    assert deployed(broker, applicationInstance="") == [("3", None)]
    assert deployed(broker, pacticipant="Bar") == []
    old = broker.get(f"/deployed-versions/{first['uuid']}")
    assert old["currentlyDeployed"] is False
    assert "undeployedAt" in old
    assert set(old["_embedded"]) == {"pacticipant", "version", "environment"}


def test_a_deployment_ends_and_does_not_come_back(with_versions: Any) -> None:
    path = with_versions.deploy("Foo", "1", "test", applicationInstance="a")["_links"]["self"]["href"]

    unchanged = with_versions.patch(path, {})
    ended = with_versions.patch(path, {"currentlyDeployed": False})
    refused = with_versions.patch(path, {"currentlyDeployed": True}, 422)

    assert (unchanged["currentlyDeployed"], unchanged["target"], unchanged["applicationInstance"]) == (True, "a", "a")
    assert ended["currentlyDeployed"] is False
    text = "The currentlyDeployed property cannot be set back to true. Please record a new deployment."
    assert refused == {"errors": {"currentlyDeployed": [text]}}
    assert with_versions.http.patch(path, json={"currentlyDeployed": False}).status_code == 415
    assert with_versions.get(f"/deployed-versions/{NO_UUID}", 404) == GENERAL_404
    with_versions.patch(f"/deployed-versions/{NO_UUID}", {"currentlyDeployed": False}, 404)
    assert deployed(with_versions) == []
    uuid = with_versions.environment("test")
    history = with_versions.get(f"{VERSIONS}/1/deployed-versions/environment/{uuid}")["_embedded"]["deployedVersions"]
    assert [one["currentlyDeployed"] for one in history] == [False]


def test_several_versions_are_released_at_once(with_versions: Any) -> None:
    broker, uuid = with_versions, with_versions.environment("test")
    paths = [f"{VERSIONS}/{number}/released-versions/environment/{uuid}" for number in ("1", "2")]
    first, second = (broker.post(path, {}, 201) for path in paths)
    assert supported(broker) == ["1", "2"]
    assert supported(broker, pacticipant="Foo", version="2") == ["2"]

    own = first["_links"]["self"]["href"]
    ended = broker.patch(own, {"currentlySupported": False})
    assert (ended["currentlySupported"], "supportEndedAt" in ended, supported(broker)) == (False, True, ["2"])
    text = "The currentlySupported property cannot be set back to true. Please record a new deployment."
    assert broker.patch(own, {"currentlySupported": True}, 422) == {"errors": {"currentlySupported": [text]}}
    again = broker.post(paths[0], {}, 200)
    assert (again["uuid"], again["currentlySupported"]) == (first["uuid"], True)
    assert sorted(supported(broker)) == ["1", "2"]
    assert broker.http.patch(own, json={"currentlySupported": False}).status_code == 415
    listed = broker.get(paths[1])["_embedded"]["releasedVersions"]
    assert [one["uuid"] for one in listed] == [second["uuid"]]
    assert broker.get(f"/released-versions/{NO_UUID}", 404) == GENERAL_404


def test_nothing_is_recorded_for_what_does_not_exist(with_versions: Any) -> None:
    uuid = with_versions.environment("test")
    for kind in ("deployed-versions", "released-versions"):
        for version, environment in (("9", uuid), ("1", NO_UUID)):
            path = f"{VERSIONS}/{version}/{kind}/environment/{environment}"
            assert with_versions.post(path, {}, 404) == GENERAL_404, path
            with_versions.get(path, 404)
    for path in ("deployed-versions/currently-deployed", "released-versions/currently-supported"):
        assert with_versions.get(f"/environments/{NO_UUID}/{path}", 404) == GENERAL_404


def test_a_deleted_environment_takes_its_deployments_along(with_versions: Any) -> None:
    row = with_versions.deploy("Foo", "1", "test")
    with_versions.delete(f"/environments/{with_versions.environment('test')}")
    with_versions.get(row["_links"]["self"]["href"], 404)
    assert with_versions.get(f"{VERSIONS}/1")["_links"]["pb:deployed-environments"] == []


def test_environments_are_listed_by_their_display_names(broker: Any) -> None:
    made = broker.post("/environments", {"name": "x", "displayName": "", "production": False}, 201)
    assert made["displayName"] == "X"
    broker.post("/environments", {"name": "a", "displayName": "sandbox", "production": False}, 201)
    names = [one["name"] for one in broker.get("/environments")["_embedded"]["environments"]]
    assert names == ["production", "a", "test", "x"]


def test_what_is_no_truth_value_changes_no_deployment(with_versions: Any) -> None:
    path = with_versions.deploy("Foo", "1", "test")["_links"]["self"]["href"]
    assert with_versions.patch(path, {"currentlyDeployed": "false"})["currentlyDeployed"] is True


def test_an_empty_instance_is_one_of_its_own(with_versions: Any) -> None:
    with_versions.deploy("Foo", "1", "test", applicationInstance="")
    with_versions.deploy("Foo", "2", "test")
    assert deployed(with_versions) == [("2", None), ("1", "")]
    assert deployed(with_versions, applicationInstance="") == [("2", None)]
