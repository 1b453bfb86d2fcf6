"""Puts the broker together: settings, database, resources, and how errors are written."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

import anyio.to_thread
from fastapi import FastAPI, Request, Response
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException

from saga_broker import api
from saga_broker.api.access.admission import Admission
from saga_broker.api.access.guard import Guard
from saga_broker.api.access.refusals import UNAUTHORIZED, challenged
from saga_broker.api.reading.call import links_of, respond
from saga_broker.api.reading.dispatch import Dispatch
from saga_broker.http.envelope import LOG, Envelope, methods_of
from saga_broker.http.errors import BrokerError, EmptyError, NotFoundError, RefusedError
from saga_broker.http.lanes import Lanes
from saga_broker.http.media import JSON, PROBLEM, TEXT, wants_page, wants_problems
from saga_broker.http.outages import BUSY, SLOW, outage_of
from saga_broker.http.patience import Bounds, ImpatientError
from saga_broker.http.request_log import RequestLog
from saga_broker.openapi.document import DescribedApp
from saga_broker.pages import login, routing
from saga_broker.pages.frame import faults, files
from saga_broker.settings import Settings
from saga_broker.store.database.engine import Database
from saga_broker.store.database.migrate import migrate
from saga_broker.store.database.types import now
from saga_broker.store.questions.queues import queues
from saga_broker.store.version_order import settle_all
from saga_broker.telemetry.measures import Measured, Measures
from saga_broker.telemetry.tracing import Traced, tracing_to

if TYPE_CHECKING:
    from saga_broker.work.work import Relay

SEE_OTHER = 303
OTHER_THREADS = 16
_OF_DATABASE = (DBAPIError, PoolTimeoutError, ImpatientError)


def create_app(settings: Settings, clock: Callable[[], datetime] = now) -> FastAPI:
    """Make the broker's application; the database is brought to this version's schema.

    Args:
        settings: What the operator chose.
        clock: Tells the moment of a question; waivers are judged on its day, in UTC.

    Returns:
        An ASGI application, ready to serve.

    Raises:
        DatabaseError: The database cannot be used.
    """
    bring_up_to_date(settings)
    bounds = Bounds(settings.wait_s, settings.work_s)
    traces = tracing_to(settings.traces_endpoint)
    tracer = None if traces is None else traces.tracer
    database = Database(settings.database_url, settings.pool_size, bounds, settings.version_order, tracer)
    app = DescribedApp(
        title="Sagapact broker",
        description="Speaks the Pact Broker's API and answers whether a saga can run.",
        lifespan=_lifespan,
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
    )
    app.state.settings = settings
    app.state.database = database
    app.state.clock = clock
    app.state.relay = _relay(settings, database, clock)
    app.state.lanes = Lanes(bounds)
    app.state.traces = traces
    app.state.measures = Measures(app.state.lanes, database.connections, partial(_queues, database))
    routers = api.routers()
    app.state.resources = [route for router in routers for route in router.routes]
    for router in routers:
        app.include_router(router)
    app.include_router(files.router)
    app.include_router(login.actions)
    pages = routing.Pages(routing.routers())
    app.router.routes.insert(0, pages)
    _write_errors(app)
    resources = app.state.resources
    app.add_middleware(Dispatch, routes=resources, pages=pages.routes, lanes=app.state.lanes, errors=_answer_error)
    app.state.admission = Admission(settings, database, clock) if settings.tokens else None
    if settings.tokens:
        app.add_middleware(
            Guard, admission=app.state.admission, database=database, max_depth=settings.max_json_depth, refuse=_refused
        )
    if traces is not None:
        app.add_middleware(Traced, tracing=traces)
    app.add_middleware(Measured, measures=app.state.measures)
    app.add_middleware(
        Envelope, max_body_bytes=settings.max_body_bytes, base_urls=settings.base_urls, proxies=settings.trusted_proxies
    )
    app.add_middleware(RequestLog)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    anyio.to_thread.current_default_thread_limiter().total_tokens = OTHER_THREADS
    relay: Relay | None = app.state.relay
    if relay is not None:
        relay.start()
    yield
    if app.state.admission is not None:
        await app.state.admission.end()
    if relay is not None:
        await anyio.to_thread.run_sync(relay.stop)
    app.state.lanes.close()
    app.state.database.close()
    if app.state.traces is not None:
        await anyio.to_thread.run_sync(app.state.traces.close)


def _queues(database: Database) -> dict[tuple[str, str], int]:
    """Count what waits."""
    with database.read() as connection:
        return queues(connection)


def _relay(settings: Settings, database: Database, clock: Callable[[], datetime]) -> "Relay | None":
    """Make what does the broker's own work; its engine is loaded only where it is wanted."""
    if not settings.work:
        return None
    from saga_broker.work.parts import relay  # noqa: PLC0415

    return relay(settings, database, clock)


def bring_up_to_date(settings: Settings) -> None:
    """Migrate with all the time that this needs, and put versions into the wanted order."""
    database = Database(settings.database_url)
    try:
        migrate(database)
        if settings.version_order == "semver":
            with database.write() as connection:
                settle_all(connection)
    finally:
        database.close()


def _write_errors(app: FastAPI) -> None:
    for kind in (BrokerError, HTTPException, *_OF_DATABASE):
        app.add_exception_handler(kind, _answer_error)


def _refused(request: Request, error: Exception) -> Response:
    """Answer who is not let in; a person who shows nothing is sent to the page that asks for a token."""
    is_person = request.method == "GET" and wants_page(request.headers.get("accept"))
    if is_person and isinstance(error, RefusedError) and error.status == UNAUTHORIZED:
        return Response(status_code=SEE_OTHER, headers={"Location": login.login_address(request)})
    return challenged(_answer_error(request, error), error)


def _answer_error(request: Request, error: Exception) -> Response:
    if isinstance(error, BrokerError):
        return _broker_error(request, error)
    if isinstance(error, HTTPException):
        return _no_route(request, error)
    if isinstance(error, _OF_DATABASE):
        return _no_database(request, error)
    raise error


def _broker_error(request: Request, error: BrokerError) -> Response:
    if wants_page(request.headers.get("accept")):
        return faults.fault(request, error)
    body = error.body
    if body is None:
        return Response(status_code=error.status, media_type=f"{error.media_type};charset=utf-8")
    if error.media_type == TEXT:
        return Response(str(error), error.status, media_type=f"{TEXT};charset=utf-8")
    if wants_problems(request.headers.get("accept")):
        return respond(error.problem(links_of(request).base), error.status, media_type=PROBLEM)
    return respond(body, error.status, media_type=error.media_type)


def _no_route(request: Request, error: HTTPException) -> Response:
    if error.status_code == 404:  # noqa: PLR2004  (the status itself)
        return _broker_error(request, NotFoundError())
    answer = _broker_error(request, EmptyError(error.status_code))
    answer.headers["Allow"] = ", ".join(methods_of(request.scope))
    return answer


def _no_database(request: Request, error: Exception) -> Response:
    outage = outage_of(error)
    if outage is None:
        raise error
    if outage in {BUSY, SLOW}:
        LOG.warning("the database took too long: %s", outage.text)
    else:
        LOG.error("the database cannot be used: %s", str(getattr(error, "orig", None) or error).strip())
        request.app.state.database.close()  # new connections are made: an old one may remember what it read from a broken file
    answer = _broker_error(request, RefusedError(outage.status, outage.text, JSON))
    answer.headers["Retry-After"] = str(outage.retry_after_s)
    return answer
