"""One participant from its parts: settings read, database opened, states mounted where tests are allowed, served.

A participant's `__main__` names its parts; how they are put together stands here only.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from fastapi import FastAPI
from sqlalchemy import MetaData
from starlette.types import ASGIApp

from participants.common.database import Database
from participants.common.middleware import EchoCorrelation
from participants.common.server import serve
from participants.common.settings import read_settings
from participants.common.states import State, mount_states

Flags = frozenset[str]


@dataclass(frozen=True, slots=True)
class Participant:
    """The parts of a participant.

    Attributes:
        name: Its name, also that of its default database file.
        metadata: Its tables.
        create_app: Makes its application on a database that has the tables, with the deliberate faults that are switched on.
        states: Its named states, by name.
        flags: The deliberate faults that it knows.
        around: What the whole application is put into, with the faults that are switched on.
    """

    name: str
    metadata: MetaData
    create_app: Callable[[Database, Flags], FastAPI]
    states: Mapping[str, State] = field(default_factory=dict)
    flags: Flags = frozenset()
    around: Callable[[ASGIApp, Flags], ASGIApp] = lambda app, _flags: app


def run(participant: Participant) -> None:
    """Read the settings, open the database, serve until a signal comes."""
    settings = read_settings(participant.name, participant.flags)
    database = Database(settings.database_url, participant.metadata)
    app = participant.create_app(database, settings.faults)
    if settings.allow_states:
        mount_states(app, database, participant.states)
    serve(participant.around(EchoCorrelation(app), settings.faults), settings)
