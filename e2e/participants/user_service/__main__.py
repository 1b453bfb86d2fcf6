"""Start `user_service`: `python -m participants.user_service`, with PORT, DATABASE_URL, ALLOW_STATES in its environment."""

from participants.common.start import quick_imports

with quick_imports():
    from participants.common.database import Database
    from participants.common.middleware import EchoCorrelation
    from participants.common.server import serve
    from participants.common.settings import read_settings
    from participants.common.states import mount_states
    from participants.user_service.app import create_app
    from participants.user_service.faults import FLAGS, faulty_store
    from participants.user_service.states import STATES
    from participants.user_service.store import METADATA


def main() -> None:
    """Read the settings, open the database, serve."""
    settings = read_settings("user_service", FLAGS)
    database = Database(settings.database_url, METADATA)
    app = create_app(faulty_store(settings.faults)(database))
    if settings.allow_states:
        mount_states(app, database, STATES)
    serve(EchoCorrelation(app), settings)


if __name__ == "__main__":
    main()
