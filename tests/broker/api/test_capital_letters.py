"""Where the operator wants it, names of pacticipants that differ only in capital letters are the same."""

from typing import Any

import pytest

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_a_name_is_the_one_that_was_spelt_first(serve: Any, make_pact: Any) -> None:
    broker = serve(case_insensitive_names=True)
    broker.publish("Foo", "1", ("Bär", make_pact("Foo", "Bär", "a")), branch="main", tags=["t"])
    broker.publish("FOO", "2", ("bÄR", make_pact("foo", "BÄR", "b")), branch="main")
    assert broker.http.put("/pacts/provider/bär/consumer/foo/version/3", json=make_pact("fOO", "bÄr", "c")).status_code == 201
    broker.put("/pacticipants/foo/versions/3/tags/t", {})
    broker.put("/pacticipants/bär/branches/main/versions/9", {})
    assert broker.post("/pacticipants", {"name": "fOo"}, 201)["name"] == "Foo"
    assert [one["name"] for one in broker.get("/pacticipants")["_embedded"]["pacticipants"]] == ["Bär", "Foo"]
    assert [one["number"] for one in broker.get("/pacticipants/FOO/versions")["_embedded"]["versions"]] == ["3", "2", "1"]

    asked = {"consumerVersionSelectors": [{"consumer": "foo", "branch": "main"}]}
    (chosen,) = broker.post("/pacts/provider/BÄR/for-verification", asked)["_embedded"]["pacts"]
    result = {"success": True, "providerApplicationVersion": "9"}
    broker.post(chosen["_links"]["self"]["href"] + "/verification-results", result, 201)
    broker.put("/pacticipants/bär/versions/9/tags/live", {})
    assert broker.get("/can-i-deploy", pacticipant="foo", version="2", to="live")["summary"]["deployable"] is True
    matrix = broker.get("/matrix?q[][pacticipant]=fOO&q[][version]=2&q[][pacticipant]=bÄr")["matrix"]
    assert [(row["consumer"]["name"], row["provider"]["name"]) for row in matrix] == [("Foo", "Bär")]
    ignored = broker.get("/can-i-deploy?pacticipant=foo&version=1&to=live&ignore[]=bär")["summary"]
    assert (ignored["ignored"], "Cannot ignore" in ignored["reason"]) == (1, False)


def test_otherwise_they_are_two(broker: Any) -> None:
    for name in ("Foo", "foo"):
        broker.put(f"/pacticipants/{name}/versions/1", {})
    assert len(broker.get("/pacticipants")["_embedded"]["pacticipants"]) == 2
