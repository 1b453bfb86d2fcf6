"""Start `web_gateway`: `python -m participants.web_gateway`, with PORT, DATABASE_URL, ALLOW_STATES in its environment.

SAGA_SERVICE_URL says where sagas are started; without it, orders wait.
"""

import os

from participants.common.start import quick_imports

with quick_imports():
    from participants.common.running import Participant, run
    from participants.web_gateway.app import create_app
    from participants.web_gateway.store import EVENTS, METADATA, GatewayStore


def main() -> None:
    """Serve until a signal comes."""
    url = os.environ.get("SAGA_SERVICE_URL", "")
    run(Participant("web_gateway", METADATA, lambda database, _flags: create_app(GatewayStore(database), url), EVENTS.states))


if __name__ == "__main__":
    main()
