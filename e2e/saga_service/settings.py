"""The saga service's settings, from environment variables."""

import json
import socket
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Self

from saga_contracts.client import Backoff, UsageError

MOST_SHARDS = 256
"""A saga's id has two hexadecimal digits for the number of its shard."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How one process of the saga service runs.

    Attributes:
        host: Address to listen on (`HOST`).
        port: Port to listen on (`PORT`).
        database_urls: SQLAlchemy URLs of the service's own databases, each saga being in one of them (`DATABASE_URL`, or
            `SAGA_SHARDS`, a JSON list).
        system_database_url: URL of the workflow engine's database (`SYSTEM_DATABASE_URL`).
        participants: Base URL of each participant (`SAGA_PARTICIPANTS`, a JSON object).
        callback_base: Where participants reach this service (`SAGA_CALLBACK_BASE`).
        backoff: Waits between tries (`SAGA_BACKOFF_MS`: the first one's length).
        owner_backoff: Waits between the tries to tell an owner, without end (`SAGA_OWNER_LONGEST_MS`: the longest one's length).
        executor_id: This process's name among those that work on one database (`SAGA_EXECUTOR_ID`; default: host and port);
            after a restart under the same name it takes up at once what it had begun.
        lease_s: Within this time others take up what a dead process has begun (`SAGA_LEASE_MS`).
        at_once: How many sagas this process begins side by side (`SAGA_AT_ONCE`); more wait in the queue for any process.
        faults: Deliberate faults (`SAGA_FAULT`, names with commas); none, unless somebody measures a harness.
    """

    host: str
    port: int
    database_urls: tuple[str, ...]
    system_database_url: str
    participants: Mapping[str, str]
    callback_base: str
    backoff: Backoff
    owner_backoff: Backoff
    executor_id: str
    lease_s: float
    at_once: int
    faults: frozenset[str] = frozenset()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], known_faults: Collection[str] = ()) -> Self:
        """Read the settings.

        Args:
            environment: The environment variables.
            known_faults: Which deliberate faults there are.

        Raises:
            UsageError: when a variable is missing or cannot be read.
        """
        port = number(environment, "PORT", None)
        first_s = number(environment, "SAGA_BACKOFF_MS", 50) / 1000
        return cls(
            host=environment.get("HOST", "127.0.0.1"),
            port=port,
            database_urls=_databases(environment),
            system_database_url=environment.get("SYSTEM_DATABASE_URL", "sqlite:///saga_service_system.sqlite"),
            participants=named_texts(environment, "SAGA_PARTICIPANTS", '{"billing": "http://HOST:PORT"}'),
            callback_base=environment.get("SAGA_CALLBACK_BASE", f"http://127.0.0.1:{port}").rstrip("/"),
            backoff=Backoff(first_s=first_s),
            owner_backoff=Backoff(first_s, number(environment, "SAGA_OWNER_LONGEST_MS", 300_000) / 1000),
            executor_id=environment.get("SAGA_EXECUTOR_ID") or f"{socket.gethostname()}:{port}"[:200],
            lease_s=number(environment, "SAGA_LEASE_MS", 10_000) / 1000,
            at_once=number(environment, "SAGA_AT_ONCE", 200),
            faults=_faults(environment.get("SAGA_FAULT", ""), known_faults),
        )


def number(environment: Mapping[str, str], name: str, default: int | None) -> int:
    """Read a whole number above 0; without a default the variable is needed.

    Raises:
        UsageError: when it is none.
    """
    text = environment.get(name, "" if default is None else str(default))
    if not text.isdecimal() or int(text) < 1:
        raise UsageError(f"{name} is {text!r}. Set it to a whole number above 0.")
    return int(text)


def _databases(environment: Mapping[str, str]) -> tuple[str, ...]:
    text = environment.get("SAGA_SHARDS", "")
    if not text:
        return (environment.get("DATABASE_URL", "sqlite:///saga_service.sqlite"),)
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, list) or not 0 < len(set(map(str, found))) == len(found) <= MOST_SHARDS:
        raise UsageError(f"SAGA_SHARDS is no JSON list of 1 to {MOST_SHARDS} different database URLs.")  # they may hold secrets
    return tuple(map(str, found))


def _faults(text: str, known: Collection[str]) -> frozenset[str]:
    named = frozenset(filter(None, (word.strip() for word in text.split(","))))
    if not named <= frozenset(known):
        raise UsageError(f"SAGA_FAULT is {text!r}. Known faults: {', '.join(sorted(known)) or 'none'}.")
    return named


def named_texts(environment: Mapping[str, str], name: str, example: str) -> dict[str, str]:
    """Read a JSON object of texts; nothing when the variable is missing.

    Raises:
        UsageError: when it is none.
    """
    try:
        found = json.loads(environment.get(name, "{}"))
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(text, str) for text in found.values()):
        raise UsageError(f"{name} is no JSON object of names and texts. Set it such as {example}.")
    return found
