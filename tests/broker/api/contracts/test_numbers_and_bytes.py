"""A published pact comes back as it was sent: its numbers to the last digit, its text whatever it was saved as."""

import base64
import codecs
import json
import re
from typing import Any

import pytest

from saga_broker.pact.content import content_sha
from saga_contracts.wire import exact

NUMBERS = (
    *("1563454500.123456789", "1E+400", "-1e-400", "100.0", "100.00", "0.10", "-0.0", "-0", "1e5", "12.5E-3"),
    *("18446744073709551616", "-9223372036854775809", "9" * 300, "7", "0.5"),
)
ACCEPT = {"Accept": "application/hal+json"}
JSON = {"Content-Type": "application/json"}


def pact_text(number: str) -> str:
    """Write a pact that holds a number four times."""
    body = f'{{"amount": {number}, "more": [{number}, {{"deep": {number}}}], "text": "{number[:20]}"}}'
    request = f'{{"method": "POST", "path": "/", "body": {body}}}'
    interaction = f'{{"description": "ü", "request": {request}, "response": {{"status": 200}}}}'
    metadata = f'{{"pactSpecification": {{"version": "2.0.0"}}, "at": {number}}}'
    names = '"consumer": {"name": "Foo"}, "provider": {"name": "Bar"}'
    return f'{{{names}, "interactions": [{interaction}], "metadata": {metadata}}}'


def publish(broker: Any, raw: bytes, number: str = "1", status: int = 200) -> Any:
    contract = {
        "consumerName": "Foo",
        "providerName": "Bar",
        "specification": "pact",
        "contentType": "application/json",
        "content": base64.b64encode(raw).decode(),
    }
    body = {"pacticipantName": "Foo", "pacticipantVersionNumber": number, "contracts": [contract]}
    return broker.post("/contracts/publish", body, status)


def told(broker: Any, path: str) -> str:
    reply = broker.http.get(path, headers=ACCEPT)
    assert reply.status_code == 200
    assert not re.search(r"Infinity|NaN", reply.text)
    return str(reply.text)


def found_in(text: str, number: str) -> int:
    return len(re.findall(rf"(?<![-\w.+]){re.escape(number)}(?![\w.+])", text.replace(f'"{number[:20]}"', "")))


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: number[:24])
def test_a_number_of_a_published_pact_comes_back_as_it_was_sent(broker: Any, number: str) -> None:
    publish(broker, pact_text(number).encode())
    put = broker.http.put("/pacts/provider/Bar/consumer/Foo/version/2", content=pact_text(number).encode(), headers=JSON)
    assert put.status_code == 201

    for path in ("/pacts/provider/Bar/consumer/Foo/version/1", "/pacts/provider/Bar/consumer/Foo/latest"):
        assert found_in(told(broker, path), number) == 4


def test_numbers_stay_when_pacts_are_merged(broker: Any) -> None:
    publish(broker, pact_text("1563454500.123456789").encode())
    other = pact_text("1E+400").replace("ü", "other").encode()
    assert broker.http.patch("/pacts/provider/Bar/consumer/Foo/version/1", content=other, headers=JSON).status_code == 200

    text = told(broker, "/pacts/provider/Bar/consumer/Foo/version/1")
    assert (found_in(text, "1563454500.123456789"), found_in(text, "1E+400")) == (4, 3)


def test_pacts_that_differ_in_the_last_digits_are_two(broker: Any) -> None:
    publish(broker, pact_text("1563454500.123456789").encode())
    conflict = publish(broker, pact_text("1563454500.123456788").encode(), status=409)
    assert "-" in conflict["notices"][1]["text"]
    assert "1563454500.123456788" in conflict["notices"][1]["text"]
    publish(broker, pact_text("1563454500.123456788").encode(), "2")
    shas = [told(broker, f"/pacts/provider/Bar/consumer/Foo/version/{number}") for number in (1, 2)]
    names = [json.loads(text)["_links"]["pb:pact-version"]["name"] for text in shas]
    ids = [json.loads(text)["interactions"][0]["_id"] for text in shas]
    assert names[0] != names[1]
    assert ids[0] != ids[1]


@pytest.mark.parametrize(
    ("one", "other"),
    [("0.10", "0.1"), ("1e20", "100000000000000000000.0"), ("-0", "0"), ("1.50E3", "1500.0"), ("100.00", "100.0")],
)
def test_a_number_of_which_only_the_spelling_differs_is_the_same_as_for_the_pact_broker(one: str, other: str) -> None:
    shas = [content_sha(exact.loads(f'{{"interactions": [{{"n": [{number}]}}]}}')) for number in (one, other)]
    assert shas[0] == shas[1]


def test_numbers_of_results_come_back_as_they_were_sent(broker: Any) -> None:
    publish(broker, pact_text("1").encode())
    link = broker.get("/pacts/provider/Bar/consumer/Foo/latest")["_links"]["pb:publish-verification-results"]["href"]
    results = '[{"success": true, "actual": 1563454500.123456789, "expected": 1E+400, "large": 18446744073709551616}]'
    body = f'{{"success": true, "providerApplicationVersion": "1", "testResults": {results}}}'
    made = broker.http.post(link, content=body, headers=JSON)
    assert made.status_code == 201
    text = told(broker, made.json()["_links"]["self"]["href"])
    assert all(found_in(text, number) for number in ("1563454500.123456789", "1E+400", "18446744073709551616"))


@pytest.mark.parametrize(
    "mark",
    [(codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")],
    ids=["utf-8", "utf-16-le", "utf-16-be"],
)
def test_a_byte_order_mark_is_read_and_left_out(broker: Any, mark: tuple[bytes, str]) -> None:
    text = pact_text("1563454500.123456789")
    marked = mark[0] + text.encode(mark[1])
    publish(broker, marked)
    put = broker.http.put("/pacts/provider/Bar/consumer/Foo/version/2", content=marked, headers=JSON)
    assert put.status_code == 201, put.text
    publish(broker, text.encode(), "3")

    found = [json.loads(told(broker, f"/pacts/provider/Bar/consumer/Foo/version/{number}")) for number in (1, 2, 3)]
    assert [one["interactions"][0]["description"] for one in found] == ["ü"] * 3
    assert len({one["_links"]["pb:pact-version"]["name"] for one in found}) == 1


@pytest.mark.parametrize("raw", [codecs.BOM_UTF16_LE + b"x", codecs.BOM_UTF8 + b"\xff", codecs.BOM_UTF8])
def test_what_is_no_json_behind_its_mark_is_refused(broker: Any, raw: bytes) -> None:
    answer = publish(broker, raw, status=400)
    assert "could not be parsed as application/json" in str(answer)
    assert broker.http.put("/pacts/provider/Bar/consumer/Foo/version/2", content=raw, headers=JSON).status_code == 400


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_refused(broker: Any, word: str) -> None:
    assert "could not be parsed" in str(publish(broker, pact_text(word).encode(), status=400))
    content = pact_text(word).encode()
    assert broker.http.put("/pacts/provider/Bar/consumer/Foo/version/2", content=content, headers=JSON).status_code == 400
