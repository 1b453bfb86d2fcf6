"""Start `mail`: `python -m participants.mail`, with PORT, DATABASE_URL, ALLOW_STATES in its environment."""

from participants.common.start import quick_imports

with quick_imports():
    from participants.common.running import Participant, run
    from participants.mail.app import create_app
    from participants.mail.faults import FLAGS, faulty_store
    from participants.mail.store import METADATA


def main() -> None:
    """Serve until a signal comes."""
    run(Participant("mail", METADATA, lambda database, flags: create_app(faulty_store(flags)(database)), flags=FLAGS))


if __name__ == "__main__":
    main()
