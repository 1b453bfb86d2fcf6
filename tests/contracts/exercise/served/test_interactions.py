"""What a right client may send, what a wrong one may not, and what stands in the pact: values that need to be encoded."""

import http.client
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import httpx
import pytest

from saga_contracts.declare.saga import Reply, Saga
from saga_contracts.derive import cases
from saga_contracts.errors import UsageError
from saga_contracts.exercise.served import interactions
from saga_contracts.exercise.served.expected import expected_call
from saga_contracts.exercise.served.interactions import Exchange

Make = Callable[..., dict[str, Any]]
MakeSaga = Callable[..., Saga]
Odd = Callable[..., Saga]

ODD = [
    "a b",
    "a/b",
    "müßig",
    "50%",
    "a:b",
    "a%20b",
    "a+b",
    "~a",
    "a?b#c",
    "..a",
    '{"a": 1, "b": [2]}',
    "a;b=c,d",
    "a\\b",
    "日本",
    "%",
]
"""Values that need care in a path, in a query or in a header."""


@pytest.fixture
def odd(make_step: Make, make_saga: MakeSaga) -> Odd:
    """Makes a saga whose one call has the payload's text in its path, its query and a header."""

    def make(text: str, path: str = "/orders/{payload.order_id}/x", *, fresh: bool = True) -> Saga:
        one = make_step("a")
        one["forward"]["request"]["path"] = path
        one["forward"]["request"]["query"] = {"q": "{payload.order_id}"}
        one["forward"]["request"]["headers"]["X-Order"] = "{payload.order_id}"
        payload = {"schema": {"type": "object"}, "example": {"order_id": text, "amount": 5}}
        return make_saga(one, payload=payload | ({"fresh": ["order_id"]} if fresh else {}))

    return make


@contextmanager
def served(saga: Saga) -> Iterator[Exchange]:
    with interactions.serve(saga, cases.derive(saga)[0], Reply(status=200)) as exchange:
        yield exchange


def send(url: str, target: str, headers: dict[str, bytes | str], body: bytes = b"") -> int:
    """Send a call byte by byte; no library encodes anything."""
    lines = [b"POST " + target.encode() + b" HTTP/1.1", b"Host: x", b"Content-Length: " + str(len(body)).encode()]
    lines += [b": ".join((name.encode(), one.encode() if isinstance(one, str) else one)) for name, one in headers.items()]
    with socket.create_connection((urlsplit(url).hostname, urlsplit(url).port), timeout=30) as one:
        one.sendall(b"\r\n".join([*lines, b"", b""]) + body)
        reply = http.client.HTTPResponse(one)
        reply.begin()
        return reply.status


def headers(order: bytes | str) -> dict[str, bytes | str]:
    common = {"Idempotency-Key": "saga-1:a", "Saga-Id": "saga-1", "Saga-Step": "a", "Content-Type": "application/json"}
    return {**common, "X-Order": order}


def call(exchange: Exchange, text: str, *, path: str | None = None, query: str | None = None, header: bytes | None = None) -> int:
    path = quote(text, safe="") if path is None else path
    query = urlencode({"q": text}) if query is None else query
    order = text.encode() if header is None else header
    return send(exchange.heard.url, f"/orders/{path}/x?{query}", headers(order), json.dumps({"order": text}).encode())


@pytest.mark.parametrize("fresh", [True, False])
@pytest.mark.parametrize("text", ODD)
def test_a_value_that_is_encoded_is_taken(odd: Odd, text: str, fresh: bool) -> None:  # noqa: FBT001
    with served(odd(text, fresh=fresh)) as exchange:
        assert call(exchange, text) == 201
    assert exchange.mismatches == ""
    assert len(exchange.heard.calls) == 1


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: quote(text, safe=":@"),
        lambda text: quote(text, safe="~:@!$&'()*+,;="),
        lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
        lambda text: quote(text, safe="").replace("%C", "%c"),
    ],
)
@pytest.mark.parametrize("text", ODD)
def test_every_legal_way_to_encode_a_path_is_taken(odd: Odd, text: str, encode: Callable[[str], str]) -> None:
    with served(odd(text)) as exchange:
        assert call(exchange, text, path=encode(text)) == 201
    assert exchange.mismatches == ""


@pytest.mark.parametrize("text", ODD)
def test_a_query_may_be_encoded_as_forms_are_or_as_paths_are(odd: Odd, text: str) -> None:
    with served(odd(text)) as exchange:
        assert call(exchange, text, query="q=" + quote(text, safe="/:")) == 201
    assert exchange.mismatches == ""


@pytest.mark.parametrize("text", [one for one in ODD if quote(one, safe=":~+;=,") != one])
def test_a_path_that_is_not_encoded_is_refused(odd: Odd, text: str) -> None:
    with served(odd(text)) as exchange:
        assert call(exchange, text, path=text) != 201
    assert exchange.mismatches != ""


@pytest.mark.parametrize("text", ["a b", "müßig", "50%", "a%20b", "a+b", "a&b", "a#b"])
def test_a_query_that_is_not_encoded_is_refused(odd: Odd, text: str) -> None:
    with served(odd(text)) as exchange:
        assert call(exchange, text, query=f"q={text}") != 201
    assert exchange.mismatches != ""


@pytest.mark.parametrize(("path", "part"), [("50%", "send it as %25"), ("a b", "no HTTP request"), ("ü", "percent-encoded")])
def test_what_was_not_encoded_is_told(odd: Odd, path: str, part: str) -> None:
    with served(odd("50% ü")) as exchange:
        call(exchange, "50% ü", path=path)
    assert part in exchange.mismatches


@pytest.mark.parametrize(("path", "text"), [("a+b", "a b"), ("a%2Bb", "a b"), ("a%2520b", "a b"), ("%FC", "ü")])
def test_a_path_that_says_something_else_is_refused(odd: Odd, path: str, text: str) -> None:
    with served(odd(text)) as exchange:
        assert call(exchange, text, path=path) != 201
    assert "Request not found" in exchange.mismatches


def test_a_header_may_be_sent_as_latin_1_and_a_list_in_several_lines(odd: Odd) -> None:
    with served(odd("müßig")) as exchange:
        assert call(exchange, "müßig", header="müßig".encode("latin-1")) == 201
    with served(odd("1, 2")) as exchange:
        two_lines = headers("1") | {"x-order": "2"}
        assert send(exchange.heard.url, "/orders/1%2C%202/x?q=1,+2", two_lines, b'{"order": "1, 2"}') == 201
    assert exchange.mismatches == ""


@pytest.mark.parametrize("header", [b"mussig", "müßig ".encode("utf-16-le"), b"m%C3%BC%C3%9Fig"])
def test_another_header_is_refused(odd: Odd, header: bytes) -> None:
    with served(odd("müßig")) as exchange:
        assert call(exchange, "müßig", header=header) != 201
    assert exchange.mismatches != ""


def test_blanks_around_a_header_are_no_part_of_it(odd: Odd) -> None:
    with served(odd(" a ")) as exchange:
        assert call(exchange, " a ") == 201
    assert exchange.mismatches == ""
    assert request_of(odd(" a "))["headers"]["X-Order"] == ["a"]


def test_a_parameter_that_comes_twice_is_refused(odd: Odd) -> None:
    with served(odd("1")) as exchange:
        assert call(exchange, "1", query="q=1&q=1") != 201
    assert "q" in exchange.mismatches


def test_a_body_in_chunks_is_taken(odd: Odd) -> None:
    with served(odd("1")) as exchange:
        connection = http.client.HTTPConnection(urlsplit(exchange.heard.url).netloc, timeout=30)
        chunks = iter([b'{"order"', b': "1"}'])
        connection.request(
            "POST", "/orders/1/x?q=1", chunks, {name: str(one) for name, one in headers("1").items()}, encode_chunked=True
        )
        assert connection.getresponse().status == 201
        connection.close()
    assert exchange.mismatches == ""


def request_of(saga: Saga) -> dict[str, Any]:
    (interaction,) = interactions.document(saga, cases.derive(saga)[0])["interactions"]
    request: dict[str, Any] = interaction["request"]
    return request


@pytest.mark.parametrize("text", ODD)
def test_the_pact_holds_the_path_encoded_and_everything_else_as_it_is(odd: Odd, text: str) -> None:
    request = request_of(odd(text))
    assert request["path"] == f"/orders/{quote(text, safe=':@')}/x"
    assert request["query"] == {"q": [text]}
    assert request["headers"]["X-Order"] == [text]
    assert request["body"]["content"] == {"order": text}


@pytest.mark.parametrize(
    ("text", "name"), [("order-1", "order_id"), ("a:b", "order_id"), ("a b", "order_idInPath"), ("ü", "order_idInPath")]
)
def test_a_verifier_is_asked_for_the_encoded_value_only_where_the_example_needs_it(odd: Odd, text: str, name: str) -> None:
    generators = request_of(odd(text))["generators"]
    assert generators["path"]["expression"] == f"/orders/${{{name}}}/x"
    assert generators["query"]["q"]["expression"] == "${order_id}"
    assert generators["header"]["X-Order"]["expression"] == "${order_id}"


def test_letters_that_the_saga_file_itself_has_in_a_path_are_encoded_once(odd: Odd) -> None:
    saga = odd("1", "/straße/a%20b/{payload.order_id}")
    assert expected_call(saga, "a", saga.step("a").forward.request).path.shown == "/stra%C3%9Fe/a%20b/1"


def test_a_number_is_written_into_path_query_and_header_as_json_writes_it(make_step: Make, make_saga: MakeSaga) -> None:
    one = make_step("a")
    one["forward"]["request"] |= {"path": "/a/{payload.amount}", "query": {"on": "{payload.on}"}}
    example = {"order_id": "order-1", "amount": 1.5, "on": True}
    request = request_of(make_saga(one, payload={"schema": {"type": "object"}, "example": example}))
    assert (request["path"], request["query"]) == ("/a/1.5", {"on": ["true"]})


@pytest.mark.parametrize("text", [".", ".."])
def test_a_value_that_no_library_can_send_in_a_path_is_told_with_its_mend(odd: Odd, text: str) -> None:
    saga = odd(text)
    with pytest.raises(UsageError, match=r"sale/a holds the segment .* another value"):
        expected_call(saga, "a", saga.step("a").forward.request)


def test_an_empty_value_in_a_path_is_told(odd: Odd) -> None:
    with pytest.raises(UsageError, match="is empty"):
        odd("")


@pytest.fixture
def typed(make_step: Make, make_saga: MakeSaga) -> Callable[..., Saga]:
    """Makes a saga whose one call and its reply have bodies of a media type."""

    def make(content_type: str, body: Any, reply: Any = None, reply_type: str = "application/json") -> Saga:
        one = make_step("a")
        one["forward"]["request"] |= {"headers": {"Idempotency-Key": "{key}", "content-type": content_type}, "body": body}
        one["forward"]["replies"]["done"] = {
            "status": 201,
            "body": reply,
            "headers": {"Content-Type": reply_type, "X-Order": "{payload.order_id}", "X-Kind": "a, b"},
        }
        return make_saga(one)

    return make


@pytest.mark.parametrize(
    ("content_type", "declared", "sent", "taken"),
    [
        ("text/xml", "<a>{payload.order_id}</a>", b"<a>order-1</a>", True),
        ("text/xml", "<a>{payload.order_id}</a>", b"<a>order-2</a>", False),
        ("text/xml", "<a>{payload.order_id}</a>", b'"<a>order-1</a>"', False),
        ("text/plain", "order {payload.order_id}", b"order order-1", True),
        ("application/x-www-form-urlencoded", {"o": "{payload.order_id}", "n": "ü &"}, b"n=%c3%bc%20%26&o=order-1", True),
        ("application/x-www-form-urlencoded", {"o": "{payload.order_id}", "n": "ü &"}, b"n=%c3%bc%20%26&o=order-2", False),
        ("application/vnd.bank+json", {"o": "{payload.order_id}"}, b'{"o": "order-1"}', True),
        ("application/vnd.bank+json", {"o": "{payload.order_id}"}, b'{"o": "order-2"}', False),
    ],
)
def test_a_body_is_compared_and_written_by_its_media_type(
    typed: Callable[..., Saga], content_type: str, declared: Any, sent: bytes, taken: object
) -> None:
    saga = typed(content_type, declared)
    with served(saga) as exchange:
        status = send(exchange.heard.url, "/a", headers("x") | {"Content-Type": content_type}, sent)
    assert ((status == 201), (exchange.mismatches == "")) == (taken, taken)
    body = request_of(saga)["body"]
    assert body["contentType"] == content_type
    if isinstance(declared, str):
        assert body["content"] == declared.replace("{payload.order_id}", "order-1")


def test_a_verifier_is_asked_for_the_fresh_fields_of_a_form(typed: Callable[..., Saga]) -> None:
    saga = typed("application/x-www-form-urlencoded", {"o": "{payload.order_id}", "n": "1"})
    assert request_of(saga)["generators"]["body"] == {"$.o": {"expression": "${order_id}", "type": "ProviderState"}}


@pytest.mark.parametrize(
    ("content_type", "reply", "told"),
    [("application/json", {"state": "made"}, b'{"state":"made"}'), ("text/xml", "<ok>{key}</ok>", b"<ok>saga-1:a</ok>")],
)
def test_a_client_is_answered_with_the_declared_headers_and_body(
    typed: Callable[..., Saga], content_type: str, reply: Any, told: bytes
) -> None:
    saga = typed("application/json", {"order": "{payload.order_id}"}, reply, content_type)
    with served(saga) as exchange:
        answered = httpx.post(f"{exchange.heard.url}/a", json={"order": "order-1"}, headers=_texts(headers("x")), trust_env=False)
    assert exchange.mismatches == ""
    assert (answered.headers["x-order"], answered.headers["x-kind"]) == ("order-1", "a, b")
    assert answered.headers["content-type"] == content_type
    assert answered.content == told


def _texts(found: dict[str, bytes | str]) -> dict[str, str]:
    return {name: str(value) for name, value in found.items()}


def test_a_whole_object_of_the_payload_is_asked_for_field_by_field(make_step: Make, make_saga: MakeSaga) -> None:
    one = make_step("a")
    one["forward"]["request"]["body"] = {"user": "{payload.user}", "all": ["{payload.user}"]}
    payload = {"schema": {"type": "object"}, "example": {"user": {"id": "u-1", "age": 7}}, "fresh": ["user.id"]}
    saga = make_saga(one, payload=payload)

    document = interactions.document(saga, cases.derive(saga)[0])

    body = document["interactions"][0]["request"]
    assert body["body"]["content"] == {"user": {"id": "u-1", "age": 7}, "all": [{"id": "u-1", "age": 7}]}
    asked = {place: generator["expression"] for place, generator in body["generators"]["body"].items()}
    assert asked == {"$.user.id": "${user.id}", "$.all[0].id": "${user.id}"}
