"""What the surroundings say, from environment variables."""

import os
from pathlib import Path

PORT = int(os.environ.get("PORT", "8080"))
HOST = os.environ.get("HOST", "127.0.0.1")
DATABASE_URL = os.environ.get("DATABASE_URL", "sqlite:///plain.sqlite")
SAGA_FILES = Path(os.environ.get("SAGA_FILES", "sagas"))  # NAME/saga.yaml
HOOKS = os.environ.get("HOOKS_URL", f"http://{HOST}:{PORT}/hooks")  # where participants tell outcomes
WORKER = os.environ.get("WORKER", "first")  # under the same name it takes up what it had begun
PAUSE_MS = int(os.environ.get("PAUSE_MS", "20"))  # between two tries, where the saga file does not say
THREADS = int(os.environ.get("THREADS", "6"))
FAULT = os.environ.get("FAULT", "")  # plants one fault; each stands at the one line where it differs


def address(participant: str) -> str:
    """Give a participant's address: the variable BILLING_ADDR for `billing`."""
    return os.environ[f"{participant.upper()}_ADDR"].rstrip("/")
