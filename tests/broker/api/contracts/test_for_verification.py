"""Pacts for verification: which pacts are selected, which are pending or work in progress, and what is told about them."""

from collections.abc import Callable
from typing import Any

import pytest

MakePact = Callable[..., dict[str, Any]]
PATH = "/pacts/provider/Bar/for-verification"


def ask(broker: Any, *selectors: dict[str, Any], status: int = 200, **fields: Any) -> Any:
    body = {"consumerVersionSelectors": list(selectors), "includePendingStatus": False, **fields}
    return broker.post(PATH, body, status)


def names(answer: Any) -> list[str]:
    found = [one["_links"]["self"]["name"] for one in answer["_embedded"]["pacts"]]
    return [name.removeprefix("Pact between ").removesuffix(" and Bar") for name in found]


def reasons(answer: Any) -> list[str]:
    """Give the criteria of each pact, as the first notice tells them."""
    texts = [one["verificationProperties"]["notices"][0]["text"] for one in answer["_embedded"]["pacts"]]
    return [line.strip(" *") for text in texts for line in text.split("\n")[1:]]


@pytest.fixture
def filled(broker: Any, make_pact: MakePact) -> Any:
    """Foo and Zoo, each with two branches; Foo 1 is in production, Zoo 1 is released in test."""
    for consumer in ("Foo", "Zoo"):
        for number, branch, tags in (("1", "main", ["prod"]), ("2", "feat", ["dev"]), ("3", "main", ["prod"])):
            content = make_pact(consumer, "Bar", number)
            broker.publish(consumer, number, ("Bar", content), branch=branch, tags=tags)
    broker.deploy("Foo", "1", "production")
    broker.post(f"/pacticipants/Zoo/versions/1/released-versions/environment/{broker.environment('test')}", {}, 201)
    return broker


def test_selectors_choose_versions_of_every_consumer(filled: Any) -> None:
    every = ["Foo (1)", "Foo (3)", "Zoo (1)", "Zoo (3)"]
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({"mainBranch": True}, ["Foo (3)", "Zoo (3)"]),
        ({"mainBranch": True, "consumer": "Zoo"}, ["Zoo (3)"]),
        ({"branch": "feat"}, ["Foo (2)", "Zoo (2)"]),
        ({"branch": "feat", "consumer": "Foo"}, ["Foo (2)"]),
        ({"branch": True}, ["Foo (2)", "Foo (3)", "Zoo (2)", "Zoo (3)"]),
        ({"branch": "none"}, []),
        ({"matchingBranch": True}, ["Foo (2)", "Zoo (2)"]),
        ({"tag": "prod"}, every),
        ({"tag": "prod", "latest": True}, ["Foo (3)", "Zoo (3)"]),
        ({"tag": "prod", "latest": True, "consumer": "Foo"}, ["Foo (3)"]),
        ({"tag": "none", "latest": True, "fallbackTag": "dev"}, ["Foo (2)", "Zoo (2)"]),
        ({"branch": "none", "fallbackBranch": "feat"}, ["Foo (2)", "Zoo (2)"]),
        ({"branch": "feat", "fallbackBranch": "main"}, ["Foo (2)", "Zoo (2)"]),
        ({"latest": True}, ["Foo (3)", "Zoo (3)"]),
        ({"deployed": True}, ["Foo (1)"]),
        ({"released": True}, ["Zoo (1)"]),
        ({"deployedOrReleased": True}, ["Foo (1)", "Zoo (1)"]),
        ({"deployedOrReleased": True, "environment": "test"}, ["Zoo (1)"]),
        ({"environment": "production"}, ["Foo (1)"]),
        ({"environment": "test"}, ["Zoo (1)"]),
        ({"latest": True, "consumer": "Nobody"}, []),
        ({"latest": True, "unknown": 1}, ["Foo (3)", "Zoo (3)"]),
    ]
    for selector, expected in cases:
        answer = ask(filled, selector, providerVersionBranch="feat")
        assert names(answer) == expected, selector
        assert "pending" not in str(answer["_embedded"]["pacts"]), selector


def test_the_head_of_a_branch_without_a_pact_selects_nothing(filled: Any) -> None:
    filled.put("/pacticipants/Foo/branches/main/versions/4", {})
    filled.put("/pacticipants/Foo/versions/4/tags/prod", {})
    assert names(ask(filled, {"mainBranch": True})) == ["Zoo (3)"]
    assert names(ask(filled, {"branch": "main"})) == ["Zoo (3)"]
    assert names(ask(filled, {"tag": "prod", "latest": True})) == ["Zoo (3)"]
    assert names(ask(filled, {"latest": True})) == ["Foo (3)", "Zoo (3)"]


def test_without_selectors_main_branches_and_live_versions_are_selected(filled: Any, make_pact: MakePact) -> None:
    filled.publish("Old", "1", ("Bar", make_pact("Old", "Bar", "1")), branch="trunk")
    filled.publish("Tagged", "1", ("Bar", make_pact("Tagged", "Bar", "1")), branch="x", tags=["main"])
    filled.publish("Tagged", "2", ("Bar", make_pact("Tagged", "Bar", "2")), branch="x")
    expected = ["Foo (1)", "Foo (3)", "Old (1)", "Tagged (1)", "Zoo (1)", "Zoo (3)"]
    assert names(ask(filled)) == expected
    assert names(filled.post(PATH, {})) == expected


def test_a_fallback_is_used_only_when_no_selected_pact_has_the_tag(filled: Any, make_pact: MakePact) -> None:
    filled.publish("Foo", "9", ("Bar", make_pact("Foo", "Bar", "9")), branch="x", tags=["rare"])
    wanted = {"tag": "rare", "latest": True, "fallbackTag": "dev"}

    assert names(ask(filled, wanted)) == ["Foo (9)"]
    assert names(ask(filled, {**wanted, "consumer": "Zoo"})) == ["Zoo (2)"]
    both = ask(filled, {**wanted, "consumer": "Zoo"}, {"tag": "rare", "latest": True, "consumer": "Foo"})
    assert names(both) == ["Foo (9)"]
    told = reasons(ask(filled, {**wanted, "consumer": "Zoo"}))
    assert told == ["latest version of Zoo tagged 'dev' (fallback tag used as no pact was found with tag 'rare') (2)"]


def test_equal_contents_are_one_entry_with_all_reasons_in_order(broker: Any, make_pact: MakePact) -> None:
    for number, branch, tags in (("1", "main", ["prod"]), ("2", "feat", ["prod"])):
        broker.publish("Foo", number, ("Bar", make_pact("Foo", "Bar", "same")), branch=branch, tags=tags)
    broker.deploy("Foo", "1", "production")
    broker.deploy("Foo", "2", "test")
    selectors = ({"deployed": True}, {"tag": "prod"}, {"tag": "prod", "latest": True}, {"branch": "feat"})

    answer = ask(broker, *selectors, {"latest": True}, {"mainBranch": True}, {"deployed": True, "consumer": "Foo"})

    assert names(answer) == ["Foo (2)"]
    assert reasons(answer) == [
        "latest version of a consumer that has a pact with Bar (2)",
        "latest version from branch 'feat' (2)",
        "latest version tagged 'prod' (2)",
        "all consumer versions tagged 'prod' (1)",
        "all consumer versions tagged 'prod' (2)",
        "consumer version(s) currently deployed to test (2) and production (1)",
        "version(s) of Foo currently deployed to test (2) and production (1)",
        "latest version from the main branch 'main' (1)",
    ]
    short = answer["_embedded"]["pacts"][0]["shortDescription"].split(", ")
    assert short[:4] == ["latest", "latest from branch feat", "latest with tag prod", "one of prod"]
    assert short[-1] == "latest from main branch"


REQUIRED = (
    "must specify a value for environment or tag or branch, or specify mainBranch=true, matchingBranch=true, latest=true, "
    "deployed=true, released=true or deployedOrReleased=true"
)
FAULTY_SELECTORS: list[tuple[Any, list[str]]] = [
    ({}, [REQUIRED]),
    ({"latest": False}, [REQUIRED]),
    ({"mainBranch": False}, ["mainBranch must be one of: true"]),
    ({"mainBranch": True, "tag": "t"}, ["cannot specify mainBranch=true with any other criteria apart from consumer"]),
    ({"mainBranch": True, "latest": False}, ["cannot specify mainBranch=true with latest=false"]),
    (
        {"matchingBranch": True, "latest": True},
        ["cannot specify matchingBranch=true with any other criteria apart from consumer"],
    ),
    ({"tag": "t", "branch": "b"}, ["cannot specify both a tag and a branch"]),
    ({"tag": "t", "latest": True, "deployed": True}, ["cannot specify the fields latest/tag with the field deployed"]),
    (
        {"branch": "b", "deployed": True, "environment": "test"},
        ["cannot specify the field branch with the fields deployed/environment"],
    ),
    ({"tag": "t", "fallbackTag": "f"}, ["fallbackTag can only be set if latest is true"]),
    ({"latest": True, "fallbackTag": "f"}, ["a tag must be specified when a fallbackTag is specified"]),
    ({"latest": True, "fallbackBranch": "f"}, ["a branch must be specified when a fallbackBranch is specified"]),
    ({"branch": "b", "latest": False}, ["cannot specify a branch with latest=false"]),
    ({"branch": False}, ["branch must be a string or must be equal to true"]),
    ({"tag": None}, ["tag must be filled"]),
    ({"tag": 1}, ["tag must be a string"]),
    ({"latest": True, "consumer": " "}, ["consumer cannot be blank"]),
    ({"latest": "true"}, ["latest must be one of: true, false"]),
    ({"environment": "x"}, ["environment with name 'x' does not exist"]),
    ({"deployed": True, "released": True}, ["cannot specify both deployed=true and released=true"]),
    ({"released": True, "deployedOrReleased": True}, ["cannot specify both released=true and deployedOrReleased=true"]),
    ("x", ["must be a hash"]),
]


def test_faulty_selectors_are_named_with_their_place(filled: Any) -> None:
    for selector, texts in FAULTY_SELECTORS:
        answer = ask(filled, {"latest": True}, selector, status=400, providerVersionBranch="main")
        assert answer == {"errors": {"consumerVersionSelectors": [f"{text} (at index 1)" for text in texts]}}, selector
    without_branch = ask(filled, {"matchingBranch": True}, status=400)["errors"]["consumerVersionSelectors"]
    needed = "the providerVersionBranch must be specified when the selector matchingBranch=true is used (at index 0)"
    assert without_branch == [needed]


def test_faulty_requests_are_refused(filled: Any) -> None:
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({"providerVersionBranch": " "}, ["providerVersionBranch"]),
        ({"providerVersionBranch": "", "includePendingStatus": True}, ["providerVersionBranch"]),
        ({"providerVersionBranch": "", "includeWipPactsSince": "2020-01-01"}, ["providerVersionBranch"]),
        ({"providerVersionTags": "x"}, ["providerVersionTags"]),
        ({"includePendingStatus": "x"}, ["includePendingStatus"]),
        ({"includePendingStatus": None}, ["includePendingStatus"]),
        ({"includeWipPactsSince": "foo", "providerVersionBranch": "main"}, ["includeWipPactsSince"]),
        ({"includeWipPactsSince": None, "providerVersionBranch": "main"}, ["includeWipPactsSince"]),
        ({"consumerVersionSelectors": {}}, ["consumerVersionSelectors"]),
        ({"consumerVersionSelectors": None}, ["consumerVersionSelectors"]),
    ]
    for fields, faulty in cases:
        assert list(filled.post(PATH, fields, 400)["errors"]) == faulty, fields
    for fields in ({"providerVersionBranch": None}, {"providerVersionBranch": "", "providerVersionTags": ["t"]}):
        filled.post(PATH, {**fields, "includePendingStatus": True})
    assert filled.http.post(PATH, content="{}", headers={"Content-Type": "text/plain"}).status_code == 415
    assert filled.post("/pacts/provider/None/for-verification", {}, 404) == {"error": "No provider with name 'None' found"}


def test_the_old_form_asks_by_query_parameters(filled: Any) -> None:
    query = "consumer_version_selectors[][tag]=prod&consumer_version_selectors[][latest]=true"
    answer = filled.get(f"{PATH}?{query}&provider_version_tags[]=main&include_pending_status=true")

    assert names(answer) == ["Foo (3)", "Zoo (3)"]
    properties = answer["_embedded"]["pacts"][0]["verificationProperties"]
    assert properties["pending"] is True
    assert properties["notices"][0]["text"].startswith("WARNING - this version of the Pact library uses a beta version")
    assert answer["_links"]["self"] == {"title": "Pacts to be verified", "href": filled.url + PATH}
    assert "_links" in filled.get(PATH)
    assert list(filled.get(f"{PATH}?include_wip_pacts_since=x", 400)["errors"]) == ["include_wip_pacts_since"]
