"""Outputs in headers, in lists and of another type: contracts are written, right participants kept, changing ones found out."""

import json
from pathlib import Path
from typing import Any

import pytest

import small_sagas
from outcomes import check_deck, check_pacts
from saga_contracts.derive.slices import step_slice
from saga_contracts.stand_in import deviating
from stand_ins import played

PLACES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a header": ({"header": "Hold-Id"}, {}),
    "the part of a location": ({"header": "Location", "match": "/holds/{value}"}, {}),
    "a header as a number": ({"header": "X-Number", "as": "number"}, {}),
    "a header with an example": ({"header": "Location"}, {"headers": {"location": {"$like": "/holds/a%20b"}}}),
    "an element of a list": ({"body": "/holds/0/id"}, {"body": {"holds": [{"id": {"$like": "h-1"}}]}}),
    "a number as a text": ({"body": "/id", "as": "text"}, {"body": {"id": {"$like": 41}}}),
    "a text as a number": ({"body": "/id", "as": "number"}, {"body": {"id": {"$like": "41"}}}),
    "a part of a text": ({"body": "/self", "match": "/holds/{value}"}, {"body": {"self": {"$like": "/holds/h-1"}}}),
}


def saga(place: str) -> Any:
    output, done = PLACES[place]
    first, second = small_sagas.step(), small_sagas.step("send") | {"after": ["pay"]}
    first["forward"]["outputs"] = {"id": output}
    first["forward"]["replies"]["done"] |= done
    second["forward"]["request"]["query"] = {"for": "{outputs.pay.id}"}
    return small_sagas.saga(first, second)


@pytest.mark.parametrize("place", PLACES)
def test_a_right_participant_is_kept(place: str, tmp_path: Path) -> None:
    check_deck(saga(place), "pay")
    check_pacts(saga(place), tmp_path)


@pytest.mark.parametrize("place", PLACES)
def test_outputs_that_change_are_found_out(place: str) -> None:
    slice_ = step_slice(saga(place), "pay")
    result = played([deviating.HOW["new-outputs"](slice_)], slice_)
    assert {one.obligation for history in result.histories for one in history.broken} == {"O33"}


def test_a_contract_asks_for_the_header_and_takes_any_text_in_it(tmp_path: Path) -> None:
    files = check_pacts(saga("the part of a location"), tmp_path)
    pact = json.loads(next(one for one in files if "pay_service" in one.name).read_text(encoding="utf-8"))
    done = next(one for one in pact["interactions"] if one["key"] == "sale/pay/forward/done")
    assert done["response"]["headers"]["Location"] == ["/holds/id-1"]
    assert done["response"]["matchingRules"]["header"]["Location"]["matchers"] == [{"match": "regex", "regex": ".+"}]
