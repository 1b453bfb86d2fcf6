"""What an OpenAPI document says of calls that follow one another: links from an answer to other calls, and callbacks (pure)."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from saga_contracts.declare.templates import LIKE
from saga_contracts.start import samples
from saga_contracts.start.formats.openapi.bodies import answered, example_of, reply_body
from saga_contracts.start.formats.openapi.document import Document
from saga_contracts.start.told import Call, Callback, Step, Told, step_name

_REFERENCE = re.compile(r"#/paths/(.+)/(get|post|put|patch|delete)")
_IN_REPLY = re.compile(r"\$response\.body#(/[^/]+)")
_IN_HEADER = re.compile(r"\$response\.header\.([\w-]+)")
_IN_REQUEST = re.compile(r"\$request\.body#/([^/]+)")
_CALLED_BACK = re.compile(r"\{\$request\.body#/([^/{}]+)\}")


def links(responses: dict[str, Any], document: Document) -> dict[str, dict[str, str]]:
    """Give the links of good answers: by the other call, where each of its parameters stands."""
    return dict(_links(responses, document))


def linked(name: str, other: str, step: Step) -> str | None:
    """Give the template for a parameter of another call that the forward call links to; the output it needs is declared.

    Args:
        name: The parameter.
        other: The other call, by its name or its method and path.
        step: The step, whose forward call was read.
    """
    forward = step.forward
    parameters = forward.links.get(other, {}) if forward is not None else {}
    place = parameters.get(name, parameters.get(f"path.{name}", ""))
    if forward is None or not place:
        return None
    in_reply, in_header, in_request = _IN_REPLY.fullmatch(place), _IN_HEADER.fullmatch(place), _IN_REQUEST.fullmatch(place)
    if in_request and isinstance(forward.body, dict):
        return forward.body.get(in_request[1])
    if in_reply:
        step.outputs[step_name(in_reply[1])] = in_reply[1]
        show(forward, in_reply[1].removeprefix("/"))
        return f"{{outputs.{step.name}.{step_name(in_reply[1])}}}"
    if in_header:
        step.outputs[step_name(in_header[1])] = {"header": in_header[1]}
        return f"{{outputs.{step.name}.{step_name(in_header[1])}}}"
    return None


def located(path: str, name: str, step: Step) -> str | None:
    """Give the template for a place of another path that stands at the end of the forward call's header Location.

    Args:
        path: The path, as the document writes it.
        name: The place.
        step: The step, whose forward call was read.
    """
    before, _, behind = path.partition("{" + name + "}")
    answers = step.forward.answers if step.forward is not None else []
    has_it = any("location" in map(str.lower, one.headers) for one in answers if one.status < 300)  # noqa: PLR2004
    if step.forward is None or not has_it or "{" in before + behind:
        return None
    shown = {"Location": {LIKE: f"{before}1"}}
    step.forward.answers = [replace(one, shown=shown) if one.status < 300 else one for one in answers]  # noqa: PLR2004
    step.outputs[step_name(name)] = {"header": "Location", "match": f"{before}{{value}}"}
    return f"{{outputs.{step.name}.{step_name(name)}}}"


def show(forward: Call, name: str) -> None:
    """Let the good replies of a forward call hold a field that other calls need."""
    for place, one in enumerate(forward.answers):
        body = {} if one.body is None else one.body
        if one.status < 300 and isinstance(body, dict) and LIKE not in body and name not in body:  # noqa: PLR2004
            left = {other: value for other, value in one.more.items() if other != name}
            forward.answers[place] = replace(one, body={**body, name: one.more.get(name, {LIKE: "text"})}, more=left)


def called_back(operation: dict[str, Any], call: Call, document: Document, told: Told) -> Callback | None:
    """Give the callback of a forward call whose body holds its address; the call then sends the saga service's address."""
    for one in document.mapping(operation.get("callbacks")).values():
        for expression, item in document.mapping(one).items():
            match = _CALLED_BACK.match(expression)
            method, found = next(
                ((name, each) for name, each in document.mapping(item).items() if name in ("post", "put")), ("", None)
            )
            if match is None or not isinstance(found, dict):
                call.questions.append(f"The document describes a callback to {expression[:100]}: what of it tells the outcome?")
                continue
            body = call.body if isinstance(call.body, dict) else {}
            told.forget(body.get(match[1], ""))
            call.body = {**body, match[1]: "{callback_url}"}
            return Callback(method.upper(), _told_later(found, document), _answer(found))
    return None


def _links(responses: dict[str, Any], document: Document) -> Iterator[tuple[str, dict[str, str]]]:
    for status, one in responses.items():
        for link in document.mapping(document.mapping(one).get("links")).values() if status.startswith("2") else ():
            found = document.mapping(link)
            reference = _REFERENCE.search(str(found.get("operationRef", "")))
            path = reference[1].replace("~1", "/").replace("~0", "~") if reference else ""
            name = f"{reference[2].upper()} {path}" if reference else str(found.get("operationId", ""))
            yield name, {key: value for key, value in document.mapping(found.get("parameters")).items() if isinstance(value, str)}


def _told_later(operation: dict[str, Any], document: Document) -> dict[str, Any]:
    media = answered(document.mapping(operation.get("requestBody")), document)
    if media is None:
        return {}
    schema = samples.written(media.get("schema") or {}, "", document.resolve, answered=True).schema
    body, _ = reply_body(schema, example_of(media, document))
    return body if isinstance(body, dict) and LIKE not in body else {}


def _answer(operation: dict[str, Any]) -> int:
    responses = operation.get("responses")
    good = [int(one) for one in responses if re.fullmatch("2[0-9][0-9]", one)] if isinstance(responses, dict) else []
    return good[0] if good else 200
