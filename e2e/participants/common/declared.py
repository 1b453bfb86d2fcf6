"""What a saga file declares of a participant's step: its replies to status calls, by the client library's helper.

The participant reads the file that lies beside it, its own copy: who calls it may have an older or a newer one.
"""

from functools import cache
from pathlib import Path

from starlette.responses import JSONResponse, Response

from participants.common.ledger import StepState
from saga_contracts.client import Saga, State
from saga_contracts.client.participant import status_answer
from saga_contracts.sagafile import load_saga

_SERVICES = Path(__file__).resolve().parents[2]
_FOLDERS = (_SERVICES / "sagas", _SERVICES.parent / "contracts" / "sagas")  # as installed, in an image; in a checkout
_STATES = {
    None: State.ABSENT,
    StepState.IN_PROGRESS: State.IN_PROGRESS,
    StepState.APPLIED: State.APPLIED,
    StepState.REFUSED: State.REFUSED,
    StepState.COMPENSATED: State.COMPENSATED,
}


class DeclaredStep:
    """One step of one saga.

    Args:
        saga: The saga's name.
        step: The step's name.
    """

    def __init__(self, saga: str, step: str) -> None:
        self.saga = saga_file(saga)
        self.step = self.saga.step(step)

    def status(self, state: StepState | None) -> Response:
        """Give the declared reply that tells a step's durable state; None: its key is not known."""
        answer = status_answer(self.step, _STATES[state])
        return Response(status_code=answer.status) if answer.body is None else JSONResponse(answer.body, answer.status)


@cache
def saga_file(name: str) -> Saga:
    """Read the saga file of one of the landscape's sagas.

    Raises:
        UsageError: when it is not there, or faulty.
    """
    files = [folder / name / "saga.yaml" for folder in _FOLDERS]
    return load_saga(next((file for file in files if file.is_file()), files[0]))
