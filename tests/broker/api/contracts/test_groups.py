"""The CSV of a group: who is connected with a pacticipant by pacts."""

from typing import Any

import pytest

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def network(broker: Any, make_pact: Any) -> Any:
    """`a → b → c`, `d → b`, `b → b`; and `x → y` apart."""
    for consumer, provider in (("a", "b"), ("b", "c"), ("d", "b"), ("b", "b"), ("x", "y.csv")):
        broker.publish(consumer, "1", (provider, make_pact(consumer, provider, provider)))
    return broker


def group(broker: Any, path: str) -> list[list[str]]:
    """Give the lines; numbers of pacticipants by their names."""
    reply = broker.http.get(path, headers={"Accept": "text/csv"})
    assert (reply.status_code, reply.headers["Content-Type"]) == (200, "text/csv;charset=utf-8")
    lines = [line.split(",") for line in reply.text.splitlines()]
    names = {line[0]: line[1] for line in lines}
    return [[line[1], *line[2:6], *(names.get(number, number) for number in line[6:])] for line in lines]


WHOLE = [
    ["a", "1", "1", "0", "1", "b", "0"],
    ["b", "1", "1", "0", "2", "c", "b"],
    ["c", "1", "1", "0", "3", "0", "0"],
    ["d", "1", "1", "0", "4", "b", "0"],
]


@pytest.mark.parametrize("path", ["/groups/a", "/groups/c.csv", "/groups/d?maxPacticipants=x"])
def test_a_group_holds_all_that_are_connected(network: Any, path: str) -> None:
    assert group(network, path) == WHOLE


@pytest.mark.parametrize("most", [0, 1, 2])
def test_no_further_step_is_taken_from_enough_pacticipants(network: Any, most: int) -> None:
    found = group(network, f"/groups/a?maxPacticipants={most}")
    assert found == [["a", "1", "1", "0", "1", "b"], ["b", "1", "1", "0", "2", "0"]]


def test_a_name_with_a_comma_or_like_a_file_stands_in_it(network: Any, make_pact: Any) -> None:
    network.publish('p, "q"', "1", ("y.csv", make_pact('p, "q"', "y.csv", "a")))
    text = network.http.get("/groups/y%2Ecsv", headers={"Accept": "text/csv"}).text
    assert '"p, ""q""",1,1,0,3,' in text
    assert text == network.http.get("/groups/y.csv.csv").text


def test_who_has_no_pact_has_an_empty_group_and_json_is_not_offered(network: Any) -> None:
    assert group(network, "/groups/nobody") == []
    assert network.http.get("/groups/a").status_code == 406
