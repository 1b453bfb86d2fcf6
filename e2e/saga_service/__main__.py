"""One process of the saga service: `python -m saga_service`, with its settings in environment variables (see `settings`)."""

import logging
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import uvicorn

from saga_contracts.client import UsageError
from saga_service.app import create_app
from saga_service.intake import Intake
from saga_service.settings import Settings
from saga_service.store import Store
from saga_service.work import faults
from saga_service.work.attempts import Attempts
from saga_service.work.owner import Owner
from saga_service.work.service import Service
from saga_service.work.wakeups import Wakeups
from saga_service.work.workflow import Workflows


def main() -> int:
    """Serve until stopped."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        settings = Settings.from_environment(os.environ, faults.FLAGS)
    except UsageError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_status
    app = create_app(lambda: opened(settings))
    uvicorn.run(app, host=settings.host, port=settings.port, log_level="warning", access_log=False)
    return 0


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Intake]:
    """Open the databases, start the engine, and take up every saga that is not at its end."""
    store, wakeups = Store(settings.database_url), Wakeups()
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=100)
    async with httpx.AsyncClient(trust_env=False, limits=limits) as http:
        jobs = faults.jobs(settings.faults)(store, http, settings.participants, settings.callback_base)
        attempts = Attempts(store, settings.backoff)
        service = Service(
            store,
            jobs,
            executor=faults.executor(settings.faults)(store, attempts, wakeups),
            compensator=faults.compensator(settings.faults)(store, attempts),
            owners=Owner(store, settings.backoff, settings.owner_tries),
        )
        workflows = Workflows(settings, service)
        try:
            await workflows.open(store.unfinished())
            yield Intake(store, jobs, wakeups, start=workflows.start, participants=settings.participants)
        finally:
            await workflows.close()
            store.close()


if __name__ == "__main__":
    sys.exit(main())
