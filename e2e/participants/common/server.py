"""Running a participant: its own HTTP server, stopped gracefully by SIGTERM or Ctrl+C with exit status 0."""

import signal
import sys
from types import FrameType

from starlette.types import ASGIApp
from uvicorn.config import Config
from uvicorn.server import Server

from participants.common.settings import Settings

LONGEST_GOODBYE_S = 5
IDLE_CONNECTION_S = 60


def serve(app: ASGIApp, settings: Settings) -> None:
    """Serve until a signal comes, then let running calls finish."""
    for asked_to_stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(asked_to_stop, _leave)  # uvicorn stops gracefully first, then raises the signal again
    config = Config(
        app,
        host=settings.host,
        port=settings.port,
        ws="none",
        log_level="warning",
        access_log=False,
        timeout_keep_alive=IDLE_CONNECTION_S,
        timeout_graceful_shutdown=LONGEST_GOODBYE_S,
    )
    Server(config).run()


def _leave(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)
