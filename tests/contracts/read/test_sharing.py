"""A semantic lock that no participant could serve is refused, with its place and the mend."""

import copy
import json
from typing import Any

import pytest

from saga_contracts.sagafile import SagaFileError, parse_saga
from shelf import definition

RIGHT = definition({"conflict": "refused", "released_by": "ship"}, enough_for_two=4, ships=True)


def test_a_lock_that_can_be_known_met_and_freed_is_right() -> None:
    assert parse_saga(json.dumps(RIGHT), "sale.json").steps[0].semantic_lock is not None


@pytest.mark.parametrize(
    ("lock", "said"),
    [
        ({"resource": "{payload.order}"}, "The forward call does not hold `{payload.order}`"),
        ({"released_by": "ships"}, "`ships` is no step after this one at warehouse. Did you mean `ship`?"),
        ({"released_by": "reserve"}, "`reserve` is no step after this one at warehouse."),
    ],
)
def test_a_lock_that_nobody_could_serve_is_refused(lock: dict[str, Any], said: str) -> None:
    file = copy.deepcopy(RIGHT)
    file["steps"][0]["semantic_lock"] |= lock
    with pytest.raises(SagaFileError) as refused:
        parse_saga(json.dumps(file), "sale.json")
    assert said in str(refused.value)


def test_a_conflict_needs_a_reply_that_the_step_can_give() -> None:
    file = definition({"conflict": "refused"})
    del file["steps"][0]["forward"]["replies"]["refused"], file["steps"][0]["given"]["refusing"]
    with pytest.raises(SagaFileError, match="Another saga is to be refused meanwhile, but no refusal is declared"):
        parse_saga(json.dumps(file), "sale.json")
    file["steps"][0]["semantic_lock"]["conflict"] = "retryable"
    assert parse_saga(json.dumps(file), "sale.json")
