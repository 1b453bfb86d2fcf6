"""Badges of pacts and of questions whether something can be deployed."""

from collections.abc import Callable
from typing import Any

MakePact = Callable[..., dict[str, Any]]
ServeBroker = Callable[..., Any]
PAIR = "/pacts/provider/Bar-Svc/consumer/foo_app"
SHIELDS = "https://img.shields.io/badge/"


def target(broker: Any, path: str) -> str:
    reply = broker.http.get(path)
    assert reply.status_code == 307, path
    return str(reply.headers["Location"]).removeprefix(SHIELDS)


def test_a_badge_shows_how_the_latest_pact_stands(broker: Any, make_pact: MakePact) -> None:
    badge = f"{PAIR}/latest/badge"
    title = "foo__app%2Fbar--svc%20pact"
    assert target(broker, badge) == "pact%20not%20found-unknown-lightgrey.svg"
    broker.publish("foo_app", "1", ("Bar-Svc", make_pact("foo_app", "Bar-Svc", "a")))
    assert target(broker, badge) == f"{title}-unknown-lightgrey.svg"
    broker.verify("foo_app", "1", "Bar-Svc", "1")
    assert target(broker, badge) == f"{title}-verified-brightgreen.svg"
    broker.publish("foo_app", "2", ("Bar-Svc", make_pact("foo_app", "Bar-Svc", "b")), tags=["dev"])
    assert target(broker, badge) == f"{title}-changed-orange.svg"
    broker.verify("foo_app", "2", "Bar-Svc", "2", success=False)
    assert target(broker, badge + ".svg") == f"{title}-failed-red.svg"
    assert target(broker, f"{PAIR}/latest/dev/badge") == f"{title}-failed-red.svg"
    assert target(broker, f"{PAIR}/latest-untagged/badge") == f"{title}-verified-brightgreen.svg"
    assert target(broker, f"{badge}?label=consumer") == "foo__app%20pact-failed-red.svg"
    assert target(broker, f"{badge}?label=provider&initials=true") == "bs%20pact-failed-red.svg"
    assert broker.http.get(badge).headers["Cache-Control"] == "no-cache"


def test_a_badge_of_two_tags_shows_whether_their_versions_fit(broker: Any, make_pact: MakePact) -> None:
    path = "/matrix/provider/Bar/latest/prod/consumer/Foo/latest/dev/badge"
    broker.publish("Foo", "1", ("Bar", make_pact("Foo", "Bar", "a")), tags=["dev"])
    broker.put("/pacticipants/Bar/versions/1/tags/prod", {})
    assert target(broker, path).endswith("pact-unknown-lightgrey.svg")
    broker.verify("Foo", "1", "Bar", "1")
    assert target(broker, path) == "foo%20%28dev%29%2Fbar%20%28prod%29%20pact-verified-brightgreen.svg"


def test_can_i_deploy_badges_are_green_only_for_a_yes(broker: Any, make_pact: MakePact) -> None:
    broker.publish("Foo", "1", ("Bar", make_pact("Foo", "Bar", "a")), branch="main", tags=["dev"])
    by_tag = "/pacticipants/Foo/latest-version/dev/can-i-deploy/to/prod/badge"
    by_branch = "/pacticipants/Foo/branches/main/latest-version/can-i-deploy/to-environment/test/badge"
    assert target(broker, by_tag) == "can--i--deploy-dev%20to%20prod-red.svg"
    assert target(broker, by_branch) == "can--i--deploy-main%20to%20test-red.svg"
    broker.put("/pacticipants/Bar/versions/9/tags/prod", {})
    broker.verify("Foo", "1", "Bar", "9")
    broker.deploy("Bar", "9", "test")
    for path in (by_tag, by_branch):
        reply = broker.http.get(path, params={"label": "go?"})
        assert reply.headers["Location"].startswith(f"{SHIELDS}go%3F-")
        assert reply.headers["Location"].endswith("-brightgreen.svg")
        assert reply.headers["Cache-Control"] == "max-age=30"


def test_what_does_not_exist_has_a_badge_too(broker: Any) -> None:
    broker.post("/pacticipants", {"name": "Foo"}, 201)
    missing = "not%20found"
    for path, what in (
        ("/pacticipants/None/latest-version/dev/can-i-deploy/to/prod/badge", "pacticipant"),
        ("/pacticipants/Foo/latest-version/dev/can-i-deploy/to/prod/badge", "version"),
        ("/pacticipants/Foo/branches/main/latest-version/can-i-deploy/to-environment/test/badge", "branch"),
    ):
        assert target(broker, path) == f"{what}-{missing}-lightgrey.svg"


def test_the_broker_can_draw_badges_itself(serve: ServeBroker, make_pact: MakePact) -> None:
    broker = serve(badge_provider_mode="own")
    broker.publish("<Foo>", "1", ("Bar", make_pact("<Foo>", "Bar", "a")))

    reply = broker.http.get("/pacts/provider/Bar/consumer/%3CFoo%3E/latest/badge.svg")

    assert (reply.status_code, reply.headers["content-type"]) == (200, "image/svg+xml;charset=utf-8")
    assert "<title>&lt;foo&gt;/bar pact: unknown</title>" in reply.text
    assert "<foo>" not in reply.text
    missing = broker.http.get("/pacticipants/None/latest-version/dev/can-i-deploy/to/prod/badge")
    assert "pacticipant: not found" in missing.text


def test_a_can_i_merge_badge_shows_whether_the_main_branches_work_together(broker: Any, make_pact: MakePact) -> None:
    path = "/pacticipants/Foo/main-branch/can-i-merge/badge"
    assert target(broker, path) == "pacticipant-not%20found-lightgrey.svg"
    broker.post("/pacticipants", {"name": "Foo", "mainBranch": "trunk"}, 201)
    broker.post("/pacticipants", {"name": "Bar", "mainBranch": "main"}, 201)
    assert target(broker, path) == "main%20branch%20version-not%20found-lightgrey.svg"
    broker.publish("Foo", "1", ("Bar", make_pact("Foo", "Bar", "a")), branch="trunk")
    broker.put("/pacticipants/Bar/branches/main/versions/9", {})
    assert target(broker, path) == "can--i--merge-unknown-lightgrey.svg"
    broker.verify("Foo", "1", "Bar", "9", success=False)
    assert target(broker, path) == "can--i--merge-failed-red.svg"
    broker.verify("Foo", "1", "Bar", "9")
    assert target(broker, path) == "can--i--merge-success-brightgreen.svg"
    assert target(broker, f"{path}.svg?label=merge") == "merge-success-brightgreen.svg"
