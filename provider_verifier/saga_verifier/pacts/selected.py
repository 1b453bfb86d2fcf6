"""Pacts that a broker selects for a provider, and what it means when it selects none."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from saga_broker.client.broker import BrokerClient
from saga_broker.client.records import ConsumerVersion, SelectedPact
from saga_contracts.errors import SagapactError
from saga_verifier.pacts.source import Loaded, Source
from saga_verifier.verdicts import Origin

_SHOWN = 5


def sources(
    broker: BrokerClient, provider: str, selectors: Sequence[Mapping[str, Any]], branch: str | None
) -> tuple[Source, ...]:
    """List the pacts that a provider has to verify; each is read when its turn comes.

    Raises:
        SagapactError: when that cannot be found out.
    """
    with _as_a_broker_says(broker, f"the pacts of {provider}"):
        selected = broker.selected_pacts(
            provider, selectors=selectors, provider_branch=branch, include_pending=branch is not None
        )
    return tuple(Source(one.name, one.pending, partial(_load, broker, one)) for one in selected)


def why_none(broker: BrokerClient, provider: str) -> str:
    """Say that the broker has nothing for a provider.

    Raises:
        SagapactError: when it has pacts or sagas of the provider and none was selected, or does not know it: nothing was checked.
    """
    if not broker.knows(provider):
        raise SagapactError(
            f"Nothing would be checked: the broker {broker.url} knows no pacticipant {provider}. Correct `provider` in the "
            "provider file, or publish a contract with it first."
        )
    places = broker.latest_pacts(provider)
    if places:
        known = [_place(broker.whereabouts(place)) for place in places[:_SHOWN]]
        known += [f"and {len(places) - _SHOWN} more"] if len(places) > _SHOWN else []
        raise SagapactError(
            f"Nothing would be checked: there are pacts of {_count(len(places), 'consumer')} with {provider}, but none was "
            f"selected. The newest: {'; '.join(known)}. Choose consumer version selectors that match, or set the consumer's main "
            "branch, or record where it is deployed."
        )
    sagas = [saga.saga for saga in broker.sagas(provider=provider)] if broker.keeps_sagas() else []
    if sagas:
        raise SagapactError(
            f"Nothing would be checked: {provider} is a participant of {', '.join(sagas)}, but there is no pact with it. "
            "Let the saga's owner publish its pacts."
        )
    return f"The broker says that no pact and no saga names {provider}."


def _load(broker: BrokerClient, selected: SelectedPact) -> Loaded:
    with _as_a_broker_says(broker, selected.name):
        pact = broker.pact(selected)
    notices = tuple((one.get("when", ""), one.get("text", "")) for one in pact.notices)
    origin = Origin(pact.consumer_version, pact.short_description, pact.url, notices)
    return Loaded(pact.pact, origin, pact.publish_results_url)


@contextmanager
def _as_a_broker_says(broker: BrokerClient, what: str) -> Iterator[None]:
    """Tell an answer of another shape as what it is."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SagapactError(
            f"Cannot read {what}: what {broker.url} answers is not what a Pact Broker answers ({type(error).__name__}: {error})."
        ) from None


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _place(version: ConsumerVersion) -> str:
    return f"{version.consumer} {version.number} ({', '.join(_words(version)) or 'on no branch'})"


def _words(version: ConsumerVersion) -> Iterator[str]:
    for word, names in (("branch", version.branches), ("tag", version.tags), ("in", version.environments)):
        if names:
            yield f"{word} {', '.join(names)}"
