"""Requests find their handlers, and FastAPI's own way stays open for all others."""

from typing import Any

from saga_broker.api import routers
from saga_broker.api.reading.dispatch import is_found


def test_every_resource_is_answered_without_fastapis_machinery() -> None:
    assert [route for router in routers() for route in router.routes if not is_found(route)] == []


def test_a_method_that_a_resource_does_not_have_is_refused_and_a_path_that_leads_nowhere_is_not_found(serve: Any) -> None:
    broker = serve()
    refused = broker.http.post("/matrix")
    assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")
    for path in ("/nowhere", "/pacticipants/Foo/nowhere", "/matrix/"):
        expected = 400 if path == "/matrix/" else 404
        assert broker.http.get(path).status_code == expected, path


def test_a_fixed_path_stands_before_a_name_and_names_are_read_as_they_are_meant(serve: Any, make_pact: Any) -> None:
    broker = serve()
    broker.publish("a/b c%", "1/2", ("latest", make_pact("a/b c%", "latest", "x")))
    found = broker.get("/pacts/provider/latest/consumer/a%2Fb%20c%25/version/1%2F2")
    assert found["_links"]["pb:consumer"]["name"] == "a/b c%"
    assert broker.get("/pacts/latest")["pacts"][0]["_embedded"]["consumer"]["name"] == "a/b c%"
    assert broker.http.head("/pacts/latest").status_code == 200
