"""Tells the faults of a provider file's shape in our own words, from what pydantic found."""

import difflib
import json
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ValidationError

from saga_contracts.declare.saga import Request
from saga_contracts.errors import Fault
from saga_contracts.read import positions
from saga_verifier.provider_file.artefact import Artefact
from saga_verifier.provider_file.clock import Clock
from saga_verifier.provider_file.container import Bounds, Container
from saga_verifier.provider_file.database import Database
from saga_verifier.provider_file.depends import Depended, DependedReply
from saga_verifier.provider_file.document import FORMAT, Document, HealthCheck, Messages, Start, States
from saga_verifier.provider_file.instances import Instances
from saga_verifier.provider_file.orchestrator import Create, Orchestrator, Read
from saga_verifier.provider_file.probes import ProbeForm
from saga_verifier.provider_file.programs import Token

_MODELS: dict[positions.Path, type[BaseModel]] = {
    (): Document,
    ("start",): Start,
    ("health",): HealthCheck,
    ("states",): States,
    ("messages",): Messages,
    ("container",): Container,
    ("container", "limits"): Bounds,
    ("token",): Token,
    ("instances",): Instances,
    ("artefact",): Artefact,
    ("database",): Database,
    ("probes", "*"): ProbeForm,
    ("depends", "*"): Depended,
    ("clock",): Clock,
    ("orchestrator",): Orchestrator,
    ("orchestrator", "create"): Create,
    ("orchestrator", "create", "request"): Request,
    ("orchestrator", "read"): Read,
    ("orchestrator", "read", "request"): Request,
    ("orchestrator", "define"): Request,
    ("orchestrator", "check"): Request,
    ("depends", "*", "replies", "*"): DependedReply,
    ("probes", "*", "requests", "*"): Request,
}
_SHAPES = {
    "tuple_type": ("This must be a list.", 'Write it as ["one", "two"].'),
    "too_short": ("This list is empty.", "Write at least one value."),
    "model_type": ("This must be a mapping of fields.", "Write it as {name: value}."),
    "dict_type": ("This must be a mapping of names to texts.", "Write it as {NAME: value}."),
    "string_type": ("This must be a text.", "Put it between quotes."),
}
_ENV_NAME = ("A name of an environment variable has letters, digits and underscores only.", "Rename it.")
_URL_PATH = ("A path begins with a slash and has no blanks.", "Mend it.")
_HEADER = ("A header's name has letters, digits and dashes, and its value no line break.", "Mend it.")
_IMAGE = ("An image's name begins with a small letter or a digit and has no blanks.", "Mend it.")
_PATTERNS: dict[positions.Path, tuple[str, str]] = {
    ("provider",): ("A pacticipant's name has no slash at its beginning and no line break.", "Mend it."),
    ("start",): _ENV_NAME,
    ("health",): _URL_PATH,
    ("states",): _URL_PATH,
    ("messages",): _URL_PATH,
    ("base_path",): _URL_PATH,
    ("headers",): _HEADER,
    ("token",): _HEADER,
    ("token", "env"): _ENV_NAME,
    ("token", "pass_env"): _ENV_NAME,
    ("probes",): ("A probe is called by its saga and its step, and its values by plain words.", "Write `SAGA/STEP: {…}`."),
    ("clock",): _ENV_NAME,
    ("orchestrator", "env"): _ENV_NAME,
    ("orchestrator", "callback_path"): _URL_PATH,
    ("depends",): (
        "This is no method, path, name of a variable or of a header, or no place for `once_per`.",
        "Write capitals, a slash at the beginning, letters and digits; `path`, `header.NAME`, `query.NAME` or `body.NAME`.",
    ),
    ("container", "image"): _IMAGE,
    ("container", "postgres_image"): _IMAGE,
    ("container", "writable"): ("A folder begins with a slash and has no blanks.", "Mend it."),
    ("container", "env"): _ENV_NAME,
}


def faults(document: positions.Document, error: ValidationError) -> Iterator[Fault]:
    """Give each fault of the shape."""
    for one in error.errors():
        path, kind = tuple(part for part in one["loc"] if part != "[key]"), one["type"]
        if kind == "missing":
            yield document.fault(path[:-1], f"The field `{path[-1]}` is missing.", "Add it.")
        elif kind == "extra_forbidden":
            yield document.fault(path, f"The field `{path[-1]}` is not known.", _nearest(str(path[-1]), path[:-1]))
        elif path == ("format",):
            what = f"Format {one['input']!r} is not known to this version, which reads format {FORMAT}."
            yield document.fault(path, what, f"Upgrade sagapact, or write format {FORMAT}.")
        elif kind in _SHAPES:
            yield document.fault(path, *_SHAPES[kind])
        elif kind == "string_pattern_mismatch":
            yield document.fault(path, *(_PATTERNS.get(path[:2]) or _PATTERNS[path[:1]]))
        elif kind != "value_error":  # what takes more than one field is told beside these
            found = (
                "Mend it."
                if "env" in path or path[0] == "headers" or path[-1] in ("url", "container_url")
                else f"Found {_short(one['input'])}."
            )
            yield document.fault(path, _of_value(kind, one.get("ctx", {})), found)


def _of_value(kind: str, context: Any) -> str:
    bounds = {"gt": "greater than", "ge": "greater than or equal to", "le": "less than or equal to", "lt": "less than"}
    for name, words in bounds.items():
        if name in context:
            bound = context[name]
            return f"This must be {words} {f'{bound:g}' if isinstance(bound, float) else bound}."
    if kind == "string_too_long":
        return f"This text is longer than {context['max_length']} characters."
    if kind.startswith(("int_", "float_", "finite_")):
        return f"This must be a {'whole ' if kind.startswith('int_') else ''}number."
    return "This text is empty." if kind == "string_too_short" else "This cannot stand here."


def _nearest(found: str, beside: positions.Path) -> str:
    model = next((one for place, one in _MODELS.items() if _is_at(place, beside)), None)
    known = sorted(model.model_fields) if model is not None else []
    close = difflib.get_close_matches(found, known, n=1)
    return f"Did you mean `{close[0]}`?" if close else f"Remove it; known here: {', '.join(known)}."


def _is_at(place: positions.Path, path: positions.Path) -> bool:
    return len(place) == len(path) and all(part in ("*", found) for part, found in zip(place, path, strict=True))


def _short(value: Any, limit: int = 60) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= limit else text[: limit - 1] + "…"
