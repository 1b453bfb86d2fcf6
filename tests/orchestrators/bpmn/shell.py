"""The HTTP shell around the diagram: order a purchase, look at it, tell it how a step ended."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

from aiohttp import web

from bpmn.engine import Diagram, Instance
from bpmn.purchase import Purchase, variables
from bpmn.store import Store
from vas_client import Addresses, VasClient, new_session

DIAGRAM = Path(__file__).with_name("vas_purchase.bpmn")


class Shell:
    """All purchases of this process."""

    def __init__(self, database: Path, addresses: Addresses, *, unclear_is_error: bool) -> None:
        self._diagram, self._store = Diagram(DIAGRAM, "vas_purchase"), Store(database)
        self._addresses, self._unclear_is_error = addresses, unclear_is_error
        self._at_work: dict[str, tuple[Purchase, asyncio.Task[None]]] = {}

    def application(self) -> web.Application:
        """Give the HTTP application."""
        app = web.Application()
        app.cleanup_ctx.append(self._working)
        app.router.add_get("/health", self._health)
        app.router.add_post("/purchases", self._order)
        app.router.add_get("/purchases/{purchase}", self._look)
        app.router.add_post("/callbacks/{key}", self._callback)
        return app

    async def _working(self, _: web.Application) -> AsyncIterator[None]:
        """Take up what was not finished; at the end, leave it to the next start."""
        async with new_session() as session:
            self._client = VasClient(session, self._addresses)
            for purchase, text in self._store.unfinished():
                self._begin(purchase, self._diagram.restore(text))
            yield
            for _purchase, task in self._at_work.values():
                task.cancel()

    def _begin(self, purchase: str, instance: Instance) -> None:
        def save() -> None:
            self._store.save(purchase, instance.dumps(), ended=instance.end() is not None)

        one = Purchase(purchase, self._diagram, instance, save, self._client, unclear_is_error=self._unclear_is_error)
        task = asyncio.create_task(one.run())
        self._at_work[purchase] = (one, task)
        task.add_done_callback(lambda _: self._at_work.pop(purchase, None))

    async def _health(self, _: web.Request) -> web.Response:
        return web.json_response({"ok": True})

    async def _order(self, request: web.Request) -> web.Response:
        """Begin a purchase: 201; 200 when this request has begun one before."""
        body = await request.json()
        wanted, instance = uuid.uuid4().hex, self._diagram.start(variables(body["order"]))
        purchase = self._store.add(wanted, body["request_id"], instance.dumps())
        if purchase == wanted:
            self._begin(purchase, instance)
        return web.json_response({"purchase": purchase}, status=201 if purchase == wanted else 200)

    async def _look(self, request: web.Request) -> web.Response:
        text = self._store.read(request.match_info["purchase"])
        if text is None:
            return web.json_response({"error": "unknown purchase"}, status=404)
        data = self._diagram.restore(text).data
        told = {step: {"state": entry["state"], "outputs": entry["outputs"]} for step, entry in data["steps"].items()}
        return web.json_response({"at": data["went"][-1], "went": data["went"], "why": data["why"], "steps": told})

    async def _callback(self, request: web.Request) -> web.Response:
        """Take a callback; one that comes again or too late changes nothing."""
        purchase, _, step = request.match_info["key"].partition(":")
        outcome = (json.loads(await request.text()) or {}).get("outcome")
        if step != "create_packages" or outcome not in ("done", "refused") or self._store.read(purchase) is None:
            return web.json_response({"error": "unknown callback"}, status=404)
        if purchase in self._at_work:
            self._at_work[purchase][0].tell(step, outcome)
        return web.Response(status=204)
