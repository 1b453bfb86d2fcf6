"""Start `vas_packages`: `python -m participants.vas_packages`, with PORT, DATABASE_URL, ALLOW_STATES in its environment.

WORK_MS (default 0) says how many milliseconds the making of one package takes.
"""

from participants.common.start import quick_imports

with quick_imports():
    from participants.common.running import Participant, run
    from participants.common.settings import read_milliseconds
    from participants.vas_packages.app import create_app
    from participants.vas_packages.faults import FLAGS, faulty_store, faulty_tell
    from participants.vas_packages.states import STATES
    from participants.vas_packages.tables import METADATA


def main() -> None:
    """Serve until a signal comes."""
    work_ms = read_milliseconds("vas_packages", "WORK_MS")
    run(
        Participant(
            "vas_packages",
            METADATA,
            lambda database, flags: create_app(faulty_store(flags)(database), faulty_tell(flags), work_ms),
            STATES,
            FLAGS,
        )
    )


if __name__ == "__main__":
    main()
