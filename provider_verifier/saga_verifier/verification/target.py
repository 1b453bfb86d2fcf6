"""What is verified, and who is told: a running participant, the drivers of its steps, the listeners to progress."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from saga_contracts.derive import decks
from saga_verifier.isolation.interface import Isolation, Running
from saga_verifier.play.driver import Driver
from saga_verifier.provider_file import ProviderFile
from saga_verifier.verdicts import HistoryResult

Drivers = Mapping[str, Driver]
"""By `saga/step`."""


@dataclass(frozen=True, slots=True)
class Target:
    """A running participant.

    Attributes:
        provider: Its pacticipant name.
        running: The program.
        states_url: Its state-change address; None when it has none.
        isolation: The backend that runs it; knows where it reaches the harness.
        messages_url: Where it gives the messages of ordinary pacts; None: nowhere.
    """

    provider: str
    running: Running
    states_url: str | None
    isolation: Isolation
    messages_url: str | None = None

    @classmethod
    def of(cls, provider: ProviderFile, running: Running, isolation: Isolation) -> "Target":
        """Give a running participant, with its addresses as they are now."""
        url = running.base_url
        return cls(provider.provider, running, provider.states_url(url), isolation, provider.messages_url(url))

    @property
    def base_url(self) -> str:
        """Where it answers."""
        return self.running.base_url


@dataclass(frozen=True, slots=True)
class Progress:
    """Who is told what while a verification runs."""

    deck_started: Callable[[decks.Deck], None] = lambda _: None
    history_ended: Callable[[HistoryResult], None] = lambda _: None
