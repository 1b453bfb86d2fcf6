"""`POST /contracts/publish`: what is stored, what is told, and what is refused."""

import base64
import json
from collections.abc import Callable
from typing import Any

MakePact = Callable[..., dict[str, Any]]
VERIFY = "    * Add Pact verification tests to the Bar build. See https://docs.pact.io/go/provider_verification"
WEBHOOK = (
    "    * Configure separate Bar pact verification build and webhook to trigger it when the pact content changes. "
    "See https://docs.pact.io/go/webhooks"
)
NO_BRANCH = "  Next steps:\n    Configure the version branch to be the value of your repository branch."


def told(answer: Any) -> list[tuple[str, str]]:
    return [(one["type"], one["text"]) for one in answer["notices"]]


def events(answer: Any) -> list[str]:
    return [text.removeprefix("  Events detected: ") for _, text in told(answer) if text.startswith("  Events")]


def test_a_first_publication_is_told_in_full(broker: Any, make_pact: MakePact) -> None:
    answer = broker.publish("Foo", "1", ("Bar", make_pact("Foo", "Bar", "a")), branch="main", tags=["a", "b"])

    url = f"{broker.url}/pacts/provider/Bar/consumer/Foo/version/1"
    first = "first time any pact published for this consumer with consumer version tagged"
    assert told(answer) == [
        ("debug", "Created Foo version 1 with branch main and tags a, b"),
        ("success", "Pact successfully published for Foo version 1 and provider Bar."),
        ("debug", f"  View the published pact at {url}"),
        ("debug", f"  Events detected: contract_published, contract_content_changed ({first} a, {first} b)"),
        ("prompt", "  Next steps:"),
        ("prompt", VERIFY),
        ("prompt", WEBHOOK),
    ]
    assert [(one["level"], one["message"]) for one in answer["logs"]] == told(answer)
    assert {one["deprecationWarning"] for one in answer["logs"]} == {"Replaced by notices"}
    assert (answer["_embedded"]["pacticipant"]["name"], answer["_embedded"]["version"]["number"]) == ("Foo", "1")
    links = answer["_links"]
    assert [one["name"] for one in links["pb:pacticipant-version-tags"]] == ["a", "b"]
    assert [one["href"] for one in links["pb:contracts"]] == [url]
    assert {"pb:pacticipant", "pb:pacticipant-version"} <= set(links)


def test_the_first_notice_names_branch_and_tags_that_were_given(broker: Any, make_pact: MakePact) -> None:
    pact = ("Bar", make_pact("Foo", "Bar", "a"))
    first = told(broker.publish("Foo", "1", pact))
    assert first[:2] == [("debug", "Created Foo version 1"), ("prompt", NO_BRANCH)]
    assert told(broker.publish("Foo", "1", pact, tags=["t"]))[0] == ("debug", "Updated Foo version 1 with tags t")
    again = told(broker.publish("Foo", "1", pact, branch="b"))
    assert again[:2] == [
        ("debug", "Updated Foo version 1 with branch b"),
        ("success", "Pact successfully republished for Foo version 1 and provider Bar with no content changes."),
    ]


def test_the_events_say_why_a_content_counts_as_changed(broker: Any, make_pact: MakePact) -> None:
    def publish(number: str, content: str, **fields: Any) -> list[str]:
        return events(broker.publish("Foo", number, ("Bar", make_pact("Foo", "Bar", content)), **fields))

    changed = "contract_published, contract_content_changed"
    since = "pact content has changed since the last consumer version tagged with"
    assert publish("1", "a") == [f"{changed} (first time untagged pact published)"]
    assert publish("2", "b") == [f"{changed} (pact content has changed since previous untagged version)"]
    first = "first time any pact published for this consumer with consumer version tagged t"
    assert publish("3", "b", tags=["t"]) == [f"{changed} ({first})"]
    assert publish("4", "c", tags=["t"]) == [f"{changed} ({since} t)"]
    same = "pact content is the same as previous version with tag t and no new tags were applied"
    assert publish("5", "c", tags=["t"]) == [f"contract_published ({same})"]
    none = "pact content is the same as previous versions with tags  and no new tags were applied"
    assert publish("6", "b") == [f"contract_published ({none})"]
    assert publish("6", "b") == ["contract_published"]


def test_the_next_steps_end_when_results_come_in(broker: Any, make_pact: MakePact) -> None:
    broker.publish("Foo", "1", ("Bar", make_pact("Foo", "Bar", "a")))
    broker.verify("Foo", "1", "Bar", "1")
    texts = [text for _, text in told(broker.publish("Foo", "2", ("Bar", make_pact("Foo", "Bar", "a"))))]
    assert VERIFY not in texts
    assert WEBHOOK in texts


def test_a_merge_keeps_equal_content_and_refuses_another(broker: Any, make_pact: MakePact) -> None:
    def publish(content: str, status: int) -> Any:
        document = json.dumps(make_pact("Foo", "Bar", content)).encode()
        contract = {"consumerName": "Foo", "providerName": "Bar", "specification": "pact", "contentType": "application/json"}
        contract |= {"content": base64.b64encode(document).decode(), "onConflict": "merge"}
        body = {"pacticipantName": "Foo", "pacticipantVersionNumber": "1", "contracts": [contract]}
        return broker.post("/contracts/publish", body, status)

    first, again, other = publish("a", 200), publish("a", 200), publish("b", 409)

    assert ("success", "Pact successfully published for Foo version 1 and provider Bar.") in told(first)
    assert ("success", "Pact content merged with existing content for Foo version 1 and provider Bar.") in told(again)
    assert events(again) == ["contract_published"]
    assert [one["type"] for one in other["notices"]] == ["error", "info"]


def test_a_version_is_recorded_without_contracts(broker: Any) -> None:
    answer = broker.publish("Foo", "1", branch="main", buildUrl="http://ci/1")
    assert (answer["_links"]["pb:contracts"], told(answer)) == ([], [("debug", "Created Foo version 1 with branch main")])
    assert broker.get("/pacticipants/Foo/versions/1")["buildUrl"] == "http://ci/1"


def test_conflicts_of_all_pacts_are_told_and_nothing_is_written(broker: Any, make_pact: MakePact) -> None:
    broker.publish("Foo", "1", ("Bar", make_pact("Foo", "Bar", "a")), ("Baz", make_pact("Foo", "Baz", "a")))
    pacts = (("Bar", make_pact("Foo", "Bar", "b")), ("Baz", make_pact("Foo", "Baz", "b")), ("New", make_pact("Foo", "New", "c")))

    answer = broker.publish("Foo", "1", *pacts, status=409, branch="late", tags=["late"])

    assert [one["type"] for one in answer["notices"]] == ["error", "info", "error", "info"]
    assert answer["errors"]["contracts"] == [one["text"] for one in answer["notices"] if one["type"] == "error"]
    assert '-      "description": "a"' in answer["notices"][1]["text"]
    version = broker.get("/pacticipants/Foo/versions/1")["_embedded"]
    assert (version["branchVersions"], version["tags"]) == ([], [])
    broker.get("/pacticipants/New", 404)


CONTRACT = {
    "consumerName": "Foo",
    "providerName": "Bar",
    "specification": "pact",
    "contentType": "application/json",
    "content": base64.b64encode(b'{"interactions":[]}').decode(),
}
VALID = {"pacticipantName": "Foo", "pacticipantVersionNumber": "1", "contracts": [CONTRACT]}
FAULTS: list[tuple[dict[str, Any], dict[str, list[str]]]] = [
    ({"pacticipantName": ""}, {"pacticipantName": ["must be filled"]}),
    ({"pacticipantName": " ", "contracts": []}, {"pacticipantName": ["cannot be blank"]}),
    ({"pacticipantVersionNumber": " "}, {"pacticipantVersionNumber": ["cannot be blank"]}),
    ({"pacticipantVersionNumber": "1\n2"}, {"pacticipantVersionNumber": ["cannot contain multiple lines"]}),
    ({"pacticipantVersionNumber": 1}, {"pacticipantVersionNumber": ["must be a string"]}),
    ({"branch": ""}, {"branch": ["cannot be blank"]}),
    ({"branch": "a\nb"}, {"branch": ["cannot contain multiple lines"]}),
    ({"tags": "x"}, {"tags": ["must be an array"]}),
    ({"tags": ["a", " "]}, {"tags": ["cannot be blank (at index 1)"]}),
    ({"contracts": None}, {"contracts": ["must be an array"]}),
    ({"contracts": ["x"]}, {"contracts": ["must be a hash (at index 0)"]}),
]
NOT_UTF_8 = (
    "contract content has a non UTF-8 character at char 8 and cannot be parsed as JSON. "
    'Fragment preceding invalid character is: \'{"a": "\''
)
FAULTS_OF_A_CONTRACT: list[tuple[dict[str, Any], list[str]]] = [
    ({"consumerName": "Fox"}, ["consumerName ('Fox') must match pacticipantName ('Foo')"]),
    ({"providerName": " "}, ["providerName cannot be blank"]),
    ({"content": "***"}, ["is not valid Base64", "content could not be parsed as application/json"]),
    ({"content": "e30=\n"}, ["is not valid Base64", "content could not be parsed as application/json"]),
    ({"content": base64.b64encode(b"not json").decode()}, ["content could not be parsed as application/json"]),
    (
        {"content": base64.b64encode(b'{"a": "\xff"}').decode()},
        [
            NOT_UTF_8,
            "content could not be parsed as application/json",
        ],
    ),
    ({"contentType": "text/plain"}, ["contentType must be one of: application/json"]),
    ({"specification": "x"}, ["specification must be one of: pact"]),
    ({"onConflict": "x"}, ["onConflict must be one of: overwrite, merge"]),
    (
        {"content": base64.b64encode(b'{"provider":{"name":"Bat"}}').decode()},
        ["provider name in contract content ('Bat') must match providerName in contract params ('Bar')"],
    ),
]


def test_faulty_publications_are_refused_with_the_fields_named(broker: Any) -> None:
    missing = ["is missing"]
    every = {"pacticipantName": missing, "pacticipantVersionNumber": missing, "contracts": missing}
    assert broker.post("/contracts/publish", {}, 400) == {"errors": every}
    for change, errors in FAULTS:
        assert broker.post("/contracts/publish", {**VALID, **change}, 400) == {"errors": errors}, change
    for change, texts in FAULTS_OF_A_CONTRACT:
        body = {**VALID, "contracts": [CONTRACT, {**CONTRACT, "providerName": "Baz", **change}]}
        expected = [text.replace("'Bar'", "'Baz'") + " (at index 1)" for text in texts]
        assert broker.post("/contracts/publish", body, 400) == {"errors": {"contracts": expected}}, change
    assert broker.get("/pacticipants")["pacticipants"] == []


def test_faults_are_told_as_problem_details_to_clients_that_ask_for_them(broker: Any) -> None:
    accept = "application/hal+json, application/problem+json"
    reply = broker.http.post("/contracts/publish", json={**VALID, "branch": ""}, headers={"Accept": accept})

    assert (reply.status_code, reply.headers["content-type"]) == (400, "application/problem+json;charset=utf-8")
    problem = reply.json()
    assert (problem["title"], problem["status"], problem["instance"]) == ("Validation errors", 400, "/")
    assert problem["type"] == f"{broker.url}/problems/validation-error"
    assert problem["errors"] == [
        {
            "type": f"{broker.url}/problems/invalid-body-property-value",
            "title": "Invalid body parameter",
            "detail": "cannot be blank",
            "pointer": "/branch",
        },
    ]


def test_only_json_is_taken(broker: Any) -> None:
    reply = broker.http.post("/contracts/publish", content="{}", headers={"Content-Type": "text/plain"})
    assert (reply.status_code, reply.content) == (415, b"")
