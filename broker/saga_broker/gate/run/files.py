"""Reads stored saga files anew for a question: what is judged comes from the file, not from what was noted when it came. Pure.

A file that today's rules no longer accept cannot be judged: it may hold a demand that nothing can show.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from saga_contracts.declare.policies import CHECK_AFTER_MS
from saga_contracts.declare.saga import Saga
from saga_contracts.derive import cases
from saga_contracts.derive.cases import Case
from saga_contracts.derive.lasting import Lasting, lasting
from saga_contracts.derive.slices import StepSlice, step_slice
from saga_contracts.sagafile import SagaFileError, parse_saga

KEPT = 128
"""So many files are kept in memory after they were read."""
UNREADABLE = Lasting(0, 0, CHECK_AFTER_MS, is_check_declared=False)


@dataclass(frozen=True, slots=True)
class SagaFile:
    """A saga file as it is read today.

    Attributes:
        saga: None when it cannot be read.
        slices: The slice of each step, by its name.
        cases: The cases that its contracts must hold, in the order of its steps.
        messages: Those between owner and executor; empty when one is both.
        lasts: How long the longest saga may last; of a file that cannot be read, nothing but the checker's usual delay.
        fault: Why it cannot be read, in one sentence; empty when it can.
    """

    saga: Saga | None
    slices: Mapping[str, StepSlice] = field(default_factory=dict)
    cases: tuple[Case, ...] = ()
    messages: tuple[Case, ...] = ()
    lasts: Lasting = UNREADABLE
    fault: str = ""


def read(name: str, content: bytes) -> SagaFile:
    """Read a stored saga file.

    Args:
        name: What to call it in faults.
        content: Its bytes.
    """
    return _read(name, content)


@lru_cache(maxsize=KEPT)
def _read(name: str, content: bytes) -> SagaFile:
    try:
        saga = parse_saga(content.decode(), name)
    except (SagaFileError, UnicodeDecodeError) as error:
        return SagaFile(None, fault=_first(error))
    slices = {step.step: step_slice(saga, step.step) for step in saga.steps}
    return SagaFile(saga, slices, cases.derive(saga), cases.derive_messages(saga), lasting(saga))


def _first(error: SagaFileError | UnicodeDecodeError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8."
    more = f" And {len(error.faults) - 1} more." if len(error.faults) > 1 else ""
    return f"{error.faults[0]}{more}"
