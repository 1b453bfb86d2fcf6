"""Start `accounts`: `python -m participants.accounts`, with PORT, DATABASE_URL, ALLOW_STATES in its environment."""

from participants.common.start import quick_imports

with quick_imports():
    from participants.accounts.app import create_app
    from participants.accounts.faults import FLAGS, faulty_store
    from participants.accounts.states import STATES
    from participants.accounts.store import METADATA
    from participants.common.running import Participant, run


def main() -> None:
    """Serve until a signal comes."""
    run(Participant("accounts", METADATA, lambda database, flags: create_app(faulty_store(flags)(database)), STATES, FLAGS))


if __name__ == "__main__":
    main()
