"""Building the requests of step calls: what a user of the client library needs who sends them by other means."""

from saga_contracts.wire.keys import step_key
from saga_contracts.wire.requests import (
    BuiltRequest,
    StepCall,
    UnsendableError,
    call_context,
    notification_request,
    step_request,
)

__all__ = ["BuiltRequest", "StepCall", "UnsendableError", "call_context", "notification_request", "step_key", "step_request"]
