"""Every resource, asked with what no description foresees: malformed JSON, other encodings, deep and huge documents, odd paths.

There is never a server error, and never an answer that the interface's description does not name: the broker of these tests is
watched (`described.py`). Requests that follow the description are in `tests/broker/openapi`.
"""

import http.client
import json
import re
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.routing import APIRoute
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from repetitions import REPEAT, times
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
WRITTEN = SEGMENTS.map(lambda text: quote(text.encode(errors="replace"), safe=""))
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
TYPES = st.sampled_from(
    (
        *(
            "application/json",
            "application/merge-patch+json",
            "application/json",
            "text/plain",
            "",
            "/",
            "application/json;charset",
        ),
        *("application/json; charset=utf-16", "APPLICATION/JSON", "multipart/form-data"),
    )
)
ACCEPTS = st.sampled_from(
    (
        *("*/*", "application/hal+json, application/json", "application/problem+json", "text/plain", "x/y;q=z"),
        *("", ",", ";q=1", "*/json", "application/hal+json;q=0", "text/*;q=0.5, */*;q=nan"),
    )
)
JSON_TEXTS = BODIES.map(json.dumps)
# What is no JSON document, or one that is hard to read.
RAW = st.sampled_from(
    (
        *(b"", b"{", b"[", b'"', b"\xff\xfe", b"\xef\xbb\xbf{}", b"{}{}", b"nul", b"NaN", b"[NaN]", b"\0"),
        *(b'{"name": Infinity}', b"1e999", b"[1e999]", b"[" + b"9" * 5000 + b"]", b"-0", b'{"success": 1}'),
        *(b'{"name": "\xc3"}', b'{"name": "\xed\xa0\x80"}', b'{"name": "\\ud800"}', b'{"name": "a", "name": 1}', b'{"": ""}'),
        *(
            b'{"name": "\\u0000"}',
            b"1e999",
            b"[1e999]",
            b"[" + b"9" * 5000 + b"]",
            b"-0",
            b'{"success": 1}',
            b'{"contracts": [[]]}',
        ),
        *(b'{"name": "' + b"x" * 1_000_000 + b'"}', b"[" + b"{}," * 100_000 + b"{}]", b'{"a":' * 49 + b"1" + b"}" * 49),
        *(b"[" * 51 + b"]" * 51, b'{"a":' * 5_000 + b"1" + b"}" * 5_000, b"[" * 200_000, b'{"a": ' * 100_000),
    )
)
CONTENTS = (
    JSON_TEXTS.map(str.encode)
    | JSON_TEXTS.map(str.encode)
    | RAW
    | st.binary(max_size=40)
    | st.tuples(JSON_TEXTS, st.sampled_from(("utf-16", "utf-32", "utf-16-le", "latin-1", "utf-7"))).map(
        lambda pair: pair[0].encode(pair[1], errors="replace")
    )
    | st.tuples(JSON_TEXTS, st.integers(1, 5)).map(lambda pair: pair[0].encode()[: -pair[1]])
)
# Path segments as they stand on the wire.
ODD = st.sampled_from(
    (
        *(
            "%",
            "%2",
            "%zz",
            "%ff",
            "%c3",
            "%ed%a0%80",
            "%00",
            "%0A",
            "%09",
            "%0d",
            "%2F",
            "%2f..%2f",
            "%252F",
            ".",
            "..",
            ";a=b",
            "a;b",
        ),
        *(
            "+",
            "%20",
            "~",
            "a" * 255,
            "a" * 256,
            "%C3%A9" * 255,
            "%C3%A9" * 256,
            ".json",
            "a.json",
            "a.csv",
            "a.svg",
            "a.json.json",
        ),
        *("", "{name}", "%7Bname%7D", "*", "'", "%22", "%3Cb%3E", "%E2%80%AE"),
    )
)
PLACES = WRITTEN | WRITTEN | ODD


@pytest.fixture
def filled(broker: Any, make_pact: Any) -> Any:
    broker.publish("Foo", "1", ("Bar", make_pact("Foo", "Bar", "a")), branch="main", tags=["t"])
    broker.verify("Foo", "1", "Bar", "10")
    broker.deploy("Bar", "10", "test")
    return broker


@pytest.mark.slow
@pytest.mark.timeout(120 * REPEAT)
def test_no_request_breaks_the_broker(filled: Any) -> None:
    @settings(max_examples=times(300), deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(ROUTES), st.lists(PLACES, min_size=8, max_size=8), CONTENTS, QUERIES, TYPES, ACCEPTS)
    def ask(route: tuple[str, str], segments: list[str], body: bytes, query: Any, kind: str, accept: str) -> None:
        method, path = route
        names = iter(segments)
        address = re.sub(r"\{[^}]+\}", lambda _: next(names), path)
        params = "&".join(f"{quote(key, safe='[]')}={quote(value.encode(errors='replace'), safe='')}" for key, value in query)
        target = f"{address}?{params}" if params else address
        status, told = _asked(filled.url, method, target, body, {"Content-Type": kind, "Accept": accept})
        assert status < 500, (status, told[:500])
        assert filled.watch.faults == []

    ask()


def _asked(url: str, method: str, target: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    """Send the path as it is: other clients put an odd path right before they send it."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
    try:
        connection.putrequest(method, target, skip_accept_encoding=True)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        reply = connection.getresponse()
        return reply.status, reply.read()
    finally:
        connection.close()


def test_the_interface_is_described(broker: Any) -> None:
    described = broker.http.get("/openapi.json").json()
    operations = {(method.upper(), path) for path, item in described["paths"].items() for method in item}
    assert ("GET", "/sagas/{saga}/can-run") in operations
    assert ("POST", "/pacts/provider/{provider}/for-verification") in operations
    assert all(item.get("summary") for path in described["paths"].values() for item in path.values())
