"""The form of the matrix: its fields, and how they become the address of a question. Works without script."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse

from saga_broker.gate.model import Question, Selector
from saga_broker.pages.frame.asking import Html, Place

router = APIRouter(tags=["pages"])
WHICH = {
    "all": "all versions",
    "version": "version …",
    "branch": "newest of branch …",
    "branch-all": "all of branch …",
    "main": "newest of the main branch",
    "environment": "in environment …",
    "tag": "newest with tag …",
    "tag-all": "all with tag …",
    "latest": "newest version",
}
GROUPINGS = {"": "all results", "cvpv": "the newest for each pair of versions", "cvp": "the newest for each consumer version"}
MOST, LEAST = 10, 2


@dataclass(frozen=True, slots=True)
class Line:
    """One pacticipant of the question: its name, which versions, and the text that this needs."""

    name: str = ""
    which: str = "all"
    value: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """What stands in the form.

    Attributes:
        lines: The pacticipants, and an empty line for another.
        to: The environment that they are to be deployed to; empty for none.
        latestby: How results are grouped.
    """

    lines: tuple[Line, ...]
    to: str = ""
    latestby: str = ""


def form_of(question: Question) -> Form:
    """Give the form with which a question is asked."""
    lines = [_line(one) for one in question.selectors[:MOST]]
    lines += [Line()] * max(1, LEAST - len(lines))
    latestby = question.latestby if question.latestby in GROUPINGS else ""
    return Form(tuple(lines), question.target.environment or "", latestby or "")


@router.get("/ui/matrix")
def ask(call: Html) -> Response:
    """Lead from the filled form to the question's own address."""
    given = call.request.query_params
    names, whiches, values = (given.getlist(field) for field in ("name", "which", "value"))
    pairs: list[tuple[str, str]] = []
    for name, which, value in zip(names, whiches, values, strict=False):
        if name.strip():
            pairs += _pairs(name.strip(), which, value.strip())
    if given.get("to"):
        pairs.append(("environment", given["to"]))
    if given.get("latestby"):
        pairs.append(("latestby", given["latestby"]))
    return RedirectResponse(f"{Place(call.request).links.url('matrix')}?{urlencode(pairs[: 4 * MOST], safe='[]')}", 303)


def _pairs(name: str, which: str, value: str) -> list[tuple[str, str]]:
    found: Mapping[str, list[tuple[str, str]]] = {
        "version": [("version", value)],
        "branch": [("branch", value), ("latest", "true")],
        "branch-all": [("branch", value)],
        "main": [("mainBranch", "true"), ("latest", "true")],
        "environment": [("environment", value)],
        "tag": [("tag", value), ("latest", "true")],
        "tag-all": [("tag", value)],
        "latest": [("latest", "true")],
    }
    return [(f"q[][{key}]", text) for key, text in [("pacticipant", name), *found.get(which, [])]]


def _line(one: Selector) -> Line:
    name = one.pacticipant
    if one.version:
        return Line(name, "version", one.version)
    if one.branch:
        return Line(name, "branch" if one.latest else "branch-all", one.branch)
    if one.main_branch:
        return Line(name, "main")
    if one.environment:
        return Line(name, "environment", one.environment)
    if one.tag:
        return Line(name, "tag" if one.latest else "tag-all", one.tag)
    return Line(name, "latest" if one.latest else "all")
