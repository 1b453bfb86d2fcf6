"""Every resource, asked with whatever comes to hypothesis' mind: never a server error."""

import json
import re
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.routing import APIRoute
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from saga_broker.api import routers

ROUTES = [
    (method, route.path)
    for router in routers()
    for route in router.routes
    if isinstance(route, APIRoute)
    for method in route.methods or ()
]
KNOWN = ("Foo", "Bar", "1", "10", "main", "t", "test", "latest", "x", "-1", "9" * 20, "é/ ?#%", "..", "a.json", "\u202e")
SEGMENTS = st.sampled_from(KNOWN) | st.text(min_size=1, max_size=8)
FIELDS = (
    "name",
    "displayName",
    "mainBranch",
    "production",
    "contacts",
    "tags",
    "branch",
    "buildUrl",
    "success",
    "consumerVersionSelectors",
    "testResults",
    "providerApplicationVersion",
    "providerVersionTags",
    "providerVersionBranch",
    "includePendingStatus",
    "includeWipPactsSince",
    "contracts",
    "pacticipantName",
    "pacticipantVersionNumber",
    "content",
    "contentType",
    "interactions",
    "messages",
    "metadata",
    "consumer",
    "provider",
    "histories",
    "currentlyDeployed",
    "applicationInstance",
    "obligations",
    "verdict",
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | SEGMENTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4),
    max_leaves=12,
)
BODIES = st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=6) | VALUES
QUERY_KEYS = (
    "q[][pacticipant]",
    "q[][version]",
    "q[][latest]",
    "q[][tag]",
    "q[][branch]",
    "q[][environment]",
    "q[]",
    "q",
    "ignore[][pacticipant]",
    "ignore[]",
    "latestby",
    "success",
    "success[]",
    "limit",
    "latest",
    "tag",
    "environment",
    "mainBranch",
    "page",
    "size",
    "pageNumber",
    "pacticipant",
    "version",
    "to",
    "name",
    "with[]",
    "with",
    "provider",
    "exclude[]",
    "label",
    "include_wip_pacts_since",
    "consumer_version_selectors[][tag]",
    "provider_version_tags[]",
    "[",
    "a[b][c]",
)
QUERIES = st.lists(st.tuples(st.sampled_from(QUERY_KEYS), SEGMENTS), max_size=5)
TYPES = st.sampled_from(("application/json", "application/merge-patch+json", "application/json", "text/plain"))
ACCEPTS = st.sampled_from(("*/*", "application/hal+json, application/json", "application/problem+json", "text/plain", "x/y;q=z"))


@pytest.fixture
def filled(broker: Any, make_pact: Any) -> Any:
    broker.publish("Foo", "1", ("Bar", make_pact("Foo", "Bar", "a")), branch="main", tags=["t"])
    broker.verify("Foo", "1", "Bar", "10")
    broker.deploy("Bar", "10", "test")
    return broker


@pytest.mark.slow
def test_no_request_breaks_the_broker(filled: Any) -> None:
    @settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(ROUTES), st.lists(SEGMENTS, min_size=8, max_size=8), BODIES, QUERIES, TYPES, ACCEPTS)
    def ask(route: tuple[str, str], segments: list[str], body: Any, query: Any, kind: str, accept: str) -> None:
        method, path = route
        names = iter(segments)
        address = re.sub(r"\{[^}]+\}", lambda _: quote(next(names).encode(errors="replace"), safe=""), path)
        params = "&".join(f"{quote(key, safe='[]')}={quote(value.encode(errors='replace'), safe='')}" for key, value in query)
        content = json.dumps(body).encode()
        headers = {"Content-Type": kind, "Accept": accept}
        reply = filled.http.request(method, f"{address}?{params}" if params else address, content=content, headers=headers)
        assert reply.status_code < 500, (reply.status_code, reply.text[:500])

    ask()


def test_the_interface_is_described(broker: Any) -> None:
    described = broker.http.get("/openapi.json").json()
    operations = {(method.upper(), path) for path, item in described["paths"].items() for method in item}
    assert ("GET", "/sagas/{saga}/can-run") in operations
    assert ("POST", "/pacts/provider/{provider}/for-verification") in operations
    assert all(item.get("summary") for path in described["paths"].values() for item in path.values())
