"""A participant's settings, read from its environment. A wrong setting stops the start with one sentence and exit status 2."""

import ipaddress
import os
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NoReturn

LAST_PORT = 65535
WRONG_USAGE = 2


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment says.

    Attributes:
        host: The address to listen on.
        port: The port to listen on.
        database_url: An SQLAlchemy URL.
        allow_states: Is `POST /_states` there? Only ever in tests: it writes business data without asking.
        faults: The deliberate faults that are switched on (see the participant's `faults` module).
    """

    host: str
    port: int
    database_url: str
    allow_states: bool
    faults: frozenset[str]


def read_settings(service: str, known_faults: Collection[str] = (), environment: Mapping[str, str] = os.environ) -> Settings:
    """Read HOST, PORT, DATABASE_URL, ALLOW_STATES and FAULT; leave the process with status 2 when one of them is wrong.

    Args:
        service: The participant's name, also the name of its default database file in the working directory.
        known_faults: The flags that FAULT may name, separated by commas.
        environment: Where to read from.
    """
    return Settings(
        host=_host(service, environment.get("HOST", "127.0.0.1")),
        port=_port(service, environment.get("PORT", "")),
        database_url=environment.get("DATABASE_URL") or f"sqlite:///{service}.sqlite",
        allow_states=environment.get("ALLOW_STATES") == "1",
        faults=_faults(service, environment.get("FAULT", ""), known_faults),
    )


def read_milliseconds(service: str, name: str, environment: Mapping[str, str] = os.environ) -> int:
    """Read a number of milliseconds, 0 when it is not set; leave the process with status 2 when it is no number."""
    return _number(service, name, "milliseconds", environment)


def read_seconds(service: str, name: str, environment: Mapping[str, str] = os.environ) -> int:
    """Read a number of seconds, as `read_milliseconds`."""
    return _number(service, name, "seconds", environment)


def stop(service: str, message: str) -> NoReturn:
    """Say on standard error why the participant does not start, and leave with status 2."""
    sys.stderr.write(f"participants.{service}: {message}\n")
    sys.exit(WRONG_USAGE)


def _number(service: str, name: str, unit: str, environment: Mapping[str, str]) -> int:
    text = environment.get(name) or "0"
    if not (text.isascii() and text.isdigit()):
        stop(service, f"{name} must be a whole number of {unit}, but is {text!r}.")
    return int(text)


def _host(service: str, text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        stop(
            service, f"HOST must be an address of this machine, but is {text!r}. Set it, for example HOST=127.0.0.1, or unset it."
        )


def _port(service: str, text: str) -> int:
    if text.isascii() and text.isdigit() and 0 < int(text) <= LAST_PORT:
        return int(text)
    stop(service, f"PORT must be a number from 1 to {LAST_PORT}, but is {text!r}. Set it, for example PORT=8101.")


def _faults(service: str, text: str, known: Collection[str]) -> frozenset[str]:
    flags = frozenset(flag.strip() for flag in text.split(",") if flag.strip())
    unknown = sorted(flags - set(known))
    if unknown:
        names = ", ".join(sorted(known)) or "none"
        stop(service, f"FAULT names unknown flags: {', '.join(unknown)}. This service knows: {names}.")
    return flags
