"""One process of the saga service: `python -m saga_service`, with its settings in environment variables (see `settings`)."""

import logging
import os
import sys

import uvicorn

from saga_contracts.client import UsageError
from saga_service.assembly import opened
from saga_service.limits import Limits
from saga_service.settings import Settings
from saga_service.watch import faults as watch_faults
from saga_service.web.app import create_app
from saga_service.work import faults


def main() -> int:
    """Serve until stopped."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        settings, limits = (
            Settings.from_environment(os.environ, faults.FLAGS | watch_faults.FLAGS),
            Limits.from_environment(os.environ),
        )
    except UsageError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_status
    app = create_app(lambda: opened(settings, limits))
    uvicorn.run(app, host=settings.host, port=settings.port, log_level="warning", access_log=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
