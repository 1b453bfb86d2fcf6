"""Start `delivery`: `python -m participants.delivery`, with PORT, DATABASE_URL, ALLOW_STATES in its environment.

WORK_MS (default 0) says how many milliseconds it takes to hand over one parcel.
"""

from participants.common.start import quick_imports

with quick_imports():
    from participants.common.running import Participant, run
    from participants.common.settings import read_milliseconds
    from participants.delivery.app import create_app
    from participants.delivery.faults import FLAGS, faulty_store, faulty_tell
    from participants.delivery.states import STATES
    from participants.delivery.store import METADATA


def main() -> None:
    """Serve until a signal comes."""
    work_ms = read_milliseconds("delivery", "WORK_MS")
    run(
        Participant(
            "delivery",
            METADATA,
            lambda database, flags: create_app(faulty_store(flags)(database), faulty_tell(flags), work_ms),
            STATES,
            FLAGS,
        )
    )


if __name__ == "__main__":
    main()
