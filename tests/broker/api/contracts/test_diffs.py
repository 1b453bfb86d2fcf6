"""Differences of pacts."""

from collections.abc import Callable
from typing import Any

MakePact = Callable[..., dict[str, Any]]
ServeBroker = Callable[..., Any]
PAIR = "/pacts/provider/Bar/consumer/Foo"


def test_the_difference_to_the_previous_distinct_pact_is_shown_as_text(broker: Any, make_pact: MakePact) -> None:
    for number, content in (("1", "a"), ("2", "b"), ("3", "b")):
        broker.publish("Foo", number, ("Bar", make_pact("Foo", "Bar", content)))

    reply = broker.http.get(f"{PAIR}/version/3/diff/previous-distinct")

    assert (reply.status_code, reply.headers["content-type"]) == (200, "text/plain;charset=utf-8")
    head, ago, *rest = reply.text.split("\n\n")
    assert head == "# Diff between versions 1 and 3 of the pact between Foo and Bar"
    assert ago.startswith("The following changes were made less than a minute ago (")
    assert '-      "description": "a"\n+      "description": "b"' in rest[0]
    assert "comparison-pact-version:\n  title: Pact\n  name: Pact between Foo (1) and Bar" in rest[-1]
    none = broker.http.get(f"{PAIR}/version/1/diff/previous-distinct")
    assert (none.status_code, none.text) == (200, "No previous distinct version was found for Pact between Foo (1) and Bar")


def test_two_given_versions_are_compared(broker: Any, make_pact: MakePact) -> None:
    for number in ("1", "2", "3"):
        broker.publish("Foo", number, ("Bar", make_pact("Foo", "Bar", number)))
    shas = [broker.get(f"{PAIR}/version/{number}")["_links"]["pb:pact-version"]["name"] for number in ("1", "3")]

    for path in ("version/3/diff/version/1", f"pact-version/{shas[1]}/diff/pact-version/{shas[0]}"):
        text = broker.http.get(f"{PAIR}/{path}").text
        assert '-      "description": "1"\n+      "description": "3"' in text, path
    broker.get(f"{PAIR}/version/3/diff/version/9", 404)
    broker.get(f"{PAIR}/version/9/diff/previous-distinct", 404)


def test_members_that_were_added_are_shown_when_nothing_else_differs(broker: Any, make_pact: MakePact) -> None:
    before, after = make_pact("Foo", "Bar", "a"), make_pact("Foo", "Bar", "a")
    after["interactions"][0]["providerState"] = "new"
    broker.publish("Foo", "1", ("Bar", before))
    broker.publish("Foo", "2", ("Bar", after))
    assert '+      "providerState": "new"' in broker.http.get(f"{PAIR}/version/2/diff/previous-distinct").text


def test_a_difference_that_takes_too_long_is_given_up(serve: ServeBroker, make_pact: MakePact) -> None:
    broker = serve(pact_content_diff_timeout_s=0)
    for number in ("1", "2"):
        broker.publish("Foo", number, ("Bar", make_pact("Foo", "Bar", number)))
    reply = broker.http.get(f"{PAIR}/version/2/diff/previous-distinct")
    assert (reply.status_code, reply.headers["content-type"]) == (408, "text/plain;charset=utf-8")
