"""Puts the OpenAPI document together: the routes as they are, and what is said about each.

Paths, methods, path parameters, media types and summaries come from the routes, so they cannot differ from them.
"""

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from saga_broker.openapi import (
    access,
    deploying,
    environments,
    jobs,
    pacticipants,
    pacts,
    results,
    saga_overviews,
    sagas,
    shared,
    webhooks,
)
from saga_broker.openapi.errors import RESPONSES, errors_of
from saga_broker.openapi.operation import CONSUMER_VERSION, LOCATION, Answer, Operation, Query
from saga_broker.openapi.shapes import TEXT, Schema
from saga_broker.openapi.variables import variable

Document = dict[str, Any]
_PARTS = (pacticipants, pacts, results, environments, sagas, saga_overviews, deploying, webhooks, jobs, access)
SCHEMAS = {**shared.SCHEMAS, **{name: schema for part in _PARTS for name, schema in part.SCHEMAS.items()}}
OPERATIONS = {name: operation for part in _PARTS for name, operation in part.OPERATIONS.items()}
ALWAYS = ("X-Pact-Broker-Version", "Vary", "Cache-Control")
_HEADERS: dict[str, tuple[Schema, str]] = {
    "X-Pact-Broker-Version": (TEXT, "The version of the Pact Broker that this one is compatible with."),
    "Vary": (TEXT, "The answer depends on the Accept header."),
    "Cache-Control": (TEXT, "Whether the answer may be kept."),
    LOCATION: ({"type": "string", "format": "uri"}, "The address of what was made, or of the picture."),
    CONSUMER_VERSION: (TEXT, "The consumer version of the pact, percent-encoded."),
}
_ABOUT = (
    "Speaks the Pact Broker's API and answers whether a saga can run. Names in paths are one segment each, percent-encoded, "
    "a slash as %2F. Every resource answers OPTIONS with its methods, and HEAD like GET without a body; another method is "
    "answered 405 without a body. With `application/problem+json` in Accept, errors come as problem details. A browser, which "
    "names `text/html` first in Accept, is given pages for people, for errors too; they are not described here."
)


class DescribedApp(FastAPI):
    """An application whose OpenAPI document is the one of this module; its routes stand in `state.resources`."""

    def openapi(self) -> Document:
        """Give the document; it is made once."""
        if self.openapi_schema is None:
            self.openapi_schema = describe(self, self.state.resources)
        return self.openapi_schema


def describe(app: FastAPI, routes: Sequence[Any]) -> Document:
    """Describe the whole interface.

    Args:
        app: For its title and version.
        routes: The routes of the resources.
    """
    described = {}
    paths: dict[str, Document] = {}
    for route in routes:
        if isinstance(route, APIRoute) and route.include_in_schema:
            described[route.endpoint] = route
    for route in routes:
        if isinstance(route, APIRoute):
            for method in sorted(route.methods or ()):
                paths.setdefault(route.path_format, {})[method.lower()] = _operation(
                    route, method, described.get(route.endpoint, route)
                )
    return {
        "openapi": "3.1.0",
        "info": {"title": app.title, "version": app.version, "description": _ABOUT},
        "paths": paths,
        "security": access.SECURITY,
        "components": {
            "securitySchemes": access.SCHEMES,
            "schemas": SCHEMAS,
            "responses": {name: _with_headers(response) for name, response in RESPONSES.items()},
            "headers": {
                name: {"required": True, "description": text, "schema": schema} for name, (schema, text) in _HEADERS.items()
            },
        },
    }


def undescribed(routes: Sequence[Any]) -> list[str]:
    """Name the routes of which nothing is said, and the descriptions without a route."""
    named = {
        f"{method} {route.path_format}"
        for route in routes
        if isinstance(route, APIRoute) and route.include_in_schema
        for method in route.methods or ()
    }
    return sorted(named ^ OPERATIONS.keys())


def _operation(route: APIRoute, method: str, primary: APIRoute) -> Document:
    said = OPERATIONS.get(f"{method} {primary.path_format}", Operation({200: Answer()}))
    offers, takes = _media_types(route)
    names = list(route.param_convertors)
    found: Document = {
        "operationId": _operation_id(route, method, primary),
        "summary": (route.endpoint.__doc__ or "").partition("\n")[0],
        "description": access.needed(method, primary.path_format),
        "tags": list(route.tags),
        "parameters": [*(variable(name) for name in names), *(_query(one) for one in said.query)],
        "responses": {str(status): _answer(answer, offers) for status, answer in said.answers.items()},
    }
    if route is not primary:
        found["deprecated"] = True
    if said.body is not None:
        content = {media_type: {"schema": said.body} for media_type in takes}
        found["requestBody"] = {"required": True, "content": content}
    errors = errors_of(said, method, has_names=bool(names), takes_types=bool(takes))
    found["responses"].update({str(status): {"$ref": f"#/components/responses/{name}"} for status, name in errors.items()})
    return found


def _operation_id(route: APIRoute, method: str, primary: APIRoute) -> str:
    """Name an operation by its handler; another address of the same handler gets its own words added."""
    name = f"{route.endpoint.__module__.rpartition('.')[2]}_{route.endpoint.__name__}"
    if route is primary:
        return name
    words = [part for part in route.path_format.strip("/").split("/") if not part.startswith("{")]
    return "_".join([name, "at", *words, method.lower()]).replace("-", "_")


def _media_types(route: APIRoute) -> tuple[Sequence[str], Sequence[str]]:
    for dependency in route.dependant.dependencies:
        offers, takes = getattr(dependency.call, "offers", None), getattr(dependency.call, "takes", None)
        if offers is not None and takes is not None:
            return offers, takes
    return (), ()


def _query(query: Query) -> Document:
    return {
        "name": query.name,
        "in": "query",
        "description": query.text,
        "required": query.required,
        "schema": query.schema,
        **({"style": "form", "explode": True} if query.schema.get("type") == "array" else {}),
    }


def _answer(answer: Answer, offers: Sequence[str]) -> Document:
    found: Document = {"description": answer.text or "As asked for."}
    if answer.schema is not None or answer.media:
        content = {}
        for media_type in answer.media or offers:
            is_json = media_type.endswith("json") and answer.schema is not None
            content[media_type] = {"schema": answer.forms.get(media_type, answer.schema) if is_json else TEXT}
        found["content"] = content
    return _with_headers(found, answer.headers)


def _with_headers(response: Document, names: Sequence[str] = ()) -> Document:
    headers = {name: {"$ref": f"#/components/headers/{name}"} for name in (*ALWAYS, *names)}
    return {**response, "headers": {**headers, **response.get("headers", {})}}
