"""Start `loyalty`: `python -m participants.loyalty`, with PORT, DATABASE_URL, ALLOW_STATES in its environment."""

from participants.common.start import quick_imports

with quick_imports():
    from participants.common.running import Participant, run
    from participants.loyalty.app import create_app
    from participants.loyalty.faults import FLAGS, faulty_store
    from participants.loyalty.states import STATES
    from participants.loyalty.store import METADATA


def main() -> None:
    """Serve until a signal comes."""
    run(Participant("loyalty", METADATA, lambda database, flags: create_app(faulty_store(flags)(database)), STATES, FLAGS))


if __name__ == "__main__":
    main()
