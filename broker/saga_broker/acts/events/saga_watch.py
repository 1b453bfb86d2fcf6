"""Looks whether a saga can still run where it could, and which waivers come to their end soon."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from saga_broker.acts.candidates import LiveVersions
from saga_broker.acts.events.saga_events import announce_about_saga
from saga_broker.acts.gathering import gather
from saga_broker.events.event import CANNOT_RUN, WAIVER_EXPIRING
from saga_broker.gate.run import files
from saga_broker.gate.run.model import RunVerdict
from saga_broker.gate.run.reasons import USUAL_FAULTS
from saga_broker.gate.run.rule import judge_all
from saga_broker.settings import Settings
from saga_broker.store import environments as environment_store
from saga_broker.store import sagas as saga_store
from saga_broker.store import standings
from saga_broker.store.database.engine import Database

SOON = timedelta(days=7)
_MOST_TEXT = 1000
_WORDS = {True: "yes", False: "no", None: "unknown"}


@dataclass(frozen=True, slots=True)
class Expiring:
    """A waiver that comes to its end."""

    saga: str
    step: str
    participant: str
    obligation: str
    person: str
    expires: str


def look(database: Database, settings: Settings, saga: str, environment: str, base_url: str, now: datetime) -> bool | None:
    """Judge a saga in an environment, and write down when it could run before and cannot now.

    Args:
        database: The database.
        settings: For the calls that follow.
        saga: The saga.
        environment: The environment's name.
        base_url: What links begin with.
        now: The moment; waivers are judged on its day.

    Returns:
        Whether it can run; None for unknown, or when there is no such saga or environment any more.
    """
    with database.read() as connection:
        place = environment_store.find_by_name(connection, environment)
        if place is None or not saga_store.exists(connection, saga):
            return None
        found = gather(connection, saga, LiveVersions(connection, place, []), now)
    verdict = judge_all(found.cases, USUAL_FAULTS, now.date())
    with database.write() as connection:
        could_run = standings.put(connection, saga, environment, can_run=verdict.can_run is True)
        if could_run and verdict.can_run is not True:
            told = {"environment": environment, "base_url": base_url, **_told(verdict)}
            announce_about_saga(connection, settings, CANNOT_RUN, saga, told)
    return verdict.can_run


def expiring(connection: Connection, today: date) -> Iterator[Expiring]:
    """Give the waivers of the newest and the live versions of sagas that come to their end within a week."""
    versions = saga_store.newest(connection, None, None)
    for environment in environment_store.listing(connection):
        versions += saga_store.live_in(connection, environment.id)
    seen = set()
    for version in versions:
        saga = files.read(f"{version.saga}.yaml", version.content).saga
        participants = {step.step: step.participant for step in saga.steps} if saga is not None else {}
        for waiver in saga.waivers if saga is not None else ():
            one = Expiring(
                *(version.saga, waiver.step, participants.get(waiver.step, "")), waiver.obligation, waiver.person, waiver.expires
            )
            if one not in seen and today <= date.fromisoformat(waiver.expires) <= today + SOON:
                seen.add(one)
                yield one


def announce_expiring(database: Database, settings: Settings, waiver: Expiring) -> None:
    """Write down that a waiver comes to its end."""
    reason = f"the waiver of {waiver.obligation} of step {waiver.step} ends on {waiver.expires}; {waiver.person} answers for it"
    told = {
        "provider": waiver.participant or None,
        "details": {"step": waiver.step, "reason": reason, "expires": waiver.expires, "obligation": waiver.obligation},
    }
    with database.write() as connection:
        announce_about_saga(connection, settings, WAIVER_EXPIRING, waiver.saga, told)


def _told(verdict: RunVerdict) -> dict[str, object]:
    """Give the fields that tell why; the participant is that of the first reason that is not for yes."""
    against = [one for one in verdict.reasons if one.verdict != "yes"]
    worst = min(against, key=lambda one: one.verdict != "no", default=None)
    details: dict[str, object] = {"verdict": _WORDS[verdict.can_run], "reason": verdict.summary[:_MOST_TEXT]}
    if worst is None:
        return {"details": details}
    details["step"] = worst.step
    return {"provider": worst.participant, "provider_version": worst.version, "details": details}
