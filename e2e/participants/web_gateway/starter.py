"""Starts a saga for each order that was placed, by the client library: asked again, under the same id, until it is answered."""

import logging

from participants.common.worker import IDLE_S, Worker
from participants.web_gateway.store import GatewayStore
from saga_contracts.client import CreationError, CreationRefusedError, create_saga
from saga_contracts.rim.sender import bounded_client

BATCH = 10
SAGA = "shop_order"
TRY_S = 2.0

logger = logging.getLogger("uvicorn.error")


class Starter:
    """A thread that starts sagas.

    Args:
        store: Where orders wait.
        saga_service_url: Where the saga service is; empty: orders wait.
    """

    def __init__(self, store: GatewayStore, saga_service_url: str) -> None:
        self._store, self._url = store, saga_service_url
        self._http = bounded_client(keep_alive=False)
        self._worker = Worker("saga starter", self._start)
        self.running, self.wake = self._worker.running, self._worker.wake

    def _start(self) -> float:
        orders = self._store.waiting(BATCH) if self._url else []
        for request_id, payload in orders:
            try:
                created = create_saga(self._url, SAGA, request_id, payload, http=self._http, tries=1, timeout_s=TRY_S)
            except CreationRefusedError as refusal:
                logger.warning("%s", refusal)
                self._store.refused(request_id, str(refusal))
            except CreationError as failure:  # the saga may be there or not: the same request id finds it
                logger.warning("%s", failure)
                return IDLE_S
            else:
                self._store.started(request_id, created.saga_id)
        return 0 if orders else IDLE_S
