"""Reading requests: the front that answers them, and their bodies, bounded and checked."""

from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from saga_contracts.client import read_json
from saga_service.front import Front
from saga_service.intake import RefusedError

MAX_BODY_BYTES = 1024 * 1024
_Body = TypeVar("_Body", bound=BaseModel)


def front_of(request: Request) -> Front:
    """Give what answers requests."""
    front: Front = request.app.state.front
    return front


async def model_body(request: Request, model: type[_Body]) -> _Body:
    """Read a body of this kind.

    Raises:
        RefusedError: with every fault, when it is none.
    """
    try:
        return model.model_validate(await json_body(request))
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, fault['loc'])) or '(top)'}: {fault['msg']}" for fault in error.errors()]
        raise RefusedError(422, f"The body is {{{', '.join(model.model_fields)}}}.", faults) from None


async def json_body(request: Request) -> Any:
    """Read a JSON body.

    Raises:
        RefusedError: when it is none, or too long.
    """
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > MAX_BODY_BYTES:
            raise RefusedError(413, f"The body is longer than {MAX_BODY_BYTES} bytes.")
    try:
        return read_json(bytes(content))
    except ValueError:
        raise RefusedError(400, "The body is no JSON.") from None
