"""Start `warehouse`: `python -m participants.warehouse`, with PORT, DATABASE_URL, ALLOW_STATES in its environment."""

from participants.common.start import quick_imports

with quick_imports():
    from participants.common.running import Participant, run
    from participants.warehouse.app import create_app
    from participants.warehouse.faults import FLAGS, faulty_store
    from participants.warehouse.states import STATES
    from participants.warehouse.store import METADATA


def main() -> None:
    """Serve until a signal comes."""
    run(Participant("warehouse", METADATA, lambda database, flags: create_app(faulty_store(flags)(database)), STATES, FLAGS))


if __name__ == "__main__":
    main()
