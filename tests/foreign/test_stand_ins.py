"""Of each foreign system's saga file, dialects written out, a right participant can be made: the stub, which is kept."""

from pathlib import Path

import pytest

from foreign import FOREIGN
from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive.slices import step_slice
from saga_contracts.sagafile import load_saga
from saga_contracts.stand_in.right import Right
from stand_ins import played

FILES = sorted(FOREIGN.glob("*/saga.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)
def test_the_stub_of_its_saga_file_is_kept(file: Path) -> None:
    saga = load_saga(file)
    for step in saga.steps:
        slice_ = step_slice(saga, step.step)
        result = played([Right(slice_)], slice_)  # by itself: the status calls of two steps at one LRA participant are one
        assert {one.name: one.text for one in result.histories if one.verdict not in (Verdict.KEPT, Verdict.WAIVED)} == {}
