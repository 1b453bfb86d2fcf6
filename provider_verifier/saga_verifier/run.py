"""One verification of one provider version, whole: find its contracts, start it alone, verify, publish.

`verify_provider` takes the contracts from a broker, `verify_files` from pact files; both start the provider in isolation. Each
pact ends with its own value. Whatever leaves here has passed one edge: the secrets of the provider file are taken out.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from saga_broker.client.broker import BrokerClient
from saga_contracts.derive import pactfile
from saga_contracts.derive.slices import StepSlice
from saga_contracts.errors import DEBUG, SagapactError, crash
from saga_contracts.rim.redact import Redactor, everywhere, without_secrets
from saga_verifier.depended import Services
from saga_verifier.isolation.interface import Isolation, Running
from saga_verifier.isolation.process.backend import ProcessIsolation
from saga_verifier.isolation.watch import Watch
from saga_verifier.outcomes import ProviderOutcome, worst_status
from saga_verifier.pacts import files, selected
from saga_verifier.pacts.publishing import Version, publish
from saga_verifier.pacts.source import Source
from saga_verifier.play.together import usual_at_once
from saga_verifier.provider_file import ProviderFile
from saga_verifier.reuse import Known
from saga_verifier.unchanged import Unchanged
from saga_verifier.verdicts import DeckResult, PactOutcome
from saga_verifier.verification import Again, Progress, Target, verify_pact
from saga_verifier.versions import Upgrade, mixed

__all__ = ["ProviderOutcome", "Settings", "Version", "verify_files", "verify_provider", "with_environment", "worst_status"]

NAMES = frozenset(
    {"key", "description", "interaction_id", "consumer", "provider", "name", "deck", "obligation", "checks", "unseen", "version"}
    | {"place"}
)
"""Fields of an outcome that name things, and are no evidence: what stands there is never taken for a secret."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How to verify.

    Attributes:
        faults: The most faults in one history of a deck.
        today: The date on which waivers are judged.
        selectors: Consumer version selectors as the broker takes them; empty: the broker's default.
        publish: Are the results published?
        at_once: How many histories are played at the same time, where their keys and data are apart.
        seed: Of what trials leave to chance.
        again: Only this is played, and nothing is published; None: everything is.
        upgrade: From which version this one is to follow, and be mixed with; None: from none.
        reuse: The folder with results that may be reused; None: nothing is.
        watch: Takes note of the participant, which ends when the whole command does.
    """

    faults: int
    today: date
    selectors: tuple[dict[str, Any], ...] = ()
    publish: bool = False
    at_once: int = field(default_factory=usual_at_once)
    seed: int = 0
    again: Again | None = None
    upgrade: Upgrade | None = None
    reuse: Path | None = None
    watch: Watch = field(default_factory=Watch)


def verify_provider(
    provider: ProviderFile,
    version: Version,
    broker: BrokerClient,
    isolation: Isolation,
    settings: Settings,
    progress: Progress | None = None,
) -> ProviderOutcome:
    """Verify a provider against all its contracts in a broker, and publish the results.

    Raises:
        SagapactError: when nothing could be found out.
    """
    with _edge(provider) as shown:
        listed = selected.sources(broker, provider.provider, settings.selectors, version.branch)
        if not listed:
            return ProviderOutcome(provider.provider, version.number, (), selected.why_none(broker, provider.provider))
        sources = _chosen(settings, listed)
        if settings.publish:
            broker.register_provider_version(provider.provider, version.number, branch=version.branch, tags=list(version.tags))

        def ended(outcome: PactOutcome, results_url: str) -> PactOutcome:
            known = everywhere(outcome, shown, untouched=NAMES)
            return _published(broker, version, known, results_url) if settings.publish and results_url else known

        run = _Run(provider, isolation, settings, progress, shown)
        return _mixed(run, ProviderOutcome(provider.provider, version.number, _verified(run, sources, ended)))


def verify_files(
    provider: ProviderFile, paths: Sequence[Path], isolation: Isolation, settings: Settings, progress: Progress | None = None
) -> ProviderOutcome:
    """Verify a provider against pact files, and those of folders; nothing is published.

    Raises:
        UsageError: when there is no pact of this provider.
        SagapactError: when nothing could be found out.
    """
    with _edge(provider) as shown:
        sources = _chosen(settings, files.sources(paths, provider.provider))
        run = _Run(provider, isolation, settings, progress, shown)
        outcomes = _verified(run, sources, lambda outcome, _: everywhere(outcome, shown, untouched=NAMES))
        return _mixed(run, ProviderOutcome(provider.provider, "", outcomes))


def verify_source(
    provider: ProviderFile, version: Version, source: Source, isolation: Isolation, settings: Settings
) -> ProviderOutcome:
    """Verify a provider against one pact, wherever it comes from; nothing is published.

    Raises:
        SagapactError: when nothing could be found out.
    """
    with _edge(provider) as shown:
        run = _Run(provider, isolation, settings, None, shown)
        outcomes = _verified(run, [source], lambda outcome, _: everywhere(outcome, shown, untouched=NAMES))
        return ProviderOutcome(provider.provider, version.number, outcomes)


def _chosen(settings: Settings, sources: Sequence[Source]) -> Sequence[Source]:
    """Give the pacts that are verified: all, or those with what is to be played again.

    Raises:
        UsageError: when none has it.
    """
    again = settings.again
    if again is None:
        return sources
    slices = {source.name: _slices(source) for source in sources}
    again.check([one for found in slices.values() for one in found], settings.faults)
    return [
        source for source in sources if any(again.of(one, settings.faults, slices[source.name]) for one in slices[source.name])
    ]


def _slices(source: Source) -> Sequence[StepSlice]:
    try:
        return pactfile.slices(source.load().document)
    except SagapactError:
        return ()  # what cannot be read has nothing that could be played again


def with_environment(provider: ProviderFile, changes: Mapping[str, str]) -> ProviderFile:
    """Give a provider file whose provider is started with more environment variables."""
    return provider.model_copy(update={"start": provider.start.model_copy(update={"env": {**provider.start.env, **changes}})})


class _Shown:
    """Takes the secrets out of a text: those of the provider file, and each token once it is known."""

    def __init__(self, provider: ProviderFile) -> None:
        self._by_value = Redactor(provider.secrets)
        self._tokens = 0

    def __call__(self, text: str) -> str:
        """Give the text as it may be seen."""
        return without_secrets(self._by_value(text))

    def learns(self, running: Running) -> Callable[[str], None]:
        """Give who is told of each new token, so that the participant's log does not show it, either."""
        return lambda token: self.learned(running, token)

    def learned(self, running: Running, token: str) -> None:
        """Take a new token out of all texts, and of what a program wrote."""
        self._tokens += 1
        secret = {"the token" if self._tokens == 1 else f"the token {self._tokens}": token}
        self._by_value.learn(secret)
        running.learn(secret)


@contextmanager
def _edge(provider: ProviderFile) -> Iterator[_Shown]:
    """Give what takes the secrets out of a text; an error that leaves the block is without them, too."""
    shown = _Shown(provider)
    try:
        yield shown
    except SagapactError as error:
        error.args = (shown(str(error)),)
        raise


@dataclass(frozen=True, slots=True)
class _Run:
    """One run: whom to verify, where, how, and what may be seen of it."""

    provider: ProviderFile
    isolation: Isolation
    settings: Settings
    progress: Progress | None
    shown: _Shown
    known: Known | None = None
    """What need not be found out again."""


def _verified(run: _Run, sources: Sequence[Source], ended: Callable[[PactOutcome, str], PactOutcome]) -> tuple[PactOutcome, ...]:
    """Start the provider, unless everything is known, and verify one pact after the other."""
    unchanged = Unchanged(run.provider, run.isolation, run.settings.today, None if run.settings.again else run.settings.reuse)
    sources = [unchanged.read_once(one) for one in sources]
    before = [unchanged.whole(one, run.settings.faults) for one in sources]

    def told(source: Source, outcome: PactOutcome, results_url: str) -> PactOutcome:
        return unchanged.kept(source, ended(unchanged.noted(outcome), results_url))

    if all(before):
        return tuple(told(source, *one) for source, one in zip(sources, before, strict=True) if one is not None)
    run = replace(run, known=unchanged.known)
    with _playing_services(run) as (placed, services), _started(placed) as running:
        return tuple(
            told(source, *(one or _one(placed, source, running, services))) for source, one in zip(sources, before, strict=True)
        )


@contextmanager
def _started(run: _Run) -> Iterator[Running]:
    watch = run.settings.watch
    with run.isolation.start(run.provider.spec(), give_up=watch.give_up) as running:
        watch.started(running)
        yield running


def _mixed(run: _Run, outcome: ProviderOutcome) -> ProviderOutcome:
    """Add what is seen with the deployed version and this one in turns, where that was asked for."""
    if run.settings.upgrade is None:
        return outcome
    decks = {deck.slice.sha: deck for pact in outcome.pacts for deck in pact.decks}
    if not decks:
        return replace(outcome, unmixed="no deck was played, so that there is nothing to play with two versions")
    found: list[DeckResult] = []
    trouble = ""
    try:
        with _playing_services(run) as (placed, _):
            only = run.settings.again.is_called if run.settings.again is not None else lambda _: True
            for deck in mixed(run.settings.upgrade, placed.provider, list(decks.values()), run.shown.learned, only):
                found += [everywhere(deck, run.shown, untouched=NAMES)]  # what was found before a trouble is told
    except SagapactError as error:
        trouble = run.shown(str(error))
    return replace(outcome, mixed=tuple(found), unmixed=trouble)


@contextmanager
def _playing_services(run: _Run) -> Iterator[tuple[_Run, Services | None]]:
    """Play what the participant depends on, and tell it where; from within a container it would not be reached."""
    if not run.provider.depends or not isinstance(run.isolation, ProcessIsolation):
        yield run, None
        return
    with Services(run.provider) as services:
        yield replace(run, provider=with_environment(run.provider, services.env)), services


def _one(run: _Run, source: Source, running: Running, services: Services | None) -> tuple[PactOutcome, str]:
    """Verify one pact; give where its results go, too."""
    provider, settings = run.provider, run.settings
    try:
        loaded = source.load()
        if running.ended() is not None:  # the pact before may have been too much for it
            running.kill()
            running.start()
        target = replace(Target.of(provider, running, run.isolation, run.shown.learns(running)), services=services)
        outcome = verify_pact(
            target,
            loaded.document,
            faults=settings.faults,
            today=settings.today,
            pending=source.pending,
            progress=run.progress,
            seed=settings.seed,
            at_once=settings.at_once,
            again=settings.again,
            known=run.known,
        )
    except SagapactError as error:
        return _untold(provider, source, str(error)), ""
    except Exception as error:
        if DEBUG in os.environ:
            raise
        return _untold(provider, source, crash(error)), ""  # a defect of ours at one pact must not hide the others
    return replace(outcome, consumer=outcome.consumer or source.name, origin=loaded.origin), loaded.results_url


def _untold(provider: ProviderFile, source: Source, trouble: str) -> PactOutcome:
    return PactOutcome(source.name, provider.provider, source.pending, (), troubles=(trouble,))


def _published(broker: BrokerClient, version: Version, outcome: PactOutcome, results_url: str) -> PactOutcome:
    try:
        done = publish(broker, version, outcome, results_url)
    except SagapactError as error:
        return replace(outcome, troubles=(*outcome.troubles, f"its result was not published: {error}"))
    untold = [f"its result was not published: {done.unpublished}"] if done.unpublished and not outcome.troubles else []
    notes = (*outcome.notes, *(f"warning: {one}" for one in done.notes), *untold)
    return replace(outcome, notes=notes, published=not done.unpublished)
