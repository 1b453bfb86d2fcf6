"""Start `vas_packages`: `python -m participants.vas_packages`, with PORT, DATABASE_URL, ALLOW_STATES in its environment.

WORK_MS (default 0) says how many milliseconds the making of one package takes.
"""

from participants.common.start import quick_imports

with quick_imports():
    from participants.common.database import Database
    from participants.common.middleware import EchoCorrelation
    from participants.common.server import serve
    from participants.common.settings import read_milliseconds, read_settings
    from participants.common.states import mount_states
    from participants.vas_packages.app import create_app
    from participants.vas_packages.faults import FLAGS, faulty_store
    from participants.vas_packages.states import STATES
    from participants.vas_packages.tables import METADATA


def main() -> None:
    """Read the settings, open the database, serve."""
    settings = read_settings("vas_packages", FLAGS)
    work_ms = read_milliseconds("vas_packages", "WORK_MS")
    database = Database(settings.database_url, METADATA)
    app = create_app(faulty_store(settings.faults)(database), work_ms)
    if settings.allow_states:
        mount_states(app, database, STATES)
    serve(EchoCorrelation(app), settings)


if __name__ == "__main__":
    main()
