"""The way of a pact: published, read, selected for verification, verified, asked about."""

from collections.abc import Callable
from typing import Any

MakePact = Callable[..., dict[str, Any]]


def test_a_published_pact_can_be_read_and_carries_ids(broker: Any, make_pact: MakePact) -> None:
    answer = broker.publish("Foo", "1", ("Bar", make_pact("Foo", "Bar", "a")), branch="main")

    pact = broker.get(answer["_links"]["pb:contracts"][0]["href"])

    assert pact["interactions"][0]["_id"] == "13a67837881dc44b5fcf19870d9541efb6a8a416"
    assert pact["_links"]["pb:consumer-version"]["name"] == "1"


def test_a_version_cannot_get_another_pact(broker: Any, make_pact: MakePact) -> None:
    broker.publish("Foo", "1", ("Bar", make_pact("Foo", "Bar", "a")))

    answer = broker.publish("Foo", "1", ("Bar", make_pact("Foo", "Bar", "b")), status=409)

    assert "Cannot change the content of the pact" in answer["errors"]["contracts"][0]
    assert '+      "description": "b"' in answer["notices"][1]["text"]


def test_a_refused_publication_leaves_nothing_behind(broker: Any, make_pact: MakePact) -> None:
    broker.publish("Foo", "1", ("Bar", make_pact("Foo", "Bar", "a")))

    both = (("Bar", make_pact("Foo", "Bar", "b")), ("Baz", make_pact("Foo", "Baz", "c")))
    broker.publish("Foo", "1", *both, status=409, tags=["late"])

    broker.get("/pacticipants/Baz", 404)
    assert broker.get("/pacticipants/Foo/versions/1")["_embedded"]["tags"] == []


def test_the_same_content_under_a_new_version_is_verified_already(broker: Any, make_pact: MakePact) -> None:
    broker.publish("Foo", "1", ("Bar", make_pact("Foo", "Bar", "a")))
    broker.verify("Foo", "1", "Bar", "10")
    broker.publish("Foo", "2", ("Bar", make_pact("Foo", "Bar", "a")))
    broker.deploy("Bar", "10", "test")

    answer = broker.get("/can-i-deploy", pacticipant="Foo", version="2", environment="test")

    assert answer["summary"]["deployable"] is True


def test_names_may_hold_slashes_spaces_and_signs(broker: Any, make_pact: MakePact) -> None:
    name, number = "a/b c+d", "feat/1 2"
    answer = broker.publish(name, number, ("Bar", make_pact(name, "Bar", "x")), branch="feat/x")

    assert broker.get(answer["_links"]["pb:contracts"][0]["href"])["consumer"]["name"] == name
    assert broker.get("/pacticipants/a%2Fb%20c%2Bd/branches/feat%2Fx/latest-version")["number"] == number


def test_a_failed_result_after_a_success_counts(broker: Any, make_pact: MakePact) -> None:
    broker.publish("Foo", "1", ("Bar", make_pact("Foo", "Bar", "a")))
    broker.verify("Foo", "1", "Bar", "10")
    broker.verify("Foo", "1", "Bar", "10", success=False)
    broker.deploy("Bar", "10", "test")

    answer = broker.get("/can-i-deploy", pacticipant="Foo", version="1", environment="test")

    assert answer["summary"]["deployable"] is False
    assert "failed" in answer["summary"]["reason"]


def test_a_live_version_without_a_result_is_unknown_although_another_live_one_has_one(broker: Any, make_pact: MakePact) -> None:
    broker.publish("Foo", "1", ("Bar", make_pact("Foo", "Bar", "a")))
    broker.verify("Foo", "1", "Bar", "10")
    broker.put("/pacticipants/Bar/versions/11", {})
    broker.deploy("Bar", "10", "test", applicationInstance="blue")
    broker.deploy("Bar", "11", "test", applicationInstance="green")

    answer = broker.get("/can-i-deploy", pacticipant="Foo", version="1", environment="test")

    assert answer["summary"]["deployable"] is None
    assert "currently in test (11)" in answer["summary"]["reason"]


def test_pending_pacts_are_selected_until_they_were_verified_once(broker: Any, make_pact: MakePact) -> None:
    broker.publish("Foo", "1", ("Bar", make_pact("Foo", "Bar", "a")), branch="main")
    request = {"consumerVersionSelectors": [{"mainBranch": True}], "providerVersionBranch": "main", "includePendingStatus": True}
    path = "/pacts/provider/Bar/for-verification"

    first = broker.post(path, request)["_embedded"]["pacts"][0]
    broker.put("/pacticipants/Bar/branches/main/versions/10", {})
    link = broker.get(first["_links"]["self"]["href"])["_links"]["pb:publish-verification-results"]["href"]
    broker.post(link, {"success": True, "providerApplicationVersion": "10"}, 201)
    second = broker.post(path, request)["_embedded"]["pacts"][0]

    assert first["verificationProperties"]["pending"] is True
    assert second["verificationProperties"]["pending"] is False


def test_an_unknown_provider_has_no_pacts_for_verification(broker: Any) -> None:
    answer = broker.post("/pacts/provider/Nobody/for-verification", {}, 404)
    assert answer == {"error": "No provider with name 'Nobody' found"}


def test_a_version_with_control_characters_can_be_read(broker: Any, make_pact: MakePact) -> None:
    broker.put("/pacts/provider/Bar/consumer/Foo/version/1%08%1F é", make_pact("Foo", "Bar", "a"))
    reply = broker.http.get("/pacts/provider/Bar/consumer/Foo/latest")
    assert reply.headers["X-Pact-Consumer-Version"] == "1%08%1F%20%C3%A9"
