"""Start `billing`: `python -m participants.billing`, with PORT, DATABASE_URL, ALLOW_STATES in its environment."""

from participants.common.start import quick_imports

with quick_imports():
    from participants.billing.app import create_app
    from participants.billing.faults import FLAGS, faulty_app, faulty_store
    from participants.billing.states import STATES
    from participants.billing.store import METADATA
    from participants.common.running import Participant, run


def main() -> None:
    """Serve until a signal comes."""
    run(
        Participant(
            "billing",
            METADATA,
            lambda database, flags: create_app(faulty_store(flags)(database)),
            STATES,
            FLAGS,
            around=faulty_app,
        )
    )


if __name__ == "__main__":
    main()
