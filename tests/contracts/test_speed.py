"""A saga of thirty steps is checked, derived and drawn while one waits."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from saga_contracts.derive import cases, decks
from saga_contracts.derive.slices import step_slice
from saga_contracts.sagafile import parse_saga
from saga_contracts.show.draw import saga_svg

Make = Callable[..., dict[str, Any]]


@pytest.fixture
def text(make_step: Make, make_retriable: Make, make_definition: Make) -> str:
    names = [f"step_{number}" for number in range(29)]
    steps = [make_step(name, after=names[max(0, number - 2) : number]) for number, name in enumerate(names)]
    return json.dumps(make_definition(*steps, make_retriable("last", after=names)))


def test_thirty_steps_take_less_than_two_seconds_of_one_processor(text: str) -> None:
    started = time.process_time()
    saga = parse_saga(text, "long.json")
    found = [decks.derive(step_slice(saga, step.step)) for step in saga.steps]
    derived = cases.derive(saga)
    picture = saga_svg(saga)
    assert time.process_time() - started < 2
    assert len(found) == 30
    assert len(derived) > 400
    assert picture.count("saga-box") > 30
