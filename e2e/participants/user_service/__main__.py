"""Start `user_service`: `python -m participants.user_service`, with PORT, DATABASE_URL, ALLOW_STATES in its environment."""

from participants.common.start import quick_imports

with quick_imports():
    from participants.common.running import Participant, run
    from participants.user_service.app import create_app
    from participants.user_service.faults import FLAGS, faulty_store
    from participants.user_service.states import STATES
    from participants.user_service.store import METADATA


def main() -> None:
    """Serve until a signal comes."""
    run(Participant("user_service", METADATA, lambda database, flags: create_app(faulty_store(flags)(database)), STATES, FLAGS))


if __name__ == "__main__":
    main()
