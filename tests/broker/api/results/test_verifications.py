"""Results of verifications: publishing them, reading them, and which one counts."""

from collections.abc import Callable
from typing import Any

import pytest

MakePact = Callable[..., dict[str, Any]]
PAIR = "/pacts/provider/Bar/consumer/Foo"
GENERAL_404 = {"error": "The requested document was not found on this server."}


@pytest.fixture
def published(broker: Any, make_pact: MakePact) -> Any:
    broker.publish("Foo", "1", ("Bar", make_pact("Foo", "Bar", "a")), branch="main")
    return broker


def results_of(broker: Any, number: str = "1") -> str:
    return str(broker.get(f"{PAIR}/version/{number}")["_links"]["pb:publish-verification-results"]["href"])


def test_a_result_is_published_and_read(published: Any) -> None:
    body = {
        "success": True,
        "providerApplicationVersion": "10",
        "buildUrl": "http://ci/1",
        "testResults": {"tests": [{"testDescription": "x", "status": "passed"}]},
        "verifiedBy": {"implementation": "Pact-Rust", "version": "1.0", "clientLanguage": {"name": "python"}},
    }
    reply = published.http.post(results_of(published), json=body)

    shown = published.get(reply.headers["Location"])
    assert reply.status_code == 201
    assert reply.headers["Location"] == shown["_links"]["self"]["href"]
    assert {name: shown[name] for name in ("providerName", "providerApplicationVersion", "success", "buildUrl")} == {
        "providerName": "Bar",
        "providerApplicationVersion": "10",
        "success": True,
        "buildUrl": "http://ci/1",
    }
    assert shown["testResults"] == body["testResults"]
    assert "verificationDate" in shown
    assert {"self", "pb:pact-version", "pb:triggered-webhooks"} <= set(shown["_links"])
    assert published.get("/pacticipants/Bar/versions/10")["number"] == "10"


def test_faulty_results_are_refused_with_the_fields_named(published: Any) -> None:
    missing, text = ["is missing"], ["must be a string"]
    cases: list[tuple[dict[str, Any], dict[str, list[str]]]] = [
        ({}, {"success": missing, "providerApplicationVersion": missing}),
        ({"success": "yes", "providerApplicationVersion": "1"}, {"success": ["must be boolean"]}),
        ({"success": None, "providerApplicationVersion": "1"}, {"success": ["must be boolean"]}),
        ({"success": True, "providerApplicationVersion": ""}, {"providerApplicationVersion": ["must be filled"]}),
        ({"success": True, "providerApplicationVersion": " "}, {"providerApplicationVersion": ["cannot be blank"]}),
        ({"success": True, "providerApplicationVersion": 1}, {"providerApplicationVersion": text}),
        ({"success": True, "providerApplicationVersion": "1", "buildUrl": 1}, {"buildUrl": text}),
    ]
    for body, errors in cases:
        assert published.post(results_of(published), body, 400) == {"errors": errors}, body
    published.post(results_of(published), {"success": True, "providerApplicationVersion": "1", "buildUrl": "foo"}, 201)
    unknown = f"{PAIR}/pact-version/{'0' * 40}/verification-results"
    assert published.post(unknown, {"success": True, "providerApplicationVersion": "1"}, 404) == GENERAL_404
    assert published.http.post(results_of(published), content="{}", headers={"Content-Type": "text/plain"}).status_code == 415


def test_a_result_that_does_not_exist_is_answered_404(published: Any) -> None:
    result = published.verify("Foo", "1", "Bar", "10")["_links"]["self"]["href"]
    results = result.rpartition("/")[0]

    assert published.get(f"{results}/all", 404) == {"error": "To see all the verifications for a pact, use the Matrix page"}
    for number in ("abc", "999999", "1.5", "-1", "9" * 30):
        assert published.get(f"{results}/{number}", 404) == GENERAL_404, number
    other = result.replace("provider/Bar", "provider/Baz")
    assert published.get(other, 404) == GENERAL_404
    published.delete(result)
    assert published.get(result, 404) == GENERAL_404
    assert published.delete(result, 404) == GENERAL_404


def test_the_last_result_of_a_content_is_found_by_several_ways(published: Any, make_pact: MakePact) -> None:
    published.verify("Foo", "1", "Bar", "10")
    published.verify("Foo", "1", "Bar", "11", success=False)
    published.publish("Foo", "2", ("Bar", make_pact("Foo", "Bar", "b")), tags=["dev"])

    sha = published.get(f"{PAIR}/version/1")["_links"]["pb:pact-version"]["name"]
    for path in ("version/1", f"pact-version/{sha}"):
        found = published.get(f"{PAIR}/{path}/verification-results/latest")
        assert (found["providerApplicationVersion"], found["success"]) == ("11", False), path
    for path in ("version/2", "latest", "latest/dev"):
        assert published.get(f"{PAIR}/{path}/verification-results/latest", 404) == GENERAL_404, path
    published.verify("Foo", "2", "Bar", "12")
    for path in ("latest", "latest/dev", "latest/whatever"):
        assert published.get(f"{PAIR}/{path}/verification-results/latest")["providerApplicationVersion"] == "12", path


def test_the_results_of_all_pacts_of_a_version_are_summed_up(broker: Any, make_pact: MakePact) -> None:
    pacts = [(provider, make_pact("Foo", provider, "a")) for provider in ("Bar", "Baz", "Qux")]
    broker.publish("Foo", "1", *pacts)

    def summary() -> tuple[bool, dict[str, list[str]]]:
        found = broker.get("/verification-results/consumer/Foo/version/1/latest")
        return found["success"], found["providerSummary"]

    assert summary() == (False, {"successful": [], "failed": [], "unknown": ["Bar", "Baz", "Qux"]})
    broker.verify("Foo", "1", "Bar", "1")
    broker.verify("Foo", "1", "Baz", "1", success=False)
    assert summary() == (False, {"successful": ["Bar"], "failed": ["Baz"], "unknown": ["Qux"]})
    for provider in ("Baz", "Qux"):
        broker.verify("Foo", "1", provider, "1")
    assert summary() == (True, {"successful": ["Bar", "Baz", "Qux"], "failed": [], "unknown": []})
    broker.get("/verification-results/consumer/Foo/version/2/latest", 404)


def test_equal_contents_share_their_results_within_a_pair_only(broker: Any, make_pact: MakePact) -> None:
    broker.publish("Foo", "1", ("Bar", make_pact("Foo", "Bar", "a")), ("Baz", make_pact("Foo", "Baz", "a")))
    broker.publish("Foo", "2", ("Bar", make_pact("Foo", "Bar", "a")))
    broker.verify("Foo", "1", "Bar", "10")

    assert broker.get(f"{PAIR}/version/2/verification-results/latest")["providerApplicationVersion"] == "10"
    broker.get("/pacts/provider/Baz/consumer/Foo/version/1/verification-results/latest", 404)


def test_numbers_of_results_grow_over_all_pacts(broker: Any, make_pact: MakePact) -> None:
    broker.publish("Foo", "1", ("Bar", make_pact("Foo", "Bar", "a")), ("Baz", make_pact("Foo", "Baz", "a")))
    results = [broker.verify("Foo", "1", provider, "1") for provider in ("Bar", "Baz", "Bar")]
    numbers = [int(one["_links"]["self"]["href"].rpartition("/")[2]) for one in results]
    assert numbers == sorted(set(numbers))


def test_the_webhooks_of_a_result_are_an_empty_list(published: Any) -> None:
    result = published.verify("Foo", "1", "Bar", "10")
    found = published.get(result["_links"]["pb:triggered-webhooks"]["href"])
    assert found["_embedded"]["triggeredWebhooks"] == []
