"""Of each foreign system's saga file, dialects written out, a right participant can be made: the stub, which is kept."""

from pathlib import Path

import pytest

from foreign import FOREIGN
from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive.slices import step_slice
from saga_contracts.sagafile import load_saga
from stand_ins import all_right, played

FILES = sorted(FOREIGN.glob("*/saga.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)
def test_the_stub_of_its_saga_file_is_kept(file: Path) -> None:
    saga = load_saga(file)
    for step in saga.steps:
        result = played(all_right(saga, step.participant), step_slice(saga, step.step))
        assert {one.name: one.text for one in result.histories if one.verdict != Verdict.KEPT} == {}
