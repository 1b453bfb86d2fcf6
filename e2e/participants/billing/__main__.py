"""Start `billing`: `python -m participants.billing`, with PORT, DATABASE_URL, ALLOW_STATES in its environment."""

from participants.common.start import quick_imports

with quick_imports():
    from participants.billing.app import create_app
    from participants.billing.faults import FLAGS, faulty_app, faulty_store
    from participants.billing.states import STATES
    from participants.billing.store import METADATA
    from participants.common.database import Database
    from participants.common.middleware import EchoCorrelation
    from participants.common.server import serve
    from participants.common.settings import read_settings
    from participants.common.states import mount_states


def main() -> None:
    """Read the settings, open the database, serve."""
    settings = read_settings("billing", FLAGS)
    database = Database(settings.database_url, METADATA)
    app = create_app(faulty_store(settings.faults)(database))
    if settings.allow_states:
        mount_states(app, database, STATES)
    serve(faulty_app(EchoCorrelation(app), settings.faults), settings)


if __name__ == "__main__":
    main()
