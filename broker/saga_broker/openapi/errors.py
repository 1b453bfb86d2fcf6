"""The description of errors: which ones an operation can answer, and the form of each. Pure."""

from typing import Any

from saga_broker.http.media import HAL, JSON, PROBLEM
from saga_broker.http.media import TEXT as PLAIN
from saga_broker.openapi.operation import Operation
from saga_broker.openapi.shapes import TEXT, ref

_ERROR = {"schema": ref("ErrorText")}
_ERROR_OR_NOTHING = {
    "anyOf": [ref("ErrorText"), {"type": "string", "maxLength": 0, "description": "No body: the pacts cannot be merged."}],
}
_FAULTS = {"schema": {"anyOf": [ref("ErrorText"), ref("ErrorFields"), ref("ErrorList")]}}
_PROBLEM = {PROBLEM: {"schema": ref("Problem")}}
_EXPLAINED = {HAL: _FAULTS, **_PROBLEM}
_RETRY = {"Retry-After": {"required": True, "schema": {"type": "integer"}, "description": "Seconds to wait."}}
_CHALLENGE = {
    "WWW-Authenticate": {"required": True, "schema": {"type": "string"}, "description": "How a token is sent: Bearer, or Basic."},
}
UNPROCESSABLE, STRANGE_PATH = "Unprocessable", "StrangePath"

_NAMES = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    406: "NotAcceptable",
    408: "TooSlow",
    409: "Conflict",
    413: "TooLarge",
    414: "NameTooLong",
    415: "UnsupportedType",
    422: STRANGE_PATH,
    429: "TooMany",
    500: "ServerError",
    503: "NoDatabase",
    507: "NoSpace",
}
RESPONSES: dict[str, dict[str, Any]] = {
    "BadRequest": {"description": "The request has faults; each is named.", "content": _EXPLAINED},
    "Unauthorized": {
        "description": "This broker asks for a token, and none was sent that it knows.",
        "headers": _CHALLENGE,
        "content": {HAL: _ERROR, **_PROBLEM},
    },
    "Forbidden": {"description": "The token does not allow this.", "content": {HAL: _ERROR, **_PROBLEM}},
    "TooMany": {"description": "The token asks too often.", "headers": _RETRY, "content": {HAL: _ERROR, **_PROBLEM}},
    "NotFound": {"description": "There is no such thing.", "content": {JSON: _ERROR, HAL: _ERROR, **_PROBLEM}},
    "NotAcceptable": {"description": "The Accept header names nothing that is offered."},
    "TooSlow": {"description": "The work took too long and was given up.", "content": {PLAIN: {"schema": TEXT}, **_PROBLEM}},
    "Conflict": {
        "description": "It contradicts what is stored, or the name is too much like an existing one.",
        "content": {HAL: {"schema": _ERROR_OR_NOTHING}, JSON: {"schema": ref("Conflict")}, PLAIN: {"schema": TEXT}, **_PROBLEM},
    },
    "TooLarge": {"description": "The body is larger than this broker takes.", "content": {JSON: _ERROR, **_PROBLEM}},
    "NameTooLong": {"description": "A name in the path is too long.", "content": _PROBLEM},
    "UnsupportedType": {"description": "The body's media type is not taken here."},
    STRANGE_PATH: {"description": "The path holds a line break, a tab or a NUL, or is not UTF-8.", "content": _PROBLEM},
    UNPROCESSABLE: {
        "description": "It cannot be undone in this way, or the path holds a line break, a tab or a NUL.",
        "content": _EXPLAINED,
    },
    "ServerError": {
        "description": "A fault of the broker; its log has more.",
        "content": {JSON: {"schema": ref("ServerError")}, **_PROBLEM},
    },
    "NoDatabase": {
        "description": "The database cannot be used at the moment.",
        "headers": _RETRY,
        "content": {JSON: _ERROR, **_PROBLEM},
    },
    "NoSpace": {"description": "The database's disk is full.", "headers": _RETRY, "content": {JSON: _ERROR, **_PROBLEM}},
}


def errors_of(operation: Operation, method: str, *, has_names: bool, takes_types: bool) -> dict[int, str]:
    """Give the errors that an operation can answer.

    Args:
        operation: With the errors that it declares.
        method: In capitals.
        has_names: The path has variables.
        takes_types: A body of another media type than declared is refused.

    Returns:
        Names in `RESPONSES`, by status.
    """
    found = {401, 403, 406, 429, 500, *operation.errors}
    if operation.stored:
        found |= {503, 507}
    if method != "GET":
        found.add(413)
    if takes_types:
        found.add(415)
    if has_names:
        found |= {414, 422}
    names = {status: _NAMES[status] for status in sorted(found)}
    if 422 in operation.errors:  # noqa: PLR2004  (the status itself)
        names[422] = UNPROCESSABLE
    return names
