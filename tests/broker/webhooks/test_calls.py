"""What is called, when, with what; and what became of it."""

from typing import Any

import pytest

from hook_receiver import Answer, Receiver

ALL = (
    *("consumerName", "providerName", "consumerVersionNumber", "providerVersionNumber", "consumerVersionTags"),
    *("providerVersionTags", "consumerVersionBranch", "providerVersionBranch", "providerVersionDescriptions"),
    *("githubVerificationStatus", "gitlabVerificationStatus", "bitbucketVerificationStatus", "azureDevOpsVerificationStatus"),
    *("consumerLabels", "providerLabels", "eventName", "buildUrl", "pactUrl", "verificationResultUrl"),
)
BODY = {name: f"${{pactbroker.{name}}}" for name in ALL}
CALL = {"request": {"body": BODY, "headers": {"Content-Type": "application/json"}}}


def hook(make_webhook: Any, broker: Any, receiver: Receiver, event: str, **more: Any) -> Any:
    return make_webhook(broker, f"{receiver.url}/{event}", event, **CALL, **more)


def test_a_publication_calls_for_each_event_and_tells_where_the_logs_are(
    working: Any, receiver: Receiver, make_webhook: Any, make_pact: Any, until: Any
) -> None:
    for event in ("contract_published", "contract_content_changed"):
        hook(make_webhook, working, receiver, event, description=event)
    pact = make_pact("Foo", "Bar", "a")
    told = working.publish("Foo", "1", ("Bar", pact), branch="main", tags=["dev"], buildUrl="https://ci.example/1")
    until(lambda: len(receiver.received) == 2)

    body = receiver.at("/contract_published")[0].body
    expected = {"consumerName": "Foo", "providerName": "Bar", "consumerVersionNumber": "1", "consumerVersionTags": "dev"}
    expected |= {"consumerVersionBranch": "main", "buildUrl": "https://ci.example/1", "eventName": "contract_published"}
    expected |= {"githubVerificationStatus": "pending", "bitbucketVerificationStatus": "INPROGRESS", "verificationResultUrl": ""}
    assert {name: body[name] for name in expected} == expected
    assert working.get(body["pactUrl"])["interactions"][0]["description"] == "a"
    texts = [notice["text"] for notice in told["notices"]]
    triggered = next(text for text in texts if 'Webhook "contract_published" triggered' in text)
    logs = triggered.rpartition(" ")[2]
    until(lambda: "Successfully executed webhook" in working.http.get(logs).text)
    listed = working.get("/pacts/provider/Bar/consumer/Foo/version/1/triggered-webhooks")["_embedded"]["triggeredWebhooks"]
    assert {one["eventName"] for one in listed} == {"contract_published", "contract_content_changed"}


def test_the_same_content_on_a_new_branch_is_published_and_not_changed(
    working: Any, receiver: Receiver, make_webhook: Any, make_pact: Any, until: Any
) -> None:
    for event in ("contract_published", "contract_content_changed"):
        hook(make_webhook, working, receiver, event)
    pact = ("Bar", make_pact("Foo", "Bar", "a"))
    working.publish("Foo", "1", pact, branch="main")
    working.publish("Foo", "2", pact, branch="feat")
    working.put("/pacts/provider/Bar/consumer/Foo/version/2", pact[1], 200)
    until(lambda: len(receiver.received) == 4)
    changed = [one.body["consumerVersionNumber"] for one in receiver.at("/contract_content_changed")]
    assert changed == ["1"]
    assert sorted(one.body["consumerVersionNumber"] for one in receiver.at("/contract_published")) == ["1", "2", "2"]


def test_a_result_calls_for_each_consumer_version_that_its_pact_was_chosen_for_with_the_tags_of_its_selectors(
    working: Any, receiver: Receiver, make_webhook: Any, make_pact: Any, until: Any
) -> None:
    pact = ("Bar", make_pact("Foo", "Bar", "a"))
    working.publish("Foo", "1", pact, tags=["t1", "t2"])
    working.publish("Foo", "2", pact, branch="main", tags=["other"])
    working.publish("Foo", "3", pact, branch="feat")
    for event in ("provider_verification_published", "provider_verification_succeeded", "provider_verification_failed"):
        hook(make_webhook, working, receiver, event)
    selectors = [{"branch": "feat"}, {"tag": "t1", "latest": True}, {"tag": "t2", "latest": True}, {"mainBranch": True}]
    chosen = working.post("/pacts/provider/Bar/for-verification", {"consumerVersionSelectors": selectors})
    address = chosen["_embedded"]["pacts"][0]["_links"]["self"]["href"]
    result = {"success": True, "providerApplicationVersion": "10", "buildUrl": "https://ci.example/7"}
    shown = working.post(f"{address}/verification-results", result, 201)
    until(lambda: len(receiver.received) == 6)

    found = {one.body["consumerVersionNumber"]: one.body for one in receiver.at("/provider_verification_succeeded")}
    assert {number: body["consumerVersionTags"] for number, body in found.items()} == {"1": "t1, t2", "2": "", "3": ""}
    assert {body["githubVerificationStatus"] for body in found.values()} == {"success"}
    assert found["3"]["verificationResultUrl"] == shown["_links"]["self"]["href"]
    assert found["3"]["buildUrl"] == "https://ci.example/7"
    assert found["3"]["providerVersionNumber"] == "10"
    assert receiver.at("/provider_verification_failed") == []
    listed = working.get(shown["_links"]["pb:triggered-webhooks"]["href"])["_embedded"]["triggeredWebhooks"]
    assert len(listed) == 6


def test_a_pact_without_a_result_calls_for_each_provider_version_that_matters(
    working: Any, receiver: Receiver, make_webhook: Any, make_pact: Any, until: Any
) -> None:
    event = "contract_requiring_verification_published"
    working.publish("Foo", "0", ("Bar", make_pact("Foo", "Bar", "z")))
    for number, branch in (("1", "feat"), ("2", "main")):
        working.put(f"/pacticipants/Bar/branches/{branch}/versions/{number}", {})
    working.deploy("Bar", "2", "test")
    working.deploy("Bar", "1", "production")
    third = working.environment("third")
    working.post(f"/pacticipants/Bar/versions/1/released-versions/environment/{third}", {}, 201)
    hook(make_webhook, working, receiver, event)
    working.publish("Foo", "1", ("Bar", make_pact("Foo", "Bar", "a")))
    until(lambda: len(receiver.received) == 2)

    told = {one.body["providerVersionNumber"]: one.body for one in receiver.at(f"/{event}")}
    assert told["2"]["providerVersionDescriptions"] == "latest from main branch, deployed in test"
    assert told["1"]["providerVersionDescriptions"] == "deployed in production, released in third"
    assert told["1"]["providerVersionBranch"] == "feat"
    working.verify("Foo", "1", "Bar", "2", success=False)
    told_now = working.publish("Foo", "2", ("Bar", make_pact("Foo", "Bar", "a")))
    assert sum("triggered for event" in notice["text"] for notice in told_now["notices"]) == 1
    working.verify("Foo", "2", "Bar", "1")
    last = working.publish("Foo", "3", ("Bar", make_pact("Foo", "Bar", "a")))
    assert "  No enabled webhooks found for the detected events" in [notice["text"] for notice in last["notices"]]


@pytest.mark.parametrize(
    ("sides", "is_called"),
    [
        ({}, True),
        ({"consumer": {"name": "Foo"}}, True),
        ({"provider": {"name": "Bar"}}, True),
        ({"consumer": {"label": "c"}}, True),
        ({"provider": {"label": "p"}}, True),
        ({"consumer": {"label": "c"}, "provider": {"label": "p"}}, True),
        ({"consumer": {"label": "c"}, "provider": {"name": "Bar"}}, True),
        ({"consumer": {"label": "p"}}, False),
        ({"consumer": {"name": "Bar"}}, False),
        ({"consumer": {"name": "Foo"}, "provider": {"label": "c"}}, False),
        ({"enabled": False}, False),
    ],
)
def test_who_is_meant_is_called(
    still: Any,
    make_webhook: Any,
    make_pact: Any,
    sides: dict[str, Any],
    is_called: bool,  # noqa: FBT001
) -> None:
    still.publish("Foo", "1", ("Bar", make_pact("Foo", "Bar", "a")))
    still.put("/pacticipants/Foo/labels/c", {})
    still.put("/pacticipants/Bar/labels/p", {})
    make_webhook(still, "http://127.0.0.1:1/x", "contract_published", **sides)
    still.publish("Foo", "2", ("Bar", make_pact("Foo", "Bar", "a")))
    listed = still.get("/pacts/provider/Bar/consumer/Foo/version/2/triggered-webhooks")["_embedded"]["triggeredWebhooks"]
    assert [one["status"] for one in listed] == (["not_run"] if is_called else [])


def test_a_failed_call_is_made_again_by_the_schedule_and_each_attempt_is_logged(
    working: Any, receiver: Receiver, make_webhook: Any, make_pact: Any, until: Any
) -> None:
    receiver.answers["/third"] = [Answer(500, "sorry"), Answer(404), Answer(200)]
    receiver.answers["/never"] = Answer(503)
    for name in ("third", "never"):
        make_webhook(working, f"{receiver.url}/{name}", "contract_published", description=name)
    make_webhook(working, "http://127.0.0.1:1/x", "contract_published", description="refused")
    working.publish("Foo", "1", ("Bar", make_pact("Foo", "Bar", "a")))
    status = "/pacts/provider/Bar/consumer/Foo/webhooks/status"
    until(lambda: working.get(status)["summary"] == {"successful": 1, "failed": 2})

    found = working.get(status)
    calls = found["_embedded"]["triggeredWebhooks"]
    assert [(one["status"], one["attemptsMade"], one["attemptsRemaining"]) for one in calls] == [
        ("success", 3, 0),
        ("failure", 3, 0),
        ("failure", 3, 0),
    ]
    logs = [working.http.get(one["_links"]["pb:logs"]["href"], headers={"Accept": ""}).text for one in calls]
    assert logs[0].count("INFO: HTTP/1.1 POST") == 3
    assert "INFO: HTTP/1.1 500 Internal Server Error" in logs[0]
    assert "INFO: Retrying webhook in 0.05 seconds\n\n" in logs[0]
    assert logs[0].endswith("INFO: Successfully executed webhook\n")
    assert logs[1].endswith("INFO: Webhook execution failed after 3 attempts\n")
    assert "Errno::ECONNREFUSED - Failed to open TCP connection to 127.0.0.1:1" in logs[2]
    assert len(found["_links"]["pb:error-logs"]) == 2
    document = working.get(calls[0]["_links"]["pb:logs"]["href"])
    assert [one["success"] for one in document["executions"]] == [False, False, True]
    item = working.get("/dashboard")["items"][0]
    assert item["webhookStatus"] == "failure"
    assert item["latestWebhookExecution"] is not None


def test_nothing_is_called_for_what_was_refused(
    working: Any, receiver: Receiver, make_webhook: Any, make_pact: Any, until: Any
) -> None:
    make_webhook(working, f"{receiver.url}/x", "contract_published")
    working.publish("Foo", "1", ("Bar", make_pact("Foo", "Bar", "a")))
    working.publish("Foo", "1", ("Bar", make_pact("Foo", "Bar", "b")), status=409)
    working.publish("Foo", "2", ("Bar", make_pact("Foo", "Bar", "b")))
    until(lambda: len(receiver.received) == 2)
    assert working.get("/metrics")["triggeredWebhooks"]["count"] == 2


def test_a_deleted_webhook_is_not_called_any_more_and_its_calls_stay_listed(
    still: Any, make_webhook: Any, make_pact: Any
) -> None:
    made = make_webhook(still, "http://127.0.0.1:1/x", "contract_published")
    still.publish("Foo", "1", ("Bar", make_pact("Foo", "Bar", "a")))
    still.delete(f"/webhooks/{made['uuid']}")
    listed = still.get("/pacts/provider/Bar/consumer/Foo/version/1/triggered-webhooks")["_embedded"]["triggeredWebhooks"]
    assert [sorted(one["_links"]) for one in listed] == [["logs", "pb:logs"]]
    assert "name" not in listed[0]
    assert still.get("/pacts/provider/Bar/consumer/Foo/webhooks/status")["_embedded"]["triggeredWebhooks"] == []
    logs = listed[0]["_links"]["pb:logs"]["href"]
    assert still.http.get(logs, headers={"Accept": "text/plain"}).text.startswith("Webhook has not executed yet.")
