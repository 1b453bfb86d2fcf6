"""Start `vas_owner`: `python -m participants.vas_owner`, with PORT, DATABASE_URL, ALLOW_STATES in its environment."""

from participants.common.start import quick_imports

with quick_imports():
    from participants.common.database import Database
    from participants.common.middleware import EchoCorrelation
    from participants.common.server import serve
    from participants.common.settings import read_settings
    from participants.common.states import mount_states
    from participants.vas_owner.app import create_app
    from participants.vas_owner.states import STATES
    from participants.vas_owner.store import METADATA, EventStore


def main() -> None:
    """Read the settings, open the database, serve."""
    settings = read_settings("vas_owner")
    database = Database(settings.database_url, METADATA)
    app = create_app(EventStore(database))
    if settings.allow_states:
        mount_states(app, database, STATES)
    serve(EchoCorrelation(app), settings)


if __name__ == "__main__":
    main()
