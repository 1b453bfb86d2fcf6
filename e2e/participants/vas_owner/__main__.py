"""Start `vas_owner`: `python -m participants.vas_owner`, with PORT, DATABASE_URL, ALLOW_STATES in its environment."""

from participants.common.start import quick_imports

with quick_imports():
    from participants.common.running import Participant, run
    from participants.vas_owner.app import EVENTS, METADATA, create_app


def main() -> None:
    """Serve until a signal comes."""
    run(Participant("vas_owner", METADATA, create_app, EVENTS.states))


if __name__ == "__main__":
    main()
