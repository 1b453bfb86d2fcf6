"""Names that are like others, or like nothing: other scripts, line breaks, bodies beside an address, the order of numbers."""

import json
from itertools import pairwise, permutations
from typing import Any

import pytest

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SCRIPTS = (
    "\u0437\u0430\u043a\u0430\u0437\u044b",
    "\u0441\u043a\u043b\u0430\u0434",
    "\u6ce8\u6587",
    "\u4e88\u7d04",
    "\U0001f680",
    "\U0001f6f0",
    "API",
    "Service",
    "-",
    "_",
)


def test_names_of_any_script_are_no_duplicates_of_each_other(broker: Any, make_pact: Any) -> None:
    for consumer, provider in pairwise(SCRIPTS):
        broker.publish(consumer, "1", (provider, make_pact(consumer, provider, "a")))
    similar = "\u0421\u043a\u043b\u0430\u0434"  # the same word with a capital letter
    told = broker.publish(similar, "1", ("API", make_pact(similar, "API", "a")), status=409)
    assert "is very similar" in json.dumps(told)


@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
def test_a_name_has_one_line_wherever_it_is_given(broker: Any, line_break: str) -> None:
    name = f"a{line_break}b"
    line = ["cannot contain multiple lines"]
    assert broker.publish(name, "1", status=400)["errors"]["pacticipantName"] == line
    assert broker.publish("Foo", "1", status=400, tags=[name])["errors"]["tags"] == [f"{line[0]} (at index 0)"]
    broker.put("/pacticipants/Foo/versions/1", {"tags": [{"name": name}]}, 400)
    broker.post("/pacticipants", {"name": "Foo", "mainBranch": name}, 400)
    assert broker.get("/pacticipants")["_embedded"]["pacticipants"] == []


BY_ADDRESS = (
    "/pacticipants/Foo/labels/x",
    "/pacticipants/Foo/versions/1/tags/x",
    "/pacticipants/Foo/branches/x/versions/1",
)


@pytest.mark.parametrize("path", BY_ADDRESS)
@pytest.mark.parametrize(
    ("body", "status"), [("{", 400), ("[]", 400), ("1", 400), ("{}", 201), ("", 201), ('{"name": "y"}', 201)]
)
def test_a_body_beside_an_address_is_read_and_refused_when_it_is_none(broker: Any, path: str, body: str, status: int) -> None:
    assert broker.http.put(path, content=body, headers={"Content-Type": "application/json"}).status_code == status
    assert broker.http.get(path).status_code == (200 if status == 201 else 404)
    assert broker.http.put(path, content=body, headers={"Content-Type": "text/plain"}).status_code == 415


def newest(broker: Any) -> list[str]:
    return [one["number"] for one in broker.get("/pacticipants/Foo/versions")["_embedded"]["versions"]]


@pytest.mark.parametrize("came", list(permutations(("1.2.0", "1.10.0", "1.9.3")))[::2])
def test_by_number_the_greatest_version_is_the_newest_whenever_it_came(serve: Any, make_pact: Any, came: tuple[str, ...]) -> None:
    broker = serve(version_order="semver")
    for number in came:
        broker.publish("Foo", number, ("Bar", make_pact("Foo", "Bar", number)), branch=f"b{number}", tags=["t"])
        broker.verify("Foo", number, "Bar", "1.0.0")
        broker.deploy("Foo", number, "test", applicationInstance=number)
    assert newest(broker) == ["1.10.0", "1.9.3", "1.2.0"]
    assert broker.get("/pacts/provider/Bar/consumer/Foo/latest/t")["interactions"][0]["description"] == "1.10.0"
    for number in came:
        version = broker.get(f"/pacticipants/Foo/versions/{number}")
        assert [one["name"] for one in version["_embedded"]["branchVersions"]] == [f"b{number}"]
        assert broker.get("/can-i-deploy", pacticipant="Foo", version=number, to="t")["summary"]["success"] == 0
        asked = f"/matrix?q[][pacticipant]=Foo&q[][version]={number}&q[][pacticipant]=Bar"
        assert [row["consumer"]["version"]["number"] for row in broker.get(asked)["matrix"]] == [number]
    refused = broker.http.put("/pacticipants/Foo/versions/a10f3c/tags/t", json={})
    assert (refused.status_code, "eg. 1.3.0 or 2.0.4.rc1" in refused.text) == (400, True)


def test_what_came_while_time_counted_is_put_in_order(serve: Any) -> None:
    broker = serve()
    for number in ("1.10.0", "a10f3c", "1.9.0"):
        broker.put(f"/pacticipants/Foo/versions/{number}", {})
    assert newest(broker) == ["1.9.0", "a10f3c", "1.10.0"]
    assert newest(serve(version_order="semver")) == ["1.10.0", "1.9.0", "a10f3c"]
