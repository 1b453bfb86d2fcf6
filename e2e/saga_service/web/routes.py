"""The routes of those who look after sagas: participants, checker, escalations."""

import dataclasses
from typing import Annotated, Literal

from fastapi import Depends, FastAPI, Path, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from pydantic import BaseModel, ConfigDict, Field

from saga_service.kept.listing import Wanted
from saga_service.records import SagaState
from saga_service.seen.metrics import CONTENT_TYPE
from saga_service.seen.pages import HEADERS
from saga_service.web.reading import front_of, model_body

_NO_NUL = r"^[^\x00]*$"
_Name = Annotated[str, Query(max_length=63, pattern=_NO_NUL)]
_Limit = Annotated[int, Query(ge=1, le=1000)]


class Deed(BaseModel):
    """Who does something about a saga, and why."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    person: Annotated[str, Field(min_length=1, max_length=200, pattern=_NO_NUL)]
    note: Annotated[str, Field(min_length=1, max_length=2000, pattern=_NO_NUL)]


def _wanted(saga: _Name = "", state: SagaState | Literal[""] = "", before: float = 0.0, limit: _Limit = 100) -> Wanted:
    return Wanted(saga, state, before, limit)


def add(app: FastAPI) -> None:
    """Add these routes."""
    app.add_api_route("/definitions", _definitions, methods=["GET"])
    app.add_api_route("/definitions/{saga}", _versions, methods=["GET"])
    app.add_api_route("/definitions/{saga}/{number}", _version, methods=["GET"])
    app.add_api_route("/", _home, methods=["GET"])
    app.add_api_route("/pages", _list_page, methods=["GET"])
    app.add_api_route("/pages/{saga_id}", _saga_page, methods=["GET"])
    app.add_api_route("/sagas", _sagas, methods=["GET"])
    app.add_api_route("/participants", _participants, methods=["GET"])
    app.add_api_route("/metrics", _metrics, methods=["GET"])
    app.add_api_route("/checker/{saga_id}", _look, methods=["POST"])
    app.add_api_route("/escalations", _escalations, methods=["GET"])
    app.add_api_route("/escalations/{saga_id}/resume", _resume, methods=["POST"])
    app.add_api_route("/escalations/{saga_id}/settle", _settle, methods=["POST"])


async def _definitions(request: Request) -> JSONResponse:
    """List the sagas that are known, each with the number of its current version."""
    return JSONResponse({"definitions": await front_of(request).definitions()})


async def _versions(saga: str, request: Request) -> JSONResponse:
    """List the versions of a saga's definition, and how many sagas are under way with each."""
    found = await front_of(request).versions(saga)
    return JSONResponse({"saga": saga, "versions": [dataclasses.asdict(one) for one in found]})


async def _version(saga: str, number: Annotated[int, Path(ge=1, le=2**31)], request: Request) -> Response:
    """Give one version of a saga's definition."""
    return Response(await front_of(request).version(saga, number), media_type="application/json")


async def _home() -> Response:
    """Show the sagas."""
    return RedirectResponse("/pages")


async def _list_page(request: Request, wanted: Annotated[Wanted, Depends(_wanted)]) -> HTMLResponse:
    """Show sagas, the newest first."""
    return HTMLResponse(await front_of(request).list_page(wanted), headers=HEADERS)


async def _saga_page(saga_id: str, request: Request) -> HTMLResponse:
    """Show where one saga stands."""
    return HTMLResponse(await front_of(request).saga_page(saga_id), headers=HEADERS)


async def _sagas(request: Request, wanted: Annotated[Wanted, Depends(_wanted)]) -> JSONResponse:
    """List sagas, the newest first; `before` goes on from the `created_at` of the last one."""
    found = await front_of(request).sagas(wanted)
    return JSONResponse({"sagas": [dataclasses.asdict(one) for one in found]})


async def _participants(request: Request) -> JSONResponse:
    """Tell how the participants are whose health is asked for."""
    return JSONResponse({"participants": front_of(request).participants()})


async def _metrics(request: Request) -> Response:
    """Tell the figures, for Prometheus."""
    return Response(await front_of(request).metrics(), media_type=CONTENT_TYPE)


async def _look(saga_id: str, request: Request) -> JSONResponse:
    """Let the checker look at a saga now, whatever its age: 200 with what the participants told and what was found."""
    look = await front_of(request).look(saga_id)
    found = [dataclasses.asdict(one) for one in look.findings]
    return JSONResponse({"saga_id": saga_id, "verdict": look.verdict, "answers": look.answers, "findings": found})


async def _escalations(request: Request, limit: _Limit = 100, after: float = 0.0, *, settled: bool = False) -> JSONResponse:
    """List escalated sagas, the longest escalated first; `after` goes on from the `since` of the last one.

    Those that a person has settled come only with `settled=true`.
    """
    return JSONResponse({"escalations": await front_of(request).escalations(limit, after=after, settled=settled)})


async def _resume(saga_id: str, request: Request) -> Response:
    """Let an escalated saga go on with new tries: 204; 409 when it cannot."""
    deed = await model_body(request, Deed)
    await front_of(request).resume(saga_id, deed.person, deed.note)
    return Response(status_code=204)


async def _settle(saga_id: str, request: Request) -> Response:
    """Record that a person has settled an escalated saga by hand: 204; 409 when it is not escalated, or settled already."""
    deed = await model_body(request, Deed)
    await front_of(request).settle(saga_id, deed.person, deed.note)
    return Response(status_code=204)
