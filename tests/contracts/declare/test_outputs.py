"""Outputs are read where the file says, as the type that it says, and a place that is none is a fault with its mend."""

import json
from typing import Any

import pytest

import small_sagas
from saga_contracts.declare.outputs import Output, as_text, raw, read, whole
from saga_contracts.declare.saga import Saga
from saga_contracts.sagafile import SagaFileError

PLACES: list[tuple[str, dict[str, Any], Any, dict[str, str], Any]] = [
    ("a field", {"body": "/id"}, {"id": 41}, {}, 41),
    ("a number as a text", {"body": "/id", "as": "text"}, {"id": 41}, {}, "41"),
    ("a text as a number", {"body": "/id", "as": "number"}, {"id": "41"}, {}, 41),
    ("a fraction as a number", {"body": "/id", "as": "number"}, {"id": "4.5"}, {}, 4.5),
    ("no number as a number", {"body": "/id", "as": "number"}, {"id": "41a"}, {}, None),
    ("not a number as a number", {"body": "/id", "as": "number"}, {"id": "NaN"}, {}, None),
    ("a truth as a number", {"body": "/id", "as": "number"}, {"id": True}, {}, None),
    ("an element of a list", {"body": "/holds/0/ref/id"}, {"holds": [{"ref": {"id": "h-1"}}]}, {}, "h-1"),
    ("a list that is empty", {"body": "/holds/0/id"}, {"holds": []}, {}, None),
    ("a header", {"header": "Hold-Id"}, None, {"hold-id": "h-1"}, "h-1"),
    ("a header that is missing", {"header": "Hold-Id"}, None, {}, None),
    ("a header as a number", {"header": "Hold-Id", "as": "number"}, None, {"hold-id": "12"}, 12),
    ("a path", {"header": "Location", "match": "/holds/{value}"}, None, {"location": "/holds/h-1"}, "h-1"),
    ("an address", {"header": "Location", "match": "/holds/{value}"}, None, {"location": "http://a:1/holds/h-1?x=1"}, "h-1"),
    ("an encoded part", {"header": "Location", "match": "/holds/{value}"}, None, {"location": "/holds/a%20b%2Fc"}, "a b/c"),
    ("another path", {"header": "Location", "match": "/holds/{value}"}, None, {"location": "/other/h-1"}, None),
    ("a longer path", {"header": "Location", "match": "/holds/{value}"}, None, {"location": "/holds/h-1/more"}, None),
    ("a part between", {"header": "Location", "match": "/holds/{value}/state"}, None, {"location": "/holds/7/state"}, "7"),
    ("a whole address", {"body": "/self", "match": "https://b/holds/{value}"}, {"self": "https://b/holds/7"}, {}, "7"),
    ("a text around it", {"header": "ETag", "match": '"{value}"'}, None, {"etag": '"v 1"'}, "v 1"),
]


@pytest.mark.parametrize(("place", "body", "headers", "found"), [row[1:] for row in PLACES], ids=[row[0] for row in PLACES])
def test_an_output_is_read_where_the_file_says(place: dict[str, Any], body: Any, headers: dict[str, str], found: Any) -> None:
    assert read(Output.model_validate(place), body, headers) == found


@pytest.mark.parametrize("value", ["h-1", "a b/c", "ü%2F", "1"])
@pytest.mark.parametrize("match", [None, "/holds/{value}", "https://b.example/{value}/x", '"{value}"'])
def test_what_was_written_to_a_place_is_read_from_it(match: str | None, value: str) -> None:
    place = Output.model_validate({"header": "There", "match": match})
    assert raw(place, None, {"there": as_text(whole(place, value))}) == value


def saga(outputs: Any, done: dict[str, Any], after: str = "{outputs.pay.id}") -> Saga:
    first, second = small_sagas.step(), small_sagas.step("send")
    first["forward"]["outputs"] = outputs
    first["forward"]["replies"]["done"] |= done
    second["after"] = ["pay"]
    second["forward"]["request"]["query"] = {"for": after}
    return small_sagas.saga(first, second)


ELSEWHERE = {"headers": {"location": {"$like": "/x/1"}}}
SHOWN = {"body": {"id": {"$like": "1"}}}
FAULTS: list[tuple[str, Any, dict[str, Any], str]] = [
    ("two places", {"id": {"body": "/id", "header": "Id"}}, {}, "one of `body` and `header`"),
    ("no place", {"id": {"as": "text"}}, {}, "one of `body` and `header`"),
    ("no value in the match", {"id": {"header": "Location", "match": "/holds"}}, {}, "which part is the output"),
    ("another type", {"id": {"body": "/id", "as": "date"}}, SHOWN, "'date' is not one of text, number"),
    ("an unknown field", {"id": {"body": "/id", "from": "x"}}, SHOWN, "The field `from` is not known"),
    ("a number", {"id": 7}, {}, "This must be a text"),
    ("nothing there", {"id": {"body": "/id", "as": "text"}}, {}, "has a value at `/id`"),
    ("no number", {"id": {"body": "/id", "as": "number"}}, {"body": {"id": {"$like": "h-1"}}}, "at `/id`"),
    ("another path", {"id": {"header": "Location", "match": "/h/{value}"}}, ELSEWHERE, "`/h/{value}`"),
    ("no callback", {"id": {"body": "/id", "of": "callback"}}, SHOWN, "callback is to tell the output"),
    ("no polling", {"id": {"body": "/id", "of": "status"}}, SHOWN, "status is to tell the output"),
]  # fmt: skip


@pytest.mark.parametrize(("outputs", "done", "words"), [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS])
def test_a_place_that_is_none_is_a_fault_with_its_mend(outputs: Any, done: dict[str, Any], words: str) -> None:
    with pytest.raises(SagaFileError) as caught:
        saga(outputs, done)
    assert words in str(caught.value)


def test_a_header_that_holds_an_output_needs_no_example_of_its_own() -> None:
    found = saga({"id": {"header": "Location", "match": "/holds/{value}"}}, {})
    assert found.outputs["pay"] == {"id": "id-1"}
    done = found.step("pay").forward.replies.done
    assert json.dumps(done, default=lambda one: one.model_dump()).count('"Location": {"$like": "/holds/id-1"}') == 1


def test_an_example_of_the_file_is_what_later_steps_are_called_with() -> None:
    found = saga({"id": {"body": "/refs/0", "as": "text"}}, {"body": {"refs": [{"$like": 41}]}})
    assert found.outputs["pay"] == {"id": "41"}
