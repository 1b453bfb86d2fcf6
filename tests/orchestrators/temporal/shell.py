"""The HTTP shell around the workflow: create = start it under the request's id, read = query, callback = signal."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

from aiohttp import web
from temporalio.client import Client, WorkflowHandle
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Worker

from temporal import server
from temporal.activities import Calls
from temporal.naive import NaiveVasPurchase
from temporal.workflow import Purchase, VasPurchase
from vas_client import Addresses, VasClient, new_session

QUEUE = "purchases"


class Shell:
    """Server, worker and HTTP in one program.

    Args:
        database: The server's file.
        addresses: Where everybody is.
        naive: Is the purchase run as samples often write it?
    """

    def __init__(self, database: Path, addresses: Addresses, *, naive: bool) -> None:
        self._database, self._addresses, self._naive = database, addresses, naive
        self._client: Client

    def application(self) -> web.Application:
        """Give the HTTP application."""
        app = web.Application()
        app.cleanup_ctx.append(self._working)
        app.router.add_get("/health", self._health)
        app.router.add_post("/runs", self._create)
        app.router.add_get("/runs/{run}", self._read)
        app.router.add_post("/callbacks/{key}", self._callback)
        return app

    async def _working(self, _: web.Application) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            self._client = await stack.enter_async_context(server.running(self._database))
            calls = Calls(VasClient(await stack.enter_async_context(new_session()), self._addresses))
            worker = Worker(
                self._client,
                task_queue=QUEUE,
                workflows=[VasPurchase, NaiveVasPurchase],
                activities=[calls.forward, calls.undo, calls.packages_made, calls.tell_owner],
                sticky_queue_schedule_to_start_timeout=timedelta(seconds=1),  # of a worker that was killed, too
            )
            await stack.enter_async_context(worker)
            yield

    async def _health(self, _: web.Request) -> web.Response:
        return web.json_response({"ok": await self._client.service_client.check_health()})

    async def _create(self, request: web.Request) -> web.Response:
        """Start a purchase: 201; 200 when there is one of this id, ended or not."""
        body = await request.json()
        run = NaiveVasPurchase.run if self._naive else VasPurchase.run
        policy = WorkflowIDReusePolicy.ALLOW_DUPLICATE if self._naive else WorkflowIDReusePolicy.REJECT_DUPLICATE
        status = 201
        try:
            await self._client.start_workflow(run, body["order"], id=body["id"], task_queue=QUEUE, id_reuse_policy=policy)
        except WorkflowAlreadyStartedError:
            status = 200
        return web.json_response({"run": body["id"]}, status=status)

    async def _read(self, request: web.Request) -> web.Response:
        try:
            return web.json_response(await self._handle(request.match_info["run"]).query(Purchase.look))
        except RPCError as error:
            return _unknown(error)

    async def _callback(self, request: web.Request) -> web.Response:
        """Take a callback; one that comes again or too late changes nothing."""
        run, _, step = request.match_info["key"].partition(":")
        outcome = (json.loads(await request.text()) or {}).get("outcome")
        if step != "create_packages" or outcome not in ("done", "refused"):
            return web.json_response({"error": "unknown callback"}, status=404)
        try:
            await self._handle(run).signal(Purchase.settle, outcome)
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND or self._naive or not await self._is_known(run):
                return _unknown(error)
        return web.Response(status=204)

    async def _is_known(self, run: str) -> bool:
        """Is there a purchase of this id? Temporal refuses a signal to one that has ended as if there were none."""
        try:
            await self._handle(run).describe()
        except RPCError as error:
            if error.status == RPCStatusCode.NOT_FOUND:
                return False
            raise
        return True

    def _handle(self, run: str) -> WorkflowHandle[Purchase, str]:
        return self._client.get_workflow_handle(run)


def _unknown(error: RPCError) -> web.Response:
    found = error.status != RPCStatusCode.NOT_FOUND
    return web.json_response({"error": "try again" if found else "unknown run"}, status=503 if found else 404)
