"""The matrix and can-i-deploy: rows, verdicts, counts, reasons, and questions that cannot be answered."""

from collections.abc import Callable
from typing import Any

import pytest

MakePact = Callable[..., dict[str, Any]]
NO_ENVIRONMENT = (
    "WARN: It is recommended to specify the environment into which you are deploying. "
    "Without the environment, this result will not be reliable."
)
NO_VERSION = (
    "WARN: It is recommended to specify the version number (rather than the tag or branch) of the pacticipant you wish to "
    "deploy to avoid race conditions. Without a version number, this result will not be reliable."
)
GOOD = "All required verification results are published and successful"
NOTHING_MISSING = "There are no missing dependencies"


def rows(answer: Any) -> list[tuple[Any, ...]]:
    return [
        (
            row["consumer"]["version"]["number"],
            (row["provider"]["version"] or {}).get("number"),
            (row["verificationResult"] or {}).get("success"),
        )
        for row in answer["matrix"]
    ]


def verdict(answer: Any) -> tuple[Any, ...]:
    summary = answer["summary"]
    return summary["deployable"], summary["success"], summary["failed"], summary["unknown"]


@pytest.fixture
def filled(broker: Any, make_pact: MakePact) -> Any:
    """Foo 1 and 2 ask Bar; Bar 10 keeps both, Bar 11 breaks 2 and was not tried with 1; Bar 10 is live in test."""
    for number in ("1", "2"):
        broker.publish("Foo", number, ("Bar", make_pact("Foo", "Bar", number)), branch="main", tags=["dev"])
        broker.verify("Foo", number, "Bar", "10")
    broker.verify("Foo", "2", "Bar", "11", success=False)
    broker.put("/pacticipants/Bar/branches/main/versions/11", {})
    broker.put("/pacticipants/Bar/versions/11/tags/prod", {})
    broker.deploy("Bar", "10", "test")
    return broker


def test_one_selector_gives_every_result_with_the_versions_asked_for(filled: Any) -> None:
    cases = {
        "q[][pacticipant]=Foo&q[][version]=2": [("2", "11", False), ("2", "10", True)],
        "q[][pacticipant]=Foo": [("2", "11", False), ("2", "10", True), ("1", "10", True)],
        "q[][pacticipant]=Bar&q[][version]=11": [("2", "11", False)],
        "q[][pacticipant]=Foo&q[][latest]=true&latestby=cvp": [("2", "11", False)],
        "q[][pacticipant]=Foo&q[][version]=2&success=true": [("2", "10", True)],
        "q[][pacticipant]=Foo&q[][version]=2&success[]=true&success[]=false": [("2", "11", False), ("2", "10", True)],
        "q[][pacticipant]=Foo&q[][version]=1&q[][pacticipant]=Bar&q[][version]=11": [("1", None, None)],
        "q[][pacticipant]=Foo&q[][pacticipant]=Bar&q[][version]=10": [("2", "10", True), ("1", "10", True)],
        "q[][pacticipant]=Foo&q[][version]=2&latestby=cvpv&environment=test": [("2", "10", True)],
        "q[][pacticipant]=Foo&q[][version]=2&latestby=cvp&latest=true&tag=prod": [("2", "11", False)],
        "q[][pacticipant]=Foo&q[][version]=1&latestby=cvpv&latest=true&mainBranch=true": [("1", None, None)],
        "q[][pacticipant]=Foo&q[][branch]=main&q[][latest]=true&q[][pacticipant]=Bar": [("2", "11", False), ("2", "10", True)],
    }
    assert {query: rows(filled.get(f"/matrix?{query}")) for query in cases} == cases
    pair = filled.get("/matrix/provider/Bar/consumer/Foo")
    assert rows(pair) == [("2", "11", False), ("2", "10", True), ("1", "10", True)]


def test_the_verdict_and_its_reasons_follow_from_the_rows(filled: Any) -> None:
    failed = "The verification for the pact between version 2 of Foo and version 11 of Bar failed"
    nothing = "There is no verified pact between version 1 of Foo and"
    nowhere = "no version is currently recorded as deployed/released in this environment"
    cases: dict[str, tuple[tuple[Any, ...], list[tuple[str, str]]]] = {
        "q[][pacticipant]=Foo&q[][version]=2&environment=test": ((True, 1, 0, 0), [("success", GOOD)]),
        "q[][pacticipant]=Foo&q[][version]=2&q[][pacticipant]=Bar&q[][version]=11": ((False, 0, 1, 0), [("error", failed)]),
        "q[][pacticipant]=Foo&q[][version]=1&q[][pacticipant]=Bar&q[][version]=11": (
            (None, 0, 0, 1),
            [("error", f"{nothing} version 11 of Bar")],
        ),
        "q[][pacticipant]=Foo&q[][version]=1&latest=true&tag=prod": (
            (None, 0, 0, 1),
            [("error", f"{nothing} the latest version of Bar with tag prod (11)")],
        ),
        "q[][pacticipant]=Foo&q[][version]=1&environment=production": (
            (None, 0, 0, 1),
            [("error", f"{nothing} a version of Bar currently in production ({nowhere})")],
        ),
        "q[][pacticipant]=Bar&q[][version]=11&environment=test": ((True, 0, 0, 0), [("success", NOTHING_MISSING)]),
        "q[][pacticipant]=Foo&q[][version]=9&environment=test": (
            (False, 0, 0, 0),
            [("error", "No pacts or verifications have been published for version 9 of Foo")],
        ),
        "q[][pacticipant]=Foo&q[][latest]=true&q[][tag]=none&environment=test": (
            (False, 0, 0, 0),
            [("warning", NO_VERSION), ("error", "No version with tag none exists for Foo")],
        ),
        "q[][pacticipant]=Foo&q[][latest]=true&q[][branch]=none": (
            (False, 0, 0, 0),
            [("warning", NO_ENVIRONMENT), ("warning", NO_VERSION), ("error", "No version of Foo from branch none exists")],
        ),
    }
    for query, (expected, notices) in cases.items():
        answer = filled.get(f"/matrix?{query}")
        assert verdict(answer) == expected, query
        assert [(one["type"], one["text"]) for one in answer["notices"]] == notices, query
        assert answer["summary"]["reason"] == "\n".join(text for _, text in notices), query
        assert "ignored" not in answer["summary"], query


def test_a_failure_beside_something_unknown_is_unknown(filled: Any, make_pact: MakePact) -> None:
    pacts = [(provider, make_pact("Zoo", provider, "a")) for provider in ("Bar", "Baz")]
    filled.publish("Zoo", "1", *pacts)
    filled.verify("Zoo", "1", "Bar", "10", success=False)
    answer = filled.get("/can-i-deploy", pacticipant="Zoo", version="1", environment="test")
    assert verdict(answer) == (None, 0, 1, 1)
    assert [one["type"] for one in answer["notices"]] == ["error", "error"]


def test_a_consumer_that_is_live_without_a_result_is_unknown_to_its_provider(filled: Any) -> None:
    filled.deploy("Foo", "1", "test")
    for version, deployable in (("10", True), ("11", None)):
        answer = filled.get("/can-i-deploy", pacticipant="Bar", version=version, environment="test")
        assert answer["summary"]["deployable"] is deployable, version


def test_ignored_rows_do_not_count_and_stand_last(filled: Any, make_pact: MakePact) -> None:
    filled.publish("Foo", "3", ("Baz", make_pact("Foo", "Baz", "a")), ("Bar", make_pact("Foo", "Bar", "3")))
    filled.verify("Foo", "3", "Bar", "10")
    query = "q[][pacticipant]=Foo&q[][version]=3&latestby=cvpv&environment=test"

    answer = filled.get(f"/matrix?{query}&ignore[][pacticipant]=Baz")
    unknown = filled.get(f"/matrix?{query}&ignore[][pacticipant]=Nobody&ignore[][pacticipant]=Bar&ignore[][version]=99")

    assert verdict(answer) == (True, 1, 0, 0)
    assert answer["summary"]["ignored"] == 1
    assert [(row["provider"]["name"], row.get("ignored", False)) for row in answer["matrix"]] == [("Bar", False), ("Baz", True)]
    assert [one["text"] for one in unknown["notices"]][:2] == [
        "WARN: Cannot ignore any version of Nobody (no such pacticipant exists)",
        "WARN: Cannot ignore version 99 of Bar (no such version exists)",
    ]
    assert verdict(unknown) == (None, 1, 0, 1)
    ignored = filled.get("/can-i-deploy?pacticipant=Foo&version=3&environment=test&ignore[]=Baz")
    dropped = filled.get("/can-i-deploy?pacticipant=Foo&version=3&environment=test&ignore[][version]=1&ignore=x")
    assert (verdict(ignored), verdict(dropped)) == ((True, 1, 0, 0), (None, 1, 0, 1))


def test_a_version_without_pacts_and_consumers_can_be_deployed(broker: Any) -> None:
    broker.put("/pacticipants/Lonely/versions/1", {})
    answer = broker.get("/can-i-deploy", pacticipant="Lonely", version="1", environment="test")
    assert (verdict(answer), answer["summary"]["reason"]) == ((True, 0, 0, 0), NOTHING_MISSING)


def test_the_limit_cuts_publications_and_rows(filled: Any) -> None:
    both = "q[][pacticipant]=Foo&q[][pacticipant]=Bar&latestby=cvpv"
    assert rows(filled.get(f"/matrix?{both}&limit=1")) == [("2", "11", False)]
    assert rows(filled.get(f"/matrix?{both}&limit=1&success=true")) == []


BAD_QUESTIONS = {
    "": ["Please provide 1 or more version selectors."],
    "q[][version]=1": ["Please specify the pacticipant name"],
    "q[]=Foo": ["Please specify the pacticipant name"],
    "q=Foo": ["Please specify the pacticipant name"],
    "q[][pacticipant]=Foo&q[][version]=1&q[][latest]=true": [
        "A version number and latest flag cannot both be specified for Foo",
    ],
    "q[][pacticipant]=X&q[][pacticipant]=Y": ["Pacticipant X not found", "Pacticipant Y not found"],
    "q[][pacticipant]=Foo&ignore[][version]=1": ["Please specify the pacticipant name to ignore"],
    "q[][pacticipant]=Foo&tag=x&environment=test": ["Cannot specify more than one of tag, environment and mainBranch."],
    "q[][pacticipant]=Foo&tag=x&mainBranch=true": ["Cannot specify more than one of tag, environment and mainBranch."],
    "q[][pacticipant]=Foo&latest=true&environment=test": ["Cannot specify both latest=true and an environment."],
    "q[][pacticipant]=Foo&environment=x": ["Environment with name 'x' does not exist"],
    "q[][pacticipant]=Foo&limit=0": ["The limit must be 1 or greater."],
    "q[][pacticipant]=Foo&limit=x": ["The limit must be 1 or greater."],
}


def test_questions_that_make_no_sense_are_refused_in_words(filled: Any) -> None:
    assert {query: filled.get(f"/matrix?{query}", 400) for query in BAD_QUESTIONS} == {
        query: {"errors": errors} for query, errors in BAD_QUESTIONS.items()
    }
    assert filled.get("/matrix?q[][pacticipant]=Foo&latestby=x", 400)["errors"] != []
    unknown = filled.get("/matrix/provider/None/consumer/Foo", 404)
    assert unknown == {"error": "No provider with name 'None' found"}
    strange = filled.get("/matrix?q[][pacticipant]=Foo&q[][environment]=zzz")
    assert verdict(strange)[0] is False


def test_can_i_deploy_names_what_is_missing(filled: Any) -> None:
    neither, both = ["Must specify either an environment or a 'to' tag."], ["Cannot specify both a 'to' tag and an environment."]
    missing, empty = ["is missing"], ["must be filled"]
    unknown = ["does not match an existing pacticipant"]
    cases: list[tuple[dict[str, str], dict[str, list[str]]]] = [
        ({}, {"pacticipant": missing, "version": missing, "": neither}),
        ({"pacticipant": "", "version": "", "to": "t"}, {"pacticipant": empty, "version": empty}),
        ({"pacticipant": "X", "version": "1", "to": "prod"}, {"pacticipant": unknown}),
        ({"pacticipant": "X", "version": "1"}, {"pacticipant": unknown, "": neither}),
        ({"pacticipant": "Foo", "version": "1", "environment": "x"}, {"environment": ["with name 'x' does not exist"]}),
        ({"pacticipant": "Foo", "version": "1", "environment": ""}, {"environment": empty}),
        ({"pacticipant": "Foo", "version": "1"}, {"": neither}),
        ({"pacticipant": "Foo", "version": "1", "to": "prod", "environment": "test"}, {"": both}),
    ]
    for params, errors in cases:
        assert filled.get("/can-i-deploy", 400, **params) == {"errors": errors}, params


def test_can_i_deploy_has_forms_for_tags_and_branches(filled: Any) -> None:
    by_tag = filled.get("/pacticipants/Foo/latest-version/dev/can-i-deploy/to/prod")
    by_branch = filled.get("/pacticipants/Foo/branches/main/latest-version/can-i-deploy/to-environment/test")
    plain = filled.get("/can-i-deploy", pacticipant="Foo", version="2", to="prod")

    assert [verdict(one)[0] for one in (by_tag, by_branch, plain)] == [False, True, False]
    for path in (
        "/pacticipants/Foo/latest-version/none/can-i-deploy/to/prod",
        "/pacticipants/Foo/branches/none/latest-version/can-i-deploy/to-environment/test",
        "/pacticipants/Foo/branches/main/latest-version/can-i-deploy/to-environment/none",
    ):
        filled.get(path, 404)


def test_the_matrix_is_given_as_a_table_too(filled: Any) -> None:
    reply = filled.http.get("/matrix?q[][pacticipant]=Foo&q[][version]=2&latestby=cvpv", headers={"Accept": "text/plain"})

    lines = reply.text.split("\n")
    assert reply.headers["content-type"] == "text/plain;charset=utf-8"
    headings = ["CONSUMER", "C_VERSION", "REVISION", "PROVIDER", "P_VERSION", "NUMBER", "SUCCESS"]
    assert [cell.strip() for cell in lines[0].split("|")] == headings
    cells = [[cell.strip() for cell in line.split("|")] for line in lines[2:4]]
    assert [(row[0], row[1], row[4], row[6]) for row in cells] == [("Foo", "2", "11", "false"), ("Foo", "2", "10", "true")]
    assert "Deployable: false" in lines


def test_rows_show_branches_tags_environments_and_links(filled: Any) -> None:
    row = filled.get("/matrix?q[][pacticipant]=Foo&q[][version]=2&environment=test&latestby=cvpv")["matrix"][0]

    consumer, provider = row["consumer"]["version"], row["provider"]["version"]
    assert (consumer["branch"], [one["name"] for one in consumer["branches"]]) == ("main", ["main"])
    assert consumer["branchVersions"] == consumer["branches"]
    assert [(tag["name"], tag["latest"]) for tag in consumer["tags"]] == [("dev", True)]
    assert [one["name"] for one in provider["environments"]] == ["test"]
    assert filled.get(row["pact"]["_links"]["self"]["href"])["interactions"][0]["description"] == "2"
    assert filled.get(row["verificationResult"]["_links"]["self"]["href"])["providerApplicationVersion"] == "10"
