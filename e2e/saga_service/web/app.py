"""The saga service's HTTP interface: routes, sizes, and problem replies."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from saga_contracts.client import SagapactError
from saga_service.front import Front
from saga_service.intake import NewSaga, RefusedError
from saga_service.web import routes
from saga_service.web.reading import front_of, json_body, model_body

_log = logging.getLogger("saga_service")


def create_app(opening: Callable[[], AbstractAsyncContextManager[Front]]) -> FastAPI:
    """Give the application; what it works with is opened when the server starts and closed when it stops."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with opening() as front:
            app.state.front = front
            yield

    app = FastAPI(title="Saga service", lifespan=lifespan)
    app.add_exception_handler(RefusedError, _refused)
    app.add_exception_handler(SagapactError, _held_up)
    for no_answer in (OperationalError, InterfaceError, PoolTimeoutError):
        app.add_exception_handler(no_answer, _unavailable)
    app.add_api_route("/health", _health, methods=["GET"])
    app.add_api_route("/definitions/{saga}", _put_definition, methods=["PUT"])
    app.add_api_route("/sagas", _create_saga, methods=["POST"])
    app.add_api_route("/sagas/{saga_id}", _saga, methods=["GET"])
    app.add_api_route("/callbacks/{key}", _callback, methods=["POST"])
    routes.add(app)
    return app


async def _health(request: Request) -> JSONResponse:
    """Answer 200 when the service can work, 503 when its database does not answer."""
    await front_of(request).check()
    return JSONResponse({"status": "ok"})


async def _put_definition(saga: str, request: Request) -> JSONResponse:
    """Take a saga definition (the saga as JSON): 201 when it is a new version, 200 when it is the current one already."""
    is_new = await front_of(request).put_definition(saga, await json_body(request))
    version = (await front_of(request).definitions())[saga]
    return JSONResponse({"saga": saga, "version": version}, 201 if is_new else 200)


async def _create_saga(request: Request) -> JSONResponse:
    """Start a saga: 201; 200 for the same request id; 409 when the request id was used with another payload."""
    new = await model_body(request, NewSaga)
    saga, is_new = await front_of(request).create(new)
    return JSONResponse({"saga_id": saga.saga_id, "state": saga.state}, 201 if is_new else 200)


async def _saga(saga_id: str, request: Request) -> JSONResponse:
    """Tell all about one saga."""
    return JSONResponse(await front_of(request).describe(saga_id))


async def _callback(key: str, request: Request) -> Response:
    """Take a participant's callback: 204, also when it comes again or too late; 404 when no saga has this key."""
    await front_of(request).take_callback(key, await json_body(request))
    return Response(status_code=204)


async def _refused(_: Request, error: Exception) -> JSONResponse:
    status, faults = (error.status, error.faults) if isinstance(error, RefusedError) else (500, [])
    return _problem(status, str(error), faults)


async def _held_up(_: Request, error: Exception) -> JSONResponse:
    """What the service itself lacks, such as an address: the caller may try again later."""
    return _problem(503, str(error), [])


async def _unavailable(_: Request, error: Exception) -> JSONResponse:
    said = str(getattr(error, "orig", error)).strip().partition("\n")[0]  # without the statement and its values
    _log.error("the database did not answer: %s: %s", type(error).__name__, said)
    return _problem(503, "The database did not answer. Try again.", [])


def _problem(status: int, detail: str, faults: list[str]) -> JSONResponse:
    body = {"status": status, "detail": detail, "faults": faults}
    return JSONResponse(body, status, media_type="application/problem+json")
