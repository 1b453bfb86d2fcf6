"""Start `registration`: `python -m participants.registration`, with PORT and DATABASE_URL (what it was told) in its environment.

It runs its sagas itself: the saga service is a library here, with its own variables; SAGA_DATABASE_URL is its DATABASE_URL.
"""

import os
import sys
from collections.abc import Mapping

from participants.common.start import quick_imports

with quick_imports():
    from fastapi import FastAPI
    from sqlalchemy import MetaData

    from participants.common.database import Database
    from participants.common.events import SagaEvents, add_event_routes
    from participants.common.running import Participant, run
    from saga_contracts.client import UsageError
    from saga_service.assembly import opened
    from saga_service.limits import Limits
    from saga_service.settings import Settings
    from saga_service.web.app import create_app
    from saga_service.work import faults

METADATA = MetaData()
EVENTS = SagaEvents(METADATA)


def main() -> int:
    """Serve until a signal comes."""
    try:
        settings = Settings.from_environment(saga_environment(os.environ), faults.FLAGS)
        limits = Limits.from_environment(os.environ)
    except UsageError as error:
        sys.stderr.write(f"participants.registration: {error}\n")
        return error.exit_status
    run(Participant("registration", METADATA, lambda database, _flags: app(database, settings, limits), EVENTS.states))
    return 0


def app(database: Database, settings: Settings, limits: Limits) -> FastAPI:
    """Give the saga service's application, with the routes by which it tells its owner, here itself, of failures."""
    both = create_app(lambda: opened(settings, limits))
    add_event_routes(both, database, EVENTS)
    return both


def saga_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Give the variables as the saga service knows them."""
    url = environment.get("SAGA_DATABASE_URL", "sqlite:///registration_sagas.sqlite")
    return {**environment, "DATABASE_URL": url}


if __name__ == "__main__":
    sys.exit(main())
