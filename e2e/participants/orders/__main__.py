"""Start `orders`: `python -m participants.orders`, with PORT, DATABASE_URL, ALLOW_STATES in its environment."""

from participants.common.start import quick_imports

with quick_imports():
    from participants.common.running import Participant, run
    from participants.orders.app import create_app
    from participants.orders.faults import FLAGS, faulty_store
    from participants.orders.states import STATES
    from participants.orders.store import METADATA


def main() -> None:
    """Serve until a signal comes."""
    run(Participant("orders", METADATA, lambda database, flags: create_app(faulty_store(flags)(database)), STATES, FLAGS))


if __name__ == "__main__":
    main()
