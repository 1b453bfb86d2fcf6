"""The step client library: all that a saga service and a saga's owner need to make a saga's calls.

Requests, step keys, time-outs, tries and the reading of replies come from the saga definition, so that what is called is what the
contracts hold. State, order of steps and compensation are left to the saga service.
"""

from saga_contracts.client.asynchronous import AsyncStepClient
from saga_contracts.client.creation import CreatedSaga, CreationError, CreationRefusedError, create_saga
from saga_contracts.client.definition import DefinitionError, load_definition, payload_faults
from saga_contracts.client.results import Backoff, StepResult, backoff_of
from saga_contracts.client.sync import StepClient
from saga_contracts.declare.conditions import runs
from saga_contracts.declare.elements import unfolded, unit_name
from saga_contracts.declare.outcomes import Outcome, State, Told
from saga_contracts.declare.outputs import Teller, outputs_in
from saga_contracts.declare.saga import Completion, Saga, Step, StepClass
from saga_contracts.errors import SagapactError, UsageError
from saga_contracts.wire.bodies import read_json
from saga_contracts.wire.keys import step_key
from saga_contracts.wire.replies import callback_outcome
from saga_contracts.wire.requests import StepCall, UnsendableError, call_context

__all__ = [
    "AsyncStepClient",
    "Backoff",
    "Completion",
    "CreatedSaga",
    "CreationError",
    "CreationRefusedError",
    "DefinitionError",
    "Outcome",
    "Saga",
    "SagapactError",
    "State",
    "Step",
    "StepCall",
    "StepClass",
    "StepClient",
    "StepResult",
    "Teller",
    "Told",
    "UnsendableError",
    "UsageError",
    "backoff_of",
    "call_context",
    "callback_outcome",
    "create_saga",
    "load_definition",
    "outputs_in",
    "payload_faults",
    "read_json",
    "runs",
    "step_key",
    "unfolded",
    "unit_name",
]
