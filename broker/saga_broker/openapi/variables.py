"""The variables of paths: what each is, and an example. Pure."""

from typing import Any

from saga_broker.openapi.shapes import Schema

_NAME: Schema = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[^\n\t\x00]+$"}
_VARIABLES: dict[str, tuple[str, str]] = {
    "name": ("A pacticipant.", "billing"),
    "number": ("A version's number, or a result's.", "1.4.0"),
    "label": ("A label.", "team-a"),
    "tag": ("A tag.", "prod"),
    "to": ("The tag of the versions to stand beside.", "prod"),
    "branch": ("A branch.", "main"),
    "uuid": ("The identity that the broker gave.", "d7b4bd0b-5e3f-4c3c-a2a3-6a8cb3c3a1b9"),
    "environment": ("An environment's name.", "production"),
    "provider": ("The provider.", "billing"),
    "consumer": ("The consumer.", "saga_service"),
    "sha": ("The sha of a content.", "c084c5e6191555a35fa4083adae03d1ff190b910"),
    "other": ("What it is compared with.", "1.3.0"),
    "meta": ("Why the pact was chosen, as the broker wrote it.", "Y3ZuPTE"),
    "saga": ("A saga.", "vas_purchase"),
    "step": ("A step of the saga.", "charge"),
    "key": ("A job.", "0f4e1c5d7a9b2c3d4e5f60718293a4b5c6d7e8f9"),
}


def variable(name: str) -> dict[str, Any]:
    """Describe a variable of a path."""
    text, example = _VARIABLES.get(name, ("A name.", "example"))
    schema = {**_NAME, "maxLength": 4000} if name == "meta" else _NAME
    return {"name": name, "in": "path", "required": True, "description": text, "schema": schema, "example": example}
