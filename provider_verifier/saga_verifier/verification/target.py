"""What is verified, and who is told: a running participant, the drivers of its steps, the listeners to progress."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from saga_contracts.derive import decks
from saga_verifier.access import NONE, Credentials, Prober, Stage
from saga_verifier.depended import Services
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
        states_at: Gives its state-change address of the moment; None when it has none.
        isolation: The backend that runs it; knows where it reaches the harness.
        messages_url: Where it gives the messages of ordinary pacts; None: nowhere.
        base_path: What stands between its address and the path of every call of a contract.
        teardown: Are its states taken back? None: they are, and a refusal is only noted.
        credentials: Live headers of the calls.
        probers: Who reads the effects that no call shows, by `saga/step`.
        provider_file: How it was started; None: nobody knows, so that it cannot be disturbed.
        services: Those that it depends on, as the harness plays them; None: it plays none.
    """

    provider: str
    running: Running
    states_at: Callable[[], str] | None
    isolation: Isolation
    messages_url: str | None = None
    base_path: str = ""
    teardown: bool | None = None
    credentials: Credentials = NONE
    probers: Mapping[str, Prober] = field(default_factory=dict)
    provider_file: ProviderFile | None = None
    services: Services | None = None

    @classmethod
    def of(
        cls, provider: ProviderFile, running: Running, isolation: Isolation, learned: Callable[[str], None] = lambda _: None
    ) -> "Target":
        """Give a running participant, with its addresses as they are now.

        Args:
            provider: Its provider file.
            running: It.
            isolation: The backend that runs it.
            learned: Told of each new token.
        """
        url = running.base_url
        stage = Stage.of(provider, running)
        return cls(
            provider.provider, running, _states_at(provider, running), isolation,
            provider.messages_url(url), provider.base_path,
            None if provider.states is None else provider.states.teardown,
            Credentials(provider.live_headers, provider.token, stage, learned),
            {name: Prober(form, stage) for name, form in provider.probes.items()}, provider,
        )  # fmt: skip

    @property
    def base_url(self) -> str:
        """What stands before the path of every call of a contract."""
        return self.running.base_url.rstrip("/") + self.base_path.rstrip("/")


@dataclass(frozen=True, slots=True)
class Progress:
    """Who is told what while a verification runs."""

    deck_started: Callable[[decks.Deck], None] = lambda _: None
    history_ended: Callable[[HistoryResult], None] = lambda _: None


def _states_at(provider: ProviderFile, running: Running) -> Callable[[], str] | None:
    return None if provider.states is None else lambda: str(provider.states_url(running.base_url))
