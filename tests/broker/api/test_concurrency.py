"""Many clients at once."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

CLIENTS = 32


def test_many_clients_publish_at_once_and_nothing_is_lost(broker: Any, make_pact: Any) -> None:
    def publish(number: int) -> None:
        document = make_pact("Foo", f"P{number % 4}", f"text {number % 3}")
        broker.publish("Foo", str(number), (f"P{number % 4}", document), branch="main", tags=["t"])

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(publish, range(CLIENTS)))

    versions = broker.get("/pacticipants/Foo/versions")["_embedded"]["versions"]
    assert {version["number"] for version in versions} == {str(number) for number in range(CLIENTS)}
    heads = [version["number"] for version in versions if version["_embedded"]["branchVersions"][0]["latest"]]
    assert heads == [broker.get("/pacticipants/Foo/branches/main/latest-version")["number"]]


def test_one_version_published_by_many_gets_one_content(broker: Any, make_pact: Any) -> None:
    def publish(number: int) -> int:
        body = broker.http.put("/pacts/provider/Bar/consumer/Foo/version/1", json=make_pact("Foo", "Bar", f"text {number % 2}"))
        return int(body.status_code)

    with ThreadPoolExecutor(CLIENTS) as pool:
        statuses = list(pool.map(publish, range(CLIENTS)))

    assert statuses.count(201) == 1
    assert set(statuses) == {200, 201, 409}
    assert statuses.count(409) == CLIENTS // 2


def test_the_same_pacticipant_made_by_many_is_one(broker: Any) -> None:
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(lambda _: broker.post("/pacticipants", {"name": "Foo"}, 201), range(CLIENTS)))
    assert [one["name"] for one in broker.get("/pacticipants")["_embedded"]["pacticipants"]] == ["Foo"]
