"""An OpenAPI document (2.0 to 3.2): its calls, and what its references lead to.

The shape of an operation is judged by OpenAPI's own schema. References are followed inside the document; one that leads to
another file or address is not read, since nobody but the user names what is opened: it is kept as a question.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from saga_contracts.declare.outputs import pointer
from saga_contracts.errors import UsageError
from saga_contracts.start import reading, samples
from saga_contracts.start.choosing import METHODS, Operation
from saga_contracts.start.told import plain_name


@dataclass(slots=True)
class Document:
    """A document that was read: what it is called, whose it is, its version, and what could not be followed."""

    content: dict[str, Any]
    source: str
    participant: str
    outside: list[str] = field(default_factory=list)

    @property
    def is_old(self) -> bool:
        """Is it of version 2.0, which was called Swagger?"""
        return "swagger" in self.content

    def resolve(self, node: Any) -> Any:
        """Follow references inside the document; `{}` where one leads nowhere or out of it."""
        for _ in range(samples.DEEPEST):
            reference = node.get("$ref") if isinstance(node, Mapping) else None
            if not isinstance(reference, str):
                return node
            if not reference.startswith("#"):
                self.outside.append(reference)
                return {}
            node = pointer(self.content, reference.removeprefix("#")) or {}
        return {}

    def mapping(self, node: Any) -> dict[str, Any]:
        """Follow references to a mapping of fields; `{}` where something else stands."""
        found = self.resolve(node)
        return found if isinstance(found, dict) else {}

    def operations(self) -> list[Operation]:
        """Give every call of the document, in its order."""
        return [Operation(method, path, str(one.get("operationId", ""))) for method, path, one, _ in self._all()]

    def operation(self, chosen: Operation) -> tuple[dict[str, Any], list[Any]]:
        """Give a call's object and the parameters of its path.

        Raises:
            UsageError: when it is not as OpenAPI says.
        """
        for method, path, found, shared in self._all():
            if (method, path) == (chosen.method, chosen.path):
                check(found, self)
                return found, shared
        raise UsageError(f"{self.source} has no call {chosen}.")

    def _all(self) -> Iterator[tuple[str, str, dict[str, Any], list[Any]]]:
        paths = self.content.get("paths")
        for path, item in paths.items() if isinstance(paths, dict) else ():
            resolved = self.resolve(item)
            for method in METHODS:
                found = resolved.get(method.lower()) if isinstance(resolved, dict) else None
                if isinstance(found, dict):
                    shared = resolved.get("parameters")
                    yield method, str(path), found, shared if isinstance(shared, list) else []


def opened(content: dict[str, Any], source: str, participant: str | None) -> Document:
    """Take a document that was read.

    Raises:
        UsageError: when it is no OpenAPI document.
    """
    version = str(content.get("openapi", content.get("swagger", "")))
    if not version.startswith(("2.", "3.")):
        raise UsageError(f"{source} is no OpenAPI document: it has no `openapi: 3.…`. Name another file, or another kind.")
    title = content.get("info", {}).get("title") if isinstance(content.get("info"), dict) else None
    return Document(content, source, participant or plain_name(str(title or "service")).lower())


def check(operation: dict[str, Any], document: Document) -> None:
    """Judge the shape of one operation by OpenAPI's own schema.

    Raises:
        UsageError: naming the first fault.
        SagapactError: when the extra is missing.
    """
    version = "2.0" if document.is_old else str(document.content["openapi"])[:3]
    try:
        validator = _validator(version)
    except ImportError as error:
        raise reading.missing_extra(error) from None
    from jsonschema.exceptions import best_match  # noqa: PLC0415

    found = best_match(validator.iter_errors(operation))
    if found is not None:
        where = ".".join(str(part) for part in found.absolute_path)
        raise UsageError(f"{document.source} is not as OpenAPI {version} says: {where}: {found.message[:200]}. Mend it there.")


@cache
def _validator(version: str) -> Any:
    """Give the validator of an operation by the schemas that openapi-spec-validator holds; that of 3.0 for an unknown version."""
    from jsonschema import Draft4Validator, Draft202012Validator  # noqa: PLC0415
    from openapi_spec_validator import schemas  # noqa: PLC0415  (an extra)

    modern = {"3.1": schemas.schema_v31, "3.2": schemas.schema_v32}.get(version)
    whole = dict(modern or (schemas.schema_v2 if version == "2.0" else schemas.schema_v30))
    name = "#/$defs/operation" if modern else "#/definitions/operation" if version == "2.0" else "#/definitions/Operation"
    schema = {one: whole[one] for one in ("$schema", "$id", "id", "$defs", "definitions") if one in whole} | {"$ref": name}
    return (Draft202012Validator if modern else Draft4Validator)(schema)


def base_path(document: Document) -> str:
    """Give the path that the document's first server has, without its last slash."""
    servers = document.content.get("servers")
    first = servers[0] if isinstance(servers, list) and servers and isinstance(servers[0], dict) else {}
    try:
        found = urlsplit(str(first.get("url", ""))).path if not document.is_old else str(document.content.get("basePath", ""))
    except ValueError:
        return ""
    return found.rstrip("/")[:100]
