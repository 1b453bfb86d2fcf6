"""Pending pacts and work in progress: when a pact is one, and what the provider is told."""

from collections.abc import Callable
from typing import Any

MakePact = Callable[..., dict[str, Any]]
ServeBroker = Callable[..., Any]
PATH = "/pacts/provider/Bar/for-verification"
LONG_AGO = "2020-01-01"


def ask(broker: Any, **fields: Any) -> list[Any]:
    body = {"consumerVersionSelectors": [{"latest": True}], "includePendingStatus": True, **fields}
    found: list[Any] = broker.post(PATH, body)["_embedded"]["pacts"]
    return found


def pending(broker: Any, **fields: Any) -> Any:
    return ask(broker, **fields)[0]["verificationProperties"]["pending"]


def publish(broker: Any, make_pact: MakePact, number: str = "1", content: str = "a", **fields: Any) -> None:
    broker.publish("Foo", number, ("Bar", make_pact("Foo", "Bar", content)), **fields)


def verify(broker: Any, version: str, link: str | None = None, *, success: bool = True, branch: str = "", tag: str = "") -> None:
    """Verify the newest pact, or the one of a link, by a provider version on a branch or with a tag."""
    if branch:
        broker.http.put(f"/pacticipants/Bar/branches/{branch}/versions/{version}", json={})
    if tag:
        broker.http.put(f"/pacticipants/Bar/versions/{version}/tags/{tag}", json={})
    pact = broker.get(link or "/pacts/provider/Bar/consumer/Foo/latest")
    results = pact["_links"]["pb:publish-verification-results"]["href"]
    broker.post(results, {"success": success, "providerApplicationVersion": version}, 201)


def wip(broker: Any, **fields: Any) -> list[tuple[str, str]]:
    found = ask(broker, **{"consumerVersionSelectors": [{"branch": "none"}], "includeWipPactsSince": LONG_AGO, **fields})
    assert all(one["verificationProperties"]["wip"] is True for one in found)
    assert all(one["verificationProperties"].get("pending", True) is True for one in found)
    return [(one["_links"]["self"]["name"].split("(")[1].split(")")[0], one["shortDescription"]) for one in found]


def test_a_pact_is_pending_until_this_branch_verified_it(broker: Any, make_pact: MakePact) -> None:
    publish(broker, make_pact)
    assert pending(broker, providerVersionBranch="main") is True
    verify(broker, "1", branch="main", success=False)
    assert pending(broker, providerVersionBranch="main") is True
    verify(broker, "2", branch="main")
    assert pending(broker, providerVersionBranch="main") is False
    verify(broker, "3", branch="main", success=False)
    assert pending(broker, providerVersionBranch="main") is False
    publish(broker, make_pact, "2", "a")
    assert pending(broker, providerVersionBranch="main") is False
    publish(broker, make_pact, "3", "b")
    assert pending(broker, providerVersionBranch="main") is True


def test_another_branch_counts_only_before_this_one_came_to_be(broker: Any, make_pact: MakePact) -> None:
    broker.put("/pacticipants/Bar/branches/old/versions/0", {})
    publish(broker, make_pact)
    verify(broker, "1", branch="main")
    broker.put("/pacticipants/Bar/branches/late/versions/2", {})

    found = {branch: pending(broker, providerVersionBranch=branch) for branch in ("main", "old", "late", "not-yet")}

    assert found == {"main": False, "old": True, "late": False, "not-yet": False}


def test_with_tags_a_pact_is_pending_while_any_of_them_is(broker: Any, make_pact: MakePact) -> None:
    publish(broker, make_pact)
    broker.put("/pacticipants/Bar/versions/0/tags/prod", {})
    broker.put("/pacticipants/Bar/versions/0/tags/dev", {})
    verify(broker, "1", tag="dev")

    assert pending(broker, providerVersionTags=["dev"]) is False
    assert pending(broker, providerVersionTags=["dev", "prod"]) is True
    assert pending(broker, providerVersionTags=["prod"], providerVersionBranch="feat") is False


def test_without_branch_and_tags_any_success_counts(broker: Any, make_pact: MakePact) -> None:
    publish(broker, make_pact)
    assert pending(broker) is True
    verify(broker, "1", branch="x")
    assert pending(broker) is False


def test_the_notices_of_a_pending_pact_say_what_a_result_will_mean(broker: Any, make_pact: MakePact) -> None:
    publish(broker, make_pact)
    found = ask(broker, providerVersionBranch="main")[0]
    notices = {one["when"]: one["text"] for one in found["verificationProperties"]["notices"][1:]}

    read_more = "Read more at https://docs.pact.io/go/pending"
    assert notices == {
        "before_verification": (
            "This pact is in pending state for this version of Bar because a successful verification result for a version of Bar "
            f"from branch 'main' has not yet been published. If this verification fails, it will not cause the overall build to "
            f"fail. {read_more}"
        ),
        "after_verification:success_true_published_false": (
            "This pact is still in pending state for any version of Bar from branch 'main' as the successful verification "
            "results have not yet been published."
        ),
        "after_verification:success_false_published_false": (
            "This pact is still in pending state for any version of Bar from branch 'main' as a successful verification result "
            "has not yet been published"
        ),
        "after_verification:success_true_published_true": (
            "This pact is no longer in pending state for any version of Bar from branch 'main', as a successful verification "
            "result has been published. If a verification for a version of Bar fails in the future, it will fail the build. "
            f"{read_more}"
        ),
        "after_verification:success_false_published_true": (
            "This pact is still in pending state for any version of Bar from branch 'main' as a successful verification result "
            "has not yet been published"
        ),
    }
    verify(broker, "1", branch="main")
    after = ask(broker, providerVersionBranch="main")[0]["verificationProperties"]["notices"]
    assert len(after) == 2
    assert after[1]["text"] == (
        "This pact has previously been successfully verified by a version of Bar from branch 'main'. If this verification fails, "
        f"it will fail the build. {read_more}"
    )


def test_heads_that_were_not_asked_for_are_work_in_progress(broker: Any, make_pact: MakePact) -> None:
    broker.put("/pacticipants/Bar/branches/main/versions/0", {})
    publish(broker, make_pact, "1", "a", branch="feat")
    publish(broker, make_pact, "2", "b", branch="main", tags=["dev"])
    publish(broker, make_pact, "3", "c", branch="main")

    main = {"providerVersionBranch": "main"}
    assert wip(broker, **main) == [
        ("1", "latest from branch feat"),
        ("2", "latest with tag dev"),
        ("3", "latest from branch main"),
    ]
    assert wip(broker) == []
    assert wip(broker, **main, includeWipPactsSince="2999-01-01") == []
    assert wip(broker, **main, includePendingStatus=False) != []
    mixed = ask(broker, **main, consumerVersionSelectors=[{"mainBranch": True}], includeWipPactsSince=LONG_AGO)
    flags = [one["verificationProperties"].get("wip", False) for one in mixed]
    assert flags == [False, True, True]


def test_a_result_of_work_in_progress_ends_pending_and_not_the_work(broker: Any, make_pact: MakePact) -> None:
    broker.put("/pacticipants/Bar/branches/main/versions/0", {})
    publish(broker, make_pact, branch="feat")
    main: dict[str, Any] = {"providerVersionBranch": "main"}
    link = ask(broker, **main, consumerVersionSelectors=[{"branch": "none"}], includeWipPactsSince=LONG_AGO)[0]
    verify(broker, "1", link["_links"]["self"]["href"], branch="main")

    assert wip(broker, **main) == [("1", "latest from branch feat")]
    assert pending(broker, **main, consumerVersionSelectors=[{"branch": "feat"}]) is False
    asked = ask(broker, **main, consumerVersionSelectors=[{"branch": "feat"}])[0]
    verify(broker, "2", asked["_links"]["self"]["href"], branch="main")
    assert wip(broker, **main) == []


def test_what_another_branch_verified_before_is_no_work_for_a_new_branch(broker: Any, make_pact: MakePact) -> None:
    broker.put("/pacticipants/Bar/branches/old/versions/0", {})
    publish(broker, make_pact, branch="feat")
    verify(broker, "1", branch="main")

    assert wip(broker, providerVersionBranch="brand-new") == []
    assert wip(broker, providerVersionBranch="old") == [("1", "latest from branch feat")]
    assert wip(broker, providerVersionTags=["brand-new"]) == [("1", "latest from branch feat")]
    verify(broker, "2", tag="t")
    assert wip(broker, providerVersionTags=["brand-new"]) == []


def test_the_reason_for_work_in_progress_is_told(broker: Any, make_pact: MakePact) -> None:
    broker.put("/pacticipants/Bar/branches/main/versions/0", {})
    publish(broker, make_pact, branch="feat", tags=["dev"])
    found = ask(broker, providerVersionBranch="main", consumerVersionSelectors=[{"branch": "no"}], includeWipPactsSince=LONG_AGO)

    told = [one["text"] for one in found[0]["verificationProperties"]["notices"]]
    assert told[0].split(" is being verified because ")[1] == (
        "it is a 'work in progress' pact (ie. it is the pact for the latest version of Foo from branch 'feat' and tagged with "
        "'dev' (both have the same content) and it has not yet been successfully verified by a version of Bar from branch 'main' "
        "when the pact's application version was explicitly specified in the consumer version selectors). "
        "Read more at https://docs.pact.io/go/wip"
    )
    assert told[1].startswith(
        "This pact is in pending state for this version of Bar because it was included as a 'work in progress' pact. If this",
    )


def test_the_broker_can_choose_how_far_back_work_in_progress_is_looked_for(serve: ServeBroker, make_pact: MakePact) -> None:
    broker = serve(dynamic_wip_window=True)
    broker.put("/pacticipants/Bar/branches/main/versions/0", {})
    publish(broker, make_pact, branch="feat")
    main = {"providerVersionBranch": "main"}
    assert wip(broker, **main, includeWipPactsSince="2999-01-01") == [("1", "latest from branch feat")]
    verify(broker, "1", branch="main")
    assert wip(broker, **main, includeWipPactsSince="2999-01-01") == []
