"""What every participant's HTTP interface has in common: health, clear JSON errors, the replies to a forward call.

A definite refusal is 422, unless its participant says another status, and names its reason; a request that can never be right is
400; what may be tried again is 503. So a caller never takes one for another.
"""

import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, closing, nullcontext
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException as StarletteHTTPException

from participants.common.database import NO_ANSWER, Database, in_one_line
from participants.common.keys import forgetting_old_keys
from participants.common.ledger import Answer, Kind, StepLedger
from participants.common.middleware import BoundBody

Background = Callable[[], AbstractContextManager[None]]

logger = logging.getLogger("uvicorn.error")
_STATUS_OF = {
    Kind.DONE: 201,
    Kind.DONE_AGAIN: 200,
    Kind.ACCEPTED: 202,
    Kind.REFUSED: 422,
    Kind.SUSPENDED: 409,
    Kind.MISUSED: 422,
}


def new_app(name: str, database: Database, background: Background = nullcontext, *, ledger: StepLedger | None = None) -> FastAPI:
    """Make an application that has `GET /health` and answers every error with `{"error": …, "message": …}`.

    Args:
        name: The participant's name.
        database: Closed when the application ends.
        background: Entered when the application starts, left when it ends: the place for worker threads.
        ledger: Where step keys are kept, if any: old ones are forgotten while the application runs.
    """

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        with closing(database), background(), nullcontext() if ledger is None else forgetting_old_keys(name, database, ledger):
            yield

    app = FastAPI(title=name, lifespan=lifespan, docs_url=None, redoc_url=None)
    app.add_middleware(BoundBody)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(StarletteHTTPException, _http_error)
    for no_answer in NO_ANSWER:
        app.add_exception_handler(no_answer, _unavailable)
    app.add_exception_handler(Exception, _internal_error)

    @app.get("/health")
    def health() -> dict[str, str]:
        database.check()
        return {"status": "ok"}

    return app


def forward_reply(answer: Answer, suspended: str = "", statuses: Mapping[Kind, int] | None = None) -> JSONResponse:
    """Give the HTTP reply to a forward call.

    Args:
        answer: How the step ledger took the call.
        suspended: The error code for a call that comes after its compensation; none where nothing is compensated.
        statuses: Where this participant's statuses are others than those of most.
    """
    if answer.kind is Kind.SUSPENDED:
        body: dict[str, Any] = error_body(suspended, "This step was compensated already; it will not be done any more.")
    elif answer.kind is Kind.MISUSED:
        body = error_body("key_reused", "This key belongs to another request. Use a new key for each step of each saga.")
    else:
        body = dict(answer.reply)
    return JSONResponse(body, (_STATUS_OF | dict(statuses or {}))[answer.kind])


def error_body(error: str, message: str) -> dict[str, Any]:
    """Give the body of every reply that says no: a code for programs, a sentence for people."""
    return {"error": error, "message": message}


def not_found(error: str, message: str) -> JSONResponse:
    """Give a 404 reply."""
    return JSONResponse(error_body(error, message), 404)


async def _invalid_request(_request: Request, failure: Exception) -> JSONResponse:
    faults = failure.errors() if isinstance(failure, RequestValidationError) else []
    body = error_body("invalid_request", "The request breaks the rules named in `faults`. Mend it before you send it again.")
    body["faults"] = [{"where": ".".join(map(str, fault["loc"])), "what": fault["msg"]} for fault in faults]
    return JSONResponse(body, 400)


async def _http_error(_request: Request, failure: Exception) -> JSONResponse:
    status = failure.status_code if isinstance(failure, StarletteHTTPException) else 500
    detail = failure.detail if isinstance(failure, StarletteHTTPException) else ""
    codes = {404: "not_found", 405: "method_not_allowed", 413: "body_too_large"}
    return JSONResponse(error_body(codes.get(status, "http_error"), str(detail)), status)


async def _unavailable(_request: Request, failure: Exception) -> JSONResponse:
    logger.error("The database did not answer: %s", in_one_line(failure))
    return JSONResponse(error_body("unavailable", "The database did not answer. Try again."), 503)


async def _internal_error(_request: Request, _failure: Exception) -> JSONResponse:
    return JSONResponse(error_body("internal_error", "The request failed for a reason that is in this service's log."), 500)
