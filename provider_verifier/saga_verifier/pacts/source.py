"""A pact that is to be verified, before it is read."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from saga_verifier.verdicts import Origin


@dataclass(frozen=True, slots=True)
class Loaded:
    """A pact that was read.

    Attributes:
        document: Its JSON.
        origin: Where it comes from.
        results_url: Where its results go; empty: nowhere.
    """

    document: Any
    origin: Origin
    results_url: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A pact that is to be verified.

    Attributes:
        name: What it is called before it is read.
        pending: Is it pending for this version of the provider?
        load: Reads it; raises a SagapactError when it cannot.
    """

    name: str
    pending: bool
    load: Callable[[], Loaded]
